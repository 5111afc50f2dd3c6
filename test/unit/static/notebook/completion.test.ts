/** What Tab offers: what the kernel knows, and words of the cell. */
import { CompletionContext } from '@codemirror/autocomplete';
import { EditorState } from '@codemirror/state';
import { expect, it } from 'vitest';
import { codeCompletion } from '../../../../static/notebook/writing/completion.js';
import type { Completions, KernelHelp } from '../../../../static/notebook/writing/kernel-help.js';

it.each<[string, string, Omit<Completions, 'to'> | undefined, string[] | undefined]>([
  ['the words of the cell while the kernel is busy', 'first = 1\nfi', undefined, ['first']],
  [
    'both, a name once',
    'first = 1; fish = 2\nfi',
    { from: 20, matches: [{ text: 'first' }] },
    ['first', 'fish'],
  ],
  [
    'only the kernel behind a dot',
    'abc = 1; abd = 2\nx.ab',
    { from: 19, matches: [{ text: 'abs' }] },
    ['abs'],
  ],
  ['words behind a dot while it is busy', 'df.column\ndf.co', undefined, ['column']],
  ['nothing where no word begins so', 'first = 1\nxy', undefined, undefined],
  ['nothing without a word', 'first = 1 ', undefined, undefined],
])('offers %s', async (_what, code, answer, labels) => {
  const help = {
    complete: (text: string) => Promise.resolve(answer && { ...answer, to: text.length }),
  } as unknown as KernelHelp;
  const state = EditorState.create({ doc: code });
  const found = await codeCompletion(help)(new CompletionContext(state, code.length, true));
  expect(found?.options.map(({ label }) => label)).toEqual(labels);
});
