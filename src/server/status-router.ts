/** What the server says of itself: `GET api`, `api/status`, `api/me`, and `POST api/shutdown` (server-api 3.1, 2.8). */
import { userInfo } from 'node:os';
import { Router } from 'express';
import { HttpError } from '../http-error.js';
import { version } from '../package-files.js';

export interface StatusSource {
  started: Date;
  lastActivity(): Date;
  /** open kernel websockets */
  connections(): number;
  kernels(): number;
  /** Called after the answer to `POST api/shutdown` is on its way. */
  shutDown(): void;
}

/** Every resource of Jupyter's permission model; the one user may do all. */
const RESOURCES = ['api', 'config', 'contents', 'csp', 'events', 'kernels', 'kernelspecs', 'nbconvert'];
RESOURCES.push('server', 'sessions', 'terminals');
const ACTIONS = ['read', 'write', 'execute'];

export function statusRouter(source: StatusSource): Router {
  const router = Router({ caseSensitive: true });

  router.get('/api', (_req, res) => {
    res.json({ version });
  });

  router.get('/api/status', (_req, res) => {
    res.json({
      connections: source.connections(),
      kernels: source.kernels(),
      last_activity: timestamp(source.lastActivity()),
      started: timestamp(source.started),
    });
  });

  router.get('/api/me', (req, res) => {
    const name = userName();
    const identity = { username: name, name, display_name: name, initials: name.slice(0, 1).toUpperCase() };
    res.json({
      identity: { ...identity, avatar_url: null, color: null },
      permissions: permissions(req.query.permissions),
    });
  });

  router.post('/api/shutdown', (_req, res) => {
    res.on('finish', () => source.shutDown());
    res.json({ message: 'The server is shutting down.' });
  });

  // Browsers post reports of blocked content here when a page's policy names it; they are of no use to the owner.
  router.post('/api/security/csp-report', (_req, res) => {
    res.status(200).end();
  });

  return router;
}

/** Answers which of the asked permissions are granted: all that exist. */
function permissions(asked: unknown): Record<string, string[]> {
  if (asked === undefined) return {};
  let wanted: unknown;
  try {
    wanted = typeof asked === 'string' ? JSON.parse(asked) : undefined;
  } catch {
    throw new HttpError(400, 'permissions must be a JSON object: {"resource": ["action", …]}');
  }
  if (typeof wanted !== 'object' || wanted === null || Array.isArray(wanted)) {
    throw new HttpError(400, 'permissions must be a JSON object: {"resource": ["action", …]}');
  }
  const granted: Record<string, string[]> = {};
  for (const [resource, actions] of Object.entries(wanted)) {
    if (!Array.isArray(actions))
      throw new HttpError(400, 'permissions must map each resource to a list of actions.');
    if (RESOURCES.includes(resource)) granted[resource] = ACTIONS.filter((each) => actions.includes(each));
  }
  return granted;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'owner'; // a container may run under a uid that has no name
  }
}

/** ISO 8601 in UTC with microseconds, as Jupyter writes it. */
function timestamp(date: Date): string {
  return date.toISOString().replace('Z', '000Z');
}
