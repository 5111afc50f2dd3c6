/** REST: `POST /api/events`. */
import { Router } from 'express';
import type { EventBus } from './event-bus.js';
import { parseEvent } from './parse-event.js';

export function eventsRouter({ bus }: { bus: EventBus }): Router {
  const router = Router({ caseSensitive: true });

  router.post('/api/events', async (req, res) => {
    bus.emit(await parseEvent(req.body));
    res.status(204).end();
  });

  return router;
}
