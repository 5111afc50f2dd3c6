/** Sessions: the kernel that belongs to a notebook. */
export { sessionsRouter } from './router.js';
export { SessionManager } from './session-manager.js';
export type {
  KernelChoice,
  Session,
  SessionManagerOptions,
  SessionPatch,
  SessionRequest,
} from './session-manager.js';
