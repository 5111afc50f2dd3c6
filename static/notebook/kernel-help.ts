/**
 * Completion and inspection over the kernel's own websocket. It is opened when it is first needed and closed when
 * nobody asked for a while, because a kernel sends all its output to every websocket.
 */
import type { JsonObject, MimeBundle } from '../../src/notebook/types.js';
import { notify } from '../base/notify.js';
import { fromCodePoints, toCodePoints } from './code-points.js';
import { isObject, KernelLine } from './kernel-line.js';
import type { KernelLink } from './help-links.js';
import type { Completions, KernelHelp } from './writing/kernel-help.js';
import { renderBundle } from './outputs/mime.js';

/** Longer than this a person does not wait for a list of names. */
const PATIENCE = 5_000;
const IDLE = 120_000;

/** Why Tab or Shift-Tab shows nothing. */
function tell(message: string): void {
  notify(message, { key: 'kernel help' });
}

export interface KernelHelpOptions {
  /** id of the kernel, undefined while none runs */
  kernelId(): string | undefined;
  isBusy(): boolean;
  path(): string;
  toPager(content: HTMLElement): void;
}

interface KernelAbout {
  kernelId: string;
  /** its name and version, in one or more lines */
  banner: string;
  /** `help_links` */
  links: KernelLink[];
}

export class KernelHelpClient implements KernelHelp {
  readonly #options: KernelHelpOptions;
  #line: KernelLine | undefined;
  #about: KernelAbout | undefined;
  readonly #waiting = new Map<string, (content: JsonObject | undefined) => void>();
  #idle: ReturnType<typeof setTimeout> | undefined;

  constructor(options: KernelHelpOptions) {
    this.#options = options;
  }

  async complete(code: string, position: number): Promise<Completions | undefined> {
    const reply = await this.#request('complete', { code, cursor_pos: toCodePoints(code, position) });
    const matches = reply?.['matches'];
    if (reply === undefined || !Array.isArray(matches)) return undefined;
    const metadata = reply['metadata'];
    const typed = isObject(metadata) ? metadata['_jupyter_types_experimental'] : undefined;
    const types = new Map<string, string>();
    for (const each of Array.isArray(typed) ? typed : []) {
      if (isObject(each) && typeof each['text'] === 'string' && typeof each['type'] === 'string') {
        types.set(each['text'], each['type']);
      }
    }
    return {
      from: fromCodePoints(code, Number(reply['cursor_start'] ?? 0)),
      to: fromCodePoints(code, Number(reply['cursor_end'] ?? code.length)),
      matches: matches
        .filter((match) => typeof match === 'string')
        .map((text) => {
          const type = types.get(text);
          return type === undefined || type === '<unknown>' ? { text } : { text, type };
        }),
    };
  }

  async inspect(code: string, position: number): Promise<HTMLElement | undefined> {
    const cursor_pos = toCodePoints(code, position);
    const reply = await this.#request('inspect', { code, cursor_pos, detail_level: 0 });
    if (reply === undefined || reply['found'] !== true || !isObject(reply['data'])) return undefined;
    // the plain text is what the classic tooltip shows; it has the kernel's colours
    const data = reply['data'] as MimeBundle;
    const { 'text/plain': plain } = data;
    const bundle = plain === undefined ? data : { 'text/plain': plain };
    return renderBundle(bundle, {}, { path: this.#options.path(), untrusted: true, cellName: 'the help' })
      .element;
  }

  /** What the kernel says of itself (`kernel_info`); undefined while it is busy or gone. */
  async about(): Promise<KernelAbout | undefined> {
    const kernelId = this.#options.kernelId();
    if (kernelId === undefined) return undefined;
    if (this.#about?.kernelId !== kernelId) {
      if (this.#options.isBusy()) return undefined;
      const reply = await this.#request('kernel_info', {});
      if (reply === undefined) return undefined;
      const links = Array.isArray(reply['help_links']) ? reply['help_links'] : [];
      this.#about = {
        kernelId,
        banner: typeof reply['banner'] === 'string' ? reply['banner'].trim() : '',
        links: links.flatMap((each) =>
          isObject(each) && typeof each['text'] === 'string' && typeof each['url'] === 'string'
            ? [{ text: each['text'], url: each['url'] }]
            : [],
        ),
      };
    }
    return this.#about;
  }

  toPager(content: HTMLElement): void {
    this.#options.toPager(content);
  }

  close(): void {
    clearTimeout(this.#idle);
    this.#line?.close();
    this.#line = undefined;
    for (const answer of this.#waiting.values()) answer(undefined);
    this.#waiting.clear();
  }

  async #request(name: string, content: JsonObject): Promise<JsonObject | undefined> {
    const kernelId = this.#options.kernelId();
    if (kernelId === undefined) {
      tell('No kernel is running.');
      return undefined;
    }
    if (this.#options.isBusy()) {
      tell('The kernel is busy; it answers when it is done.');
      return undefined;
    }
    const id = this.#lineTo(kernelId).say(`${name}_request`, content);
    return new Promise((resolve) => {
      const timer = setTimeout(() => done(undefined), PATIENCE);
      const done = (answer: JsonObject | undefined) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(answer);
      };
      this.#waiting.set(id, done);
    });
  }

  #lineTo(kernelId: string): KernelLine {
    if (this.#line?.kernelId !== kernelId) this.close();
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.close(), IDLE);
    this.#line ??= new KernelLine(kernelId, {
      heard: (message) => {
        const answer = message.channel === 'shell' ? this.#waiting.get(message.parent) : undefined;
        if (answer === undefined) return;
        const { content } = message;
        answer(content['status'] !== 'error' ? content : undefined);
      },
      // When nobody waits, the next question opens a new one: what came meanwhile is of no interest.
      lost: () => {
        if (this.#waiting.size === 0) this.close();
      },
    });
    return this.#line;
  }
}
