/** A text that belongs to the folder, drawn above or below its list as in the classic: header.md, README.md, footer.md. */
import { useSignalEffect } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { ContentsModel } from '../../src/protocol/rest-models.js';
import { api } from '../base/api.js';
import { encodePath } from '../base/urls.js';
import * as dashboard from './dashboard.js';

/** A longer one is better opened. Bytes */
const LONGEST = 200_000;

export function FolderText({ names }: { names: RegExp }) {
  const element = useRef<HTMLElement>(null);
  /** which text is there: path and time of change */
  const shown = useRef('');
  const dispose = useRef<() => void>(() => {});
  useSignalEffect(() => {
    const item = dashboard.items.value?.find(
      ({ kind, name, size }) => kind === 'file' && names.test(name) && (size ?? 0) <= LONGEST,
    );
    const wanted = item === undefined ? '' : `${item.path} ${item.modified}`;
    if (wanted === shown.current || dashboard.items.value === undefined) return;
    shown.current = wanted;
    if (item === undefined) {
      if (element.current !== null) element.current.hidden = true;
      return;
    }
    const draw = async () => {
      const address = `api/contents/${encodePath(item.path)}?type=file&format=text`;
      const [{ renderMarkdownInto }, model] = await Promise.all([
        import('../notebook/rich/rich.js'),
        api.get<ContentsModel>(address),
      ]);
      if (shown.current !== wanted || element.current === null || typeof model.content !== 'string') return;
      dispose.current();
      dispose.current = renderMarkdownInto(element.current, model.content, {
        path: item.path,
        outsideImages: false,
        attachments: {},
      });
      element.current.hidden = false;
    };
    draw().catch(() => undefined); // it is not text, or gone: the list is what counts
  });
  return <section ref={element} class="folder-text rendered-html" aria-label="About this folder" hidden />;
}
