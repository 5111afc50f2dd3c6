import { describe, expect, it } from 'vitest';
import type { Operation } from '../../../src/notebook/operations.js';
import { PageSync, type SyncMessage, type SyncRequest } from '../../../src/notebook/page-sync.js';
import type { Cell } from '../../../src/notebook/types.js';
import { ModelPage, ModelServer, settle, step, Typed } from './page-sync-model.js';
import { plain, Random, randomNotebook } from './random-operations.js';

describe('PageSync and OperationLog together', () => {
  const rounds = 60;
  const steps = 220;

  it.each([
    ['a good network', { drops: false, snapshots: false, splits: false }],
    ['connections that break', { drops: true, snapshots: false, splits: false }],
    ['slow pages, files read again', { drops: true, snapshots: true, splits: false }],
    ['cells that are split', { drops: true, snapshots: true, splits: true }],
  ])('end equal, and nothing typed is lost: %s', (_, trouble) => {
    let tokens = 0;
    for (let seed = 1; seed <= rounds; seed += 1) {
      const random = new Random(seed);
      const typed = new Typed();
      const server = new ModelServer(randomNotebook(random));
      const pages = ['a', 'b', 'c'].map((name) => new ModelPage(name, random, typed));
      for (const page of pages) server.connect(page);
      for (let n = 0; n < steps; n += 1) {
        step(random, server, pages, trouble);
        for (const page of pages)
          if (!page.mirrors) expect(plain(page.mirror), `seed ${seed}`).toEqual(plain(page.sync.view));
      }
      settle(server, pages);
      for (const page of pages) {
        expect(page.sync.isConfirmed, `seed ${seed}`).toBe(true);
        expect(plain(page.sync.view), `seed ${seed}`).toEqual(plain(server.log.state));
      }
      const counts = typed.count(server.log.state, server.conflicts);
      tokens += counts.size;
      if (trouble.splits) continue;
      const wrong = [...counts].filter(([, count]) => (trouble.snapshots ? count < 1 : count !== 1));
      expect(wrong, `seed ${seed}`).toEqual([]);
      if (!trouble.snapshots) {
        const runs = pages.reduce((sum, page) => sum + page.executes, 0);
        expect(server.executed.length, `seed ${seed}`).toBe(runs);
      }
    }
    expect(tokens).toBeGreaterThan(rounds * 5);
  });
});

describe('PageSync', () => {
  const cell = (id: string, source: string): Cell => ({ id, cell_type: 'raw', source, metadata: {} });
  const snapshot = (cells: Cell[], fields: object = {}): SyncMessage => ({
    type: 'snapshot',
    epoch: 'one',
    revision: 0,
    metadata: {},
    cells,
    executions: {},
    untrusted: [],
    seq: 0,
    ...fields,
  });
  const append = (id: string, length: number, text: string): Operation => ({
    op: 'edit-source',
    id,
    changes: length === 0 ? [[0, text]] : [length, [0, text]],
  });

  function page(cells = [cell('a', 'x'), cell('b', 'y')]) {
    const sent: SyncRequest[] = [];
    const notices: string[] = [];
    const sync = new PageSync('me', {
      changed: () => undefined,
      replaced: () => undefined,
      trustChanged: () => undefined,
      notice: (_, message) => notices.push(message),
    });
    const connect = () => sync.connected((message) => sent.push(structuredClone(message)));
    connect();
    sync.receive(snapshot(cells));
    const text = () => [...sync.view.cells()].map((one) => one.cell.source);
    return { sync, sent, notices, connect, text };
  }

  it('takes no name that every object has for the run of a cell', () => {
    const { sync } = page([cell('constructor', 'x')]);
    expect([...sync.view.cells()][0]?.run).toEqual({ state: 'idle', count: null });
  });

  it('has one batch on its way, and merges the typing that waits', () => {
    const { sync, sent, text } = page();
    for (const [n, key] of [...'hello'].entries())
      sync.perform([append('a', 1 + n, key)], { undoable: false });
    expect(text()).toEqual(['xhello', 'y']);
    expect(sent.slice(1)).toEqual([{ type: 'ops', seq: 1, base: 0, ops: [append('a', 1, 'h')] }]);
    sync.receive({ type: 'ack', seq: 1, revision: 1 });
    expect(sent.at(-1)).toEqual({ type: 'ops', seq: 2, base: 1, ops: [append('a', 2, 'ello')] });
    sync.receive({ type: 'ack', seq: 2, revision: 2 });
    expect(sync.isConfirmed).toBe(true);
    expect(sync.isSaved).toBe(false);
    sync.receive({ type: 'saved', epoch: 'one', revision: 2 });
    expect(sync.isSaved).toBe(true);
  });

  it('keeps a run and a save behind what was typed before them', () => {
    const { sync, sent } = page();
    sync.perform([append('a', 1, '1')]);
    sync.perform([append('a', 2, '2')]);
    sync.execute(['a']);
    sync.save(true);
    expect(sent.map(({ type }) => type)).toEqual(['resume', 'ops']);
    sync.receive({ type: 'ack', seq: 1, revision: 1 });
    expect(sent.slice(2)).toMatchObject([
      { type: 'ops', seq: 2 },
      { type: 'execute', seq: 3, cells: ['a'] },
      { type: 'save', seq: 4, checkpoint: true },
    ]);
  });

  it('keeps a text that an earlier page could not send until the server has it, also without a connection', () => {
    const { sync, sent, connect } = page();
    sync.disconnected();
    sync.reportConflict('a', 'of an earlier page', 'x');
    expect(sync.isConfirmed).toBe(false);
    connect();
    expect(sent.at(-1)?.type).toBe('resume');
    sync.receive({ type: 'resumed', revision: 0, seq: 0 });
    const conflict = { type: 'conflict', cell: 'a', text: 'of an earlier page', base: 'x' };
    expect(sent.at(-1)).toEqual({ ...conflict, seq: 1 });
    // The connection breaks before it is answered.
    sync.disconnected();
    connect();
    sync.receive({ type: 'resumed', revision: 0, seq: 0 });
    expect(sent.at(-1)).toEqual({ ...conflict, seq: 1 });
    sync.receive({ type: 'ack', seq: 1, revision: 0 });
    expect(sync.isConfirmed).toBe(true);
  });

  it('keeps what the document that is connected does not take, and gives it to the next one', () => {
    const sent: SyncRequest[] = [];
    let keeps = true;
    const sync = new PageSync('me', {
      changed: () => undefined,
      replaced: () => undefined,
      trustChanged: () => undefined,
      notice: () => undefined,
      keeps: () => keeps,
    });
    const connect = () => sync.connected((message) => sent.push(structuredClone(message)));
    connect();
    sync.receive(snapshot([cell('a', 'x')]));
    sync.perform([append('a', 1, '1')]);
    sync.execute(['a']);
    sync.disconnected();
    expect(sent.map(({ type }) => type)).toEqual(['resume']);
    keeps = false;
    connect();
    sync.receive(snapshot([cell('a', 'x')], { epoch: 'two' }));
    expect(sent.slice(2)).toMatchObject([
      { type: 'ops', seq: 1, ops: [append('a', 1, '1')] },
      { type: 'execute', seq: 2, cells: ['a'] },
    ]);
  });

  it('brings back a cell that ran without a word of how it ran', () => {
    const { sync, sent, text } = page();
    const execution = { state: 'idle' as const, count: 3, status: 'ok' as const };
    sync.receive({ type: 'ops', revision: 1, ops: [{ op: 'set-execution', id: 'a', execution }] });
    sync.perform([{ op: 'delete-cell', id: 'a' }]);
    sync.receive({ type: 'ack', seq: 1, revision: 2 });
    sync.undo();
    expect(text()).toEqual(['x', 'y']);
    // which is the server's to say: it would refuse all of it
    expect(sent.at(-1)).toMatchObject({ type: 'ops', ops: [{ op: 'insert-cell', after: null }] });
  });

  it('sends again, under the same number, what nobody confirmed', () => {
    const { sync, sent, connect } = page();
    sync.perform([append('a', 1, '1')]);
    sync.execute(['a']);
    sync.disconnected();
    sync.perform([append('a', 2, '2')]);
    sent.length = 0;
    connect();
    expect(sent).toEqual([{ type: 'resume', client: 'me', epoch: 'one', revision: 0 }]);
    sync.receive({ type: 'ops', revision: 1, client: 'you', seq: 1, ops: [append('a', 1, 'YOU')] });
    sync.receive({ type: 'resumed', revision: 1, seq: 0 });
    expect(sent.slice(1)).toEqual([
      { type: 'ops', seq: 1, base: 1, ops: [append('a', 4, '1')] },
      { type: 'execute', seq: 2, cells: ['a'] },
    ]);
  });

  it('knows its own batch when it comes back in what it missed', () => {
    const { sync, sent, connect, text } = page();
    sync.perform([append('a', 1, '1')]);
    sync.disconnected();
    sent.length = 0;
    connect();
    sync.receive({ type: 'ops', revision: 1, client: 'me', seq: 1, ops: [append('a', 1, '1')] });
    sync.receive({ type: 'resumed', revision: 1, seq: 1 });
    expect(sync.isConfirmed).toBe(true);
    expect(sent).toHaveLength(1);
    expect(text()).toEqual(['x1', 'y']);
  });

  it('takes back what is refused, and reports the typed text as a conflict', () => {
    const { sync, sent, notices, text } = page();
    sync.perform([{ op: 'delete-cell', id: 'b' }, append('a', 1, '1')]);
    sync.receive({ type: 'refused', seq: 1, message: 'No.' });
    expect(text()).toEqual(['x', 'y']);
    expect(sent.at(-1)).toMatchObject({ type: 'conflict', cell: 'a', text: 'x1' });
    expect(notices[0]).toBe('No.');
    sync.receive({ type: 'refused', seq: 1, message: 'No.' });
    expect(notices).toHaveLength(1);
  });

  it('brings unsaved typing into a notebook that was read again, where its cell is as it was', () => {
    const { sync, sent, text } = page();
    sync.perform([append('a', 1, ' mine')], { undoable: false });
    sync.perform([append('b', 1, ' mine')], { undoable: false });
    sync.receive({ type: 'ack', seq: 1, revision: 1 });
    sync.receive({ type: 'ack', seq: 2, revision: 2 });
    // The server crashed before it saved; another program has changed b since.
    sync.receive({ type: 'stale' });
    sync.receive(snapshot([cell('a', 'x'), cell('b', 'theirs')], { epoch: 'two' }));
    expect(text()).toEqual(['x mine', 'theirs']);
    expect(sent.at(-2)).toMatchObject({ type: 'ops', base: 0 });
    expect(sent.at(-1)).toMatchObject({ type: 'conflict', cell: 'b', text: 'y mine' });
  });

  describe('on a server that was killed and started again', () => {
    /** Types `1`, `2`, `3` behind the `x` of cell a, one batch each. */
    function typing() {
      const one = page();
      for (const n of [1, 2, 3]) one.sync.perform([append('a', n, `${n}`)], { undoable: false });
      one.sync.receive({ type: 'ack', seq: 1, revision: 1 });
      return one;
    }
    const conflicts = (sent: SyncRequest[]) => sent.filter(({ type }) => type === 'conflict');

    it.each([
      ['nothing of it', 'x'],
      ['what it had confirmed', 'x1'],
      // the page typed 2 and 3 while 1 was on its way, and sent them as one
      ['what it had applied and could not say any more', 'x123'],
    ])('knows its own typing in a file that has %s', (_, source) => {
      const { sync, sent, text } = typing();
      sync.receive(snapshot([cell('a', source), cell('b', 'y')], { epoch: 'two' }));
      expect(text()).toEqual(['x123', 'y']);
      expect(conflicts(sent)).toEqual([]);
    });

    it.each(['x1', 'x12', 'x123', 'x1234', 'x12345'])(
      'knows its own typing in %s, saved between what it heard of and what it typed then',
      (source) => {
        const { sync, sent, text } = page();
        for (let n = 1; n <= 5; n += 1) {
          sync.perform([append('a', n, `${n}`)], { undoable: false });
          if (n < 5) sync.receive({ type: 'ack', seq: n, revision: n });
          if (n === 2) sync.receive({ type: 'saved', epoch: 'one', revision: 1 });
        }
        expect(sync.unsavedTexts()).toEqual([{ id: 'a', base: 'x1' }]);
        sync.receive(snapshot([cell('a', source), cell('b', 'y')], { epoch: 'two' }));
        expect(text()).toEqual(['x12345', 'y']);
        expect(conflicts(sent)).toEqual([]);
      },
    );

    it('knows its own typing between what others typed in the cell', () => {
      const { sync, sent, text } = page();
      sync.perform([append('a', 1, '1')], { undoable: false });
      sync.receive({ type: 'ack', seq: 1, revision: 1 });
      sync.receive({ type: 'ops', revision: 2, client: 'you', seq: 1, ops: [append('a', 2, 'B')] });
      sync.perform([append('a', 3, '2')], { undoable: false });
      sync.receive(snapshot([cell('a', 'x1B'), cell('b', 'y')], { epoch: 'two' }));
      expect(text()).toEqual(['x1B2', 'y']);
      expect(conflicts(sent)).toEqual([]);
    });

    it('gives a text that another program changed to the server, with what both were made from', () => {
      const { sync, sent } = typing();
      sync.receive(snapshot([cell('a', 'theirs'), cell('b', 'y')], { epoch: 'two' }));
      expect(conflicts(sent)).toMatchObject([{ cell: 'a', text: 'x123', base: 'x' }]);
    });

    it('does again what was applied and not saved to whole cells, each once', () => {
      const { sync, text } = page([cell('a', 'x'), cell('b', 'y'), cell('c', 'z'), cell('d', '!')]);
      sync.perform([{ op: 'move-cell', id: 'c', after: null }]);
      sync.perform([{ op: 'delete-cell', id: 'a' }]);
      sync.perform([{ op: 'set-metadata', id: 'b', metadata: { tags: ['t'] } }]);
      sync.perform([{ op: 'delete-cell', id: 'd' }]);
      sync.perform([{ op: 'insert-cell', cell: cell('n', 'new'), after: 'b' }]);
      for (let seq = 1; seq <= 5; seq += 1) sync.receive({ type: 'ack', seq, revision: seq });
      // The deletion of d is not done again: another program has written into the cell.
      const onDisk = [cell('a', 'x'), cell('b', 'y'), cell('c', 'z'), cell('d', 'theirs')];
      sync.receive(snapshot(onDisk, { epoch: 'two' }));
      expect(text()).toEqual(['z', 'y', 'new', 'theirs']);
      expect(sync.view.cell('b')?.cell.metadata).toEqual({ tags: ['t'] });
    });

    it('does nothing again that was saved, or that somebody else has changed since', () => {
      const { sync, sent, text } = page([cell('a', 'x'), cell('b', 'y'), cell('c', 'z')]);
      sync.perform([{ op: 'move-cell', id: 'c', after: null }]);
      sync.receive({ type: 'ack', seq: 1, revision: 1 });
      sync.receive({ type: 'saved', epoch: 'one', revision: 1 });
      sync.perform([{ op: 'move-cell', id: 'b', after: null }]);
      sync.receive({ type: 'ack', seq: 2, revision: 2 });
      sync.receive({
        type: 'ops',
        revision: 3,
        client: 'you',
        seq: 1,
        ops: [{ op: 'move-cell', id: 'b', after: 'a' }],
      });
      const before = sent.length;
      sync.receive(snapshot([cell('a', 'x'), cell('b', 'y'), cell('c', 'z')], { epoch: 'two' }));
      expect(text()).toEqual(['x', 'y', 'z']);
      expect(sent.length).toBe(before);
    });
  });

  it('finds an edited cell again that has another id since its file was read again', () => {
    const { sync, text, notices } = page();
    sync.perform([append('b', 1, ' saved')], { undoable: false });
    sync.perform([{ op: 'insert-cell', cell: cell('n', 'new'), after: 'b' }]);
    sync.receive({ type: 'ack', seq: 1, revision: 1 });
    sync.receive({ type: 'ack', seq: 2, revision: 2 });
    sync.receive({ type: 'saved', epoch: 'one', revision: 2 });
    sync.perform([append('b', 7, ' unsaved')], { undoable: false });
    sync.receive({ type: 'ack', seq: 3, revision: 3 });
    sync.receive({ type: 'stale' });
    const read = [cell('a', 'x'), cell('twin', 'y saved'), cell('p', 'new'), cell('q', 'y saved')];
    sync.receive(snapshot(read, { epoch: 'two' }));
    expect(text()).toEqual(['x', 'y saved unsaved', 'new', 'y saved']);
    expect(notices).toEqual([]);
  });

  it('does not bring back what was saved', () => {
    const { sync, text } = page();
    sync.perform([append('a', 1, ' mine')], { undoable: false });
    sync.receive({ type: 'ack', seq: 1, revision: 1 });
    sync.receive({ type: 'saved', epoch: 'one', revision: 1 });
    sync.receive({ type: 'stale' });
    sync.receive(snapshot([cell('a', 'changed by hand')], { epoch: 'two' }));
    expect(text()).toEqual(['changed by hand']);
  });

  it('does not run a cell twice for a server that started again', () => {
    const { sync, sent, notices, connect } = page();
    sync.execute(['a']);
    sync.disconnected();
    sync.execute(['b']);
    connect();
    sync.receive(snapshot([cell('a', 'x'), cell('b', 'y')], { epoch: 'two' }));
    expect(sent.filter(({ type }) => type === 'execute')).toEqual([
      { type: 'execute', seq: 1, cells: ['a'] },
      { type: 'execute', seq: 2, cells: ['b'] },
    ]);
    expect(notices.join()).toContain('may not have run');
  });

  it('keeps typing in a cell that somebody deleted', () => {
    const { sync, text, notices } = page();
    sync.perform([append('b', 1, ' typed')], { undoable: false });
    sync.receive({ type: 'ops', revision: 1, client: 'you', seq: 1, ops: [{ op: 'delete-cell', id: 'b' }] });
    expect(text()).toEqual(['x', 'y typed']);
    expect(notices).toHaveLength(1);
    sync.receive({ type: 'ack', seq: 1, revision: 1, ops: [] });
    expect(text()).toEqual(['x', 'y typed']);
  });

  it('takes back and repeats own actions, also when the text changed in between', () => {
    const { sync, text } = page([cell('a', 'one two')]);
    sync.perform([
      { op: 'edit-source', id: 'a', changes: [3, [4]] },
      { op: 'insert-cell', cell: cell('n', ' two'), after: 'a' },
    ]);
    sync.perform([append('a', 3, '!')], { undoable: false });
    sync.receive({
      type: 'ops',
      revision: 1,
      client: 'you',
      seq: 1,
      ops: [{ op: 'insert-cell', cell: cell('t', 'theirs'), after: null }],
    });
    expect(text()).toEqual(['theirs', 'one!', ' two']);
    expect(sync.undo()).toBe(true);
    expect(text()).toEqual(['theirs', 'one! two']);
    expect(sync.canUndo).toBe(false);
    expect(sync.redo()).toBe(true);
    expect(text()).toEqual(['theirs', 'one!', ' two']);
    expect(sync.canRedo).toBe(false);
  });

  it('does not trust outputs that were put in until the server does', () => {
    const { sync } = page([]);
    const outputs = [{ output_type: 'display_data', data: {}, metadata: {} } as const];
    const pasted: Cell = {
      id: 'p',
      cell_type: 'code',
      source: '',
      metadata: {},
      outputs: [...outputs],
      execution_count: null,
    };
    sync.perform([{ op: 'insert-cell', cell: pasted, after: null }]);
    expect([...sync.untrusted]).toEqual(['p']);
    sync.receive({ type: 'ack', seq: 1, revision: 1 });
    sync.receive({ type: 'trust', trusted: ['p'], untrusted: [] });
    expect(sync.untrusted.size).toBe(0);
    sync.receive({
      type: 'ops',
      revision: 2,
      ops: [{ op: 'set-outputs', id: 'p', outputs: [...outputs], execution_count: 1 }],
    });
    expect([...sync.untrusted]).toEqual(['p']);
    sync.receive({ type: 'ops', revision: 3, ops: [{ op: 'clear-outputs', id: 'p' }] });
    expect(sync.untrusted.size).toBe(0);
  });
});
