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
}

export function listRoutes(routers: readonly Router[]): RegisteredRoute[] {
  return routers
    .flatMap((router) => router.stack as unknown as Layer[])
    .flatMap(({ route }) =>
      route
        ? Object.keys(route.methods).map((method) => ({ method: method.toUpperCase(), path: route.path }))
        : [],
    );
}
