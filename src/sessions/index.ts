/** Sessions: the kernel that belongs to a notebook. */
export { SessionManager } from './session-manager.js';
export type { KernelChoice, Session, SessionPatch } from './session-manager.js';
