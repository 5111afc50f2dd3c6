/** Every route that the features registered, so that a test can walk them all: a new one is private unless it is listed. */
import type { Router } from 'express';

export interface RegisteredRoute {
  /** `GET`, `POST`, … */
  method: string;
  /** relative to base_url, in Express's notation: `/api/contents{/*path}` */
  path: string;
}

/** Express documents neither type, but `stack` with `route` is how its own tests look at a router. */
interface Layer {
  route?: { path: string; methods: Record<string, boolean> };
  handle: { name?: string; stack?: Layer[] };
  /** mounted without a path of its own */
  slash?: boolean;
}

/**
 * Descends into routers that features mount in theirs.
 *
 * @throws {Error} for what answers requests and cannot be listed: middleware, and routers that are mounted on a path
 */
export function listRoutes(routers: readonly Router[]): RegisteredRoute[] {
  return routers.flatMap((router) => (router.stack as unknown as Layer[]).flatMap(routesOf));
}

function routesOf({ route, handle, slash }: Layer): RegisteredRoute[] {
  if (route)
    return Object.keys(route.methods).map((method) => ({ method: method.toUpperCase(), path: route.path }));
  if (handle.stack && slash === true) return handle.stack.flatMap(routesOf);
  throw new Error(
    `The router of a feature holds "${handle.name ?? ''}", which the walk over all routes cannot see: register a route.`,
  );
}
