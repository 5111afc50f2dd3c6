/** Terminals: shells behind pseudo-terminals, and their way to websockets. */
export { hasPty } from './pty.js';
export { terminalsRouter } from './router.js';
export { handleTerminalSocket } from './socket.js';
export type { Terminal } from './terminal.js';
export { TerminalManager } from './terminal-manager.js';
export type { TerminalManagerOptions } from './terminal-manager.js';
