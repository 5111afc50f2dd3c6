/**
 * A model of pages and a server with a slow, breaking network between them, for the tests of the sync: pages type
 * characters that no other page types, so that each of them can be looked for at the end.
 */
import { ChangeSet } from '@codemirror/state';
import { OperationLog } from '../../../src/documents/operation-log.js';
import { NotebookState } from '../../../src/notebook/notebook-state.js';
import { apply, type Operation } from '../../../src/notebook/operations.js';
import { PageSync, type SyncMessage, type SyncRequest } from '../../../src/notebook/page-sync.js';
import type { Cell, CellId } from '../../../src/notebook/types.js';
import { plain, type Random, randomPageOperation, randomServerOperation } from './random-operations.js';

/** From the private use area: one UTF-16 unit each, so that no edit can cut one in two. */
const FIRST_TOKEN = 0xe000;
const TOKEN = /[\ue000-\uf8ff]/g;

interface Connection {
  page: ModelPage;
  up: SyncRequest[];
  down: SyncMessage[];
  /** the server ignores everything but `resume` before it, and in an epoch that the page does not know */
  epoch: string | undefined;
}

export class ModelServer {
  log: OperationLog;
  epoch = 'epoch-1';
  connections: Connection[] = [];
  executed: { client: string; cells: CellId[] }[] = [];
  /** texts that wait for a person's choice */
  conflicts: string[] = [];

  constructor(state: NotebookState) {
    this.log = new OperationLog(state);
  }

  connect(page: ModelPage): void {
    const connection: Connection = { page, up: [], down: [], epoch: undefined };
    page.connection = connection;
    this.connections.push(connection);
    page.sync.connected((message) => connection.up.push(structuredClone(message)));
  }

  drop(connection: Connection): void {
    this.connections = this.connections.filter((other) => other !== connection);
    connection.page.connection = undefined;
    connection.page.sync.disconnected();
  }

  /** The server was started again: same cells, new epoch, and it knows no page. */
  reload(): void {
    const old = this.log;
    this.log = new OperationLog(
      NotebookState.fromCells(
        old.state.metadata,
        [...old.state.cells()].map((cell) => structuredClone(cell.cell)),
      ),
    );
    this.epoch = `epoch-${Number(this.epoch.slice(6)) + 1}`;
    for (const connection of this.connections) this.makeStale(connection);
  }

  makeStale(connection: Connection): void {
    connection.down.push({ type: 'stale' });
  }

  append(op: Operation): void {
    const batch = this.log.append([op]);
    if (batch !== undefined) this.#broadcast({ type: 'ops', ...batch });
  }

  handle(connection: Connection, message: SyncRequest): void {
    const { client } = connection.page.sync;
    if (message.type === 'resume') {
      connection.epoch = this.epoch;
      this.#resume(connection, message);
      return;
    }
    if (connection.epoch !== this.epoch) return;
    if (message.type !== 'ops') {
      if (this.log.request(client, message.seq)) {
        if (message.type === 'execute') this.executed.push({ client, cells: message.cells });
        if (message.type === 'conflict' && !this.conflicts.includes(message.text))
          this.conflicts.push(message.text);
      }
      connection.down.push({ type: 'ack', seq: message.seq, revision: this.log.revision });
      return;
    }
    const { seq } = message;
    const result = this.log.accept(client, seq, message.base, message.ops);
    switch (result.kind) {
      case 'applied': {
        const { revision, ops } = result.batch;
        this.#broadcast({ type: 'ops', ...result.batch }, connection);
        connection.down.push(
          structuredClone({ type: 'ack', seq, revision, ...(result.changed ? { ops } : {}) }),
        );
        break;
      }
      case 'void':
      case 'repeated':
        connection.down.push({ type: 'ack', seq, revision: this.log.revision, ops: [] });
        break;
      case 'refused':
        connection.down.push({ type: 'refused', seq, message: result.message });
        break;
      case 'stale':
        this.makeStale(connection);
    }
  }

  #resume(connection: Connection, message: Extract<SyncRequest, { type: 'resume' }>): void {
    const seq = this.log.seqOf(message.client);
    const missed =
      message.epoch === this.epoch && message.revision !== undefined
        ? this.log.since(message.revision)
        : undefined;
    if (missed !== undefined) {
      for (const batch of missed) connection.down.push(structuredClone({ type: 'ops', ...batch }));
      connection.down.push({ type: 'resumed', revision: this.log.revision, seq });
      return;
    }
    const { state } = this.log;
    const cells = [...state.cells()];
    connection.down.push(
      structuredClone({
        type: 'snapshot' as const,
        epoch: this.epoch,
        revision: this.log.revision,
        metadata: state.metadata,
        cells: cells.map((cell) => cell.cell),
        executions: Object.fromEntries(
          cells.flatMap((cell) => (cell.execution === undefined ? [] : [[cell.id, cell.execution]])),
        ),
        untrusted: [],
        seq,
      }),
    );
  }

  #broadcast(message: SyncMessage, except?: Connection): void {
    for (const connection of this.connections) {
      if (connection === except || connection.epoch !== this.epoch) continue;
      connection.down.push(structuredClone(message));
    }
  }
}

/** What was typed by anybody, and where it stood. */
export class Typed {
  #next = FIRST_TOKEN;
  readonly homes = new Map<string, Set<CellId>>();
  readonly deleted = new Set<CellId>();

  token(home: CellId): string {
    const token = String.fromCharCode(this.#next);
    this.#next += 1;
    this.homes.set(token, new Set([home]));
    return token;
  }

  /** A page did this. */
  saw(op: Operation): void {
    if (op.op === 'delete-cell') this.deleted.add(op.id);
    if (op.op !== 'insert-cell') return;
    for (const [token] of op.cell.source.matchAll(TOKEN)) this.homes.get(token)?.add(op.cell.id);
  }

  /** Tokens that nobody deleted, and how often each stands in the notebook. */
  count(state: NotebookState, conflicts: readonly string[]): Map<string, number> {
    const text = [...[...state.cells()].map((cell) => cell.cell.source), ...conflicts].join('\n');
    const found = text.match(TOKEN) ?? [];
    const counts = new Map<string, number>();
    for (const [token, homes] of this.homes) {
      if ([...homes].some((home) => this.deleted.has(home))) continue;
      counts.set(token, 0);
    }
    for (const token of found) if (counts.has(token)) counts.set(token, (counts.get(token) ?? 0) + 1);
    return counts;
  }
}

/** What may go wrong, and what pages do besides typing. */
export interface Trouble {
  drops: boolean;
  snapshots: boolean;
  /** Two pages that split one cell at the same time both copy its text: then texts stand twice. */
  splits: boolean;
}

export class ModelPage {
  connection: Connection | undefined;
  readonly sync: PageSync;
  /** Built from the events alone, as a real page builds its cells. */
  mirror = new NotebookState();
  readonly notices: string[] = [];
  executes = 0;

  constructor(
    name: string,
    private readonly random: Random,
    private readonly typed: Typed,
  ) {
    this.sync = new PageSync(name, {
      changed: (ops, by) => {
        for (const op of ops) {
          apply(this.mirror, op);
          if (by === 'self') typed.saw(op);
        }
      },
      replaced: () => {
        this.mirror = this.sync.view.copy();
      },
      trustChanged: () => undefined,
      notice: (_, message) => this.notices.push(message),
    });
  }

  /** Whether the events told everything. */
  get mirrors(): boolean {
    return JSON.stringify(plain(this.mirror)) === JSON.stringify(plain(this.sync.view));
  }

  act({ splits }: Trouble): void {
    const { random, sync } = this;
    if (!sync.isLoaded) return;
    const choice = random.below(20);
    if (choice < 9) this.#type();
    else if (choice < 11 && splits) this.#split();
    else if (choice < 11) this.#type();
    else if (choice < 13) sync.undo();
    else if (choice < 14) sync.redo();
    else if (choice < 15) {
      this.executes += 1;
      sync.execute([...sync.view.ids].slice(0, 1));
    } else {
      const op = randomPageOperation(random, sync.view);
      // Deleting texts would delete what others type; that is for the person to do, not for this model.
      if (op.op !== 'edit-source') sync.perform([op]);
    }
  }

  #type(): void {
    const { view } = this.sync;
    if (view.length === 0) return;
    const id = this.random.pick(view.ids);
    const length = view.cell(id)?.text.length ?? 0;
    const insert = this.typed.token(id);
    const changes = ChangeSet.of({ from: this.random.below(length + 1), insert }, length);
    this.sync.perform([{ op: 'edit-source', id, changes: changes.toJSON() }], { undoable: false });
  }

  #split(): void {
    const { view } = this.sync;
    if (view.length === 0) return;
    const cell = view.cell(this.random.pick(view.ids));
    if (cell === undefined) return;
    const at = this.random.below(cell.text.length + 1);
    const changes = ChangeSet.of({ from: at, to: cell.text.length }, cell.text.length);
    const below: Cell = {
      id: `s${this.random.below(1e9)}`,
      cell_type: 'raw',
      source: cell.text.sliceString(at),
      metadata: {},
    };
    this.sync.perform([
      { op: 'edit-source', id: cell.id, changes: changes.toJSON() },
      { op: 'insert-cell', cell: below, after: cell.id },
    ]);
  }
}

/** One thing that happens. */
export function step(
  random: Random,
  server: ModelServer,
  pages: readonly ModelPage[],
  trouble: Trouble,
): void {
  const page = random.pick(pages);
  const { connection } = page;
  const choice = random.below(100);
  if (choice < 30) page.act(trouble);
  else if (choice < 55) deliverUp(server, connection);
  else if (choice < 82) deliverDown(connection);
  else if (choice < 92) server.append(randomServerOperation(random, server.log.state));
  else if (choice < 96) {
    if (connection === undefined) server.connect(page);
    else if (trouble.drops) server.drop(connection);
  } else if (choice < 98) {
    if (trouble.snapshots && connection !== undefined) server.makeStale(connection);
  } else if (choice < 99 && trouble.snapshots && random.chance(0.3)) server.reload();
}

export function settle(server: ModelServer, pages: readonly ModelPage[]): void {
  for (let round = 0; round < 10_000; round += 1) {
    for (const page of pages) {
      if (page.connection === undefined) server.connect(page);
      deliverUp(server, page.connection);
      deliverDown(page.connection);
    }
    if (server.connections.every(({ up, down }) => up.length + down.length === 0)) return;
  }
  throw new Error('The model does not come to rest.');
}

function deliverUp(server: ModelServer, connection: Connection | undefined): void {
  const message = connection?.up.shift();
  if (connection !== undefined && message !== undefined) server.handle(connection, message);
}

function deliverDown(connection: Connection | undefined): void {
  const message = connection?.down.shift();
  if (connection !== undefined && message !== undefined) connection.page.sync.receive(message);
}
