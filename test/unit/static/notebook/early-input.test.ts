/** Keys pressed before the page's script was there, kept by the lines in the template and done again. */
import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { afterEach, expect, it, vi } from 'vitest';
import type { NotebookContext } from '../../../../static/notebook/notebook-context.js';
import { doEarlyInput } from '../../../../static/notebook/early-input.js';

class FakeKey extends Event {
  readonly key: string;
  readonly code: string;
  readonly shiftKey: boolean;
  readonly repeat: boolean;
  readonly isComposing: boolean;

  constructor(type: string, init: KeyboardEventInit) {
    super(type, init);
    this.key = init.key ?? '';
    this.code = init.code ?? '';
    this.shiftKey = init.shiftKey ?? false;
    this.repeat = init.repeat ?? false;
    this.isComposing = init.isComposing ?? false;
  }
}

const template = readFileSync(new URL('../../../../templates/notebook.html', import.meta.url), 'utf8');
/** The script of the template, up to the call with the page's root. */
const script = /<script[^>]*>([^]*?)<\/script>/.exec(template)?.[1] ?? '';

afterEach(() => vi.unstubAllGlobals());

it.each<[string, KeyboardEventInit[], string[]]>([
  ['a pair', [{ key: 'd' }, { key: 'd' }], ['d', 'd']],
  ['a key that was held', [{ key: 'd' }, { key: 'd', repeat: true }, { key: 'd', repeat: true }], ['d']],
  ['what an input method composes', [{ key: 'a', isComposing: true }, { key: 'b' }], ['b']],
])('does %s again', async (_what, pressed, done) => {
  expect(await pressEarly(pressed)).toEqual(done);
});

it('does nothing twice that the page took before the cells were there', async () => {
  expect(await pressEarly([{ key: 'a' }, { key: 'b' }], (event) => event.key === 'a')).toEqual(['b']);
});

/** @param takes  what a listener of the page did already @returns the keys that were pressed again */
async function pressEarly(
  keys: readonly KeyboardEventInit[],
  takes: (event: FakeKey) => boolean = () => false,
): Promise<string[]> {
  const body = new EventTarget();
  const root = { toggleAttribute: () => undefined };
  const page = {
    document: { documentElement: root, body, activeElement: body },
    localStorage: { getItem: () => null },
    addEventListener: body.addEventListener.bind(body),
  };
  vi.stubGlobal('KeyboardEvent', FakeKey);
  vi.stubGlobal('document', page.document);
  runInNewContext(script, page);
  const handle = (event: Event): void => {
    if (event instanceof FakeKey && takes(event)) event.preventDefault();
  };
  body.addEventListener('keydown', handle);
  for (const key of keys) body.dispatchEvent(new FakeKey('keydown', { ...key, cancelable: true }));
  body.removeEventListener('keydown', handle);
  const again: string[] = [];
  body.addEventListener('keydown', (event) => again.push((event as FakeKey).key));
  await doEarlyInput({
    selection: { mode: 'command', current: null },
    list: {},
  } as unknown as NotebookContext);
  return again;
}
