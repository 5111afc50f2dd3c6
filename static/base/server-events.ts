/** Hears from the server what changes in lists and folders (`api/events/subscribe`), for as long as the page is open. */
import { listEvents, type ListEvent } from '../../src/protocol/events.js';
import { Connection, socketUrl } from './connection.js';
import { urlFor } from './urls.js';

export interface ServerEventsOptions {
  /** the folders whose files are watched, asked at each connection */
  directories(): string[];
  onChange(event: ListEvent): void;
  /** the connection is new: what happened before is not known */
  onConnect(): void;
}

export class ServerEvents {
  readonly #options: ServerEventsOptions;
  #connection: Connection;

  constructor(options: ServerEventsOptions) {
    this.#options = options;
    this.#connection = this.#connect();
  }

  /** Looks at other folders from now on. */
  directoriesChanged(): void {
    this.#connection.close();
    this.#connection = this.#connect();
  }

  close(): void {
    this.#connection.close();
  }

  #connect(): Connection {
    return new Connection({
      url: () => {
        const query = new URLSearchParams(this.#options.directories().map((path) => ['directory', path]));
        return Promise.resolve(socketUrl(`${urlFor('api/events/subscribe')}?${query.toString()}`));
      },
      probe: 'ping',
      onOpen: () => this.#options.onConnect(),
      onMessage: (data) => {
        if (typeof data !== 'string') return;
        const event = JSON.parse(data) as { schema_id?: string } & ListEvent;
        if (event.schema_id === listEvents) this.#options.onChange(event);
      },
      onState: () => undefined,
    });
  }
}
