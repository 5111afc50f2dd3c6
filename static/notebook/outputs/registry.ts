/**
 * Which MIME types outputs are shown as, the richest first, as in the classic notebook. What a type needs is loaded when
 * the first output of it comes near the screen; until then its plain text stands there.
 */
import type { KernelAccess } from '../kernel-line.js';
import type { JsonObject, JsonValue, MimeBundle } from '../../../src/notebook/types.js';
import type { ActivePart } from './active.js';

/** What an output may know and ask of the page. */
export interface OutputContext {
  /** path of the notebook, for relative addresses */
  path: string;
  /** the output came from outside: nothing of other servers is loaded without a click */
  untrusted: boolean;
  /** asks the person to trust the notebook */
  trust?: () => void;
  /** active outputs of earlier cells that set something up, in order */
  prelude?: () => Promise<ActivePart[]>;
  /** of the notebook, for scripts that use it */
  kernel?: KernelAccess;
  /** for the alternative text of images: `cell 3` */
  cellName: string;
  /** the type that the person wants to see, where there is one */
  preferred?: string | undefined;
}

export interface Rendered {
  element: HTMLElement;
  dispose?: () => void;
}

export interface OutputData {
  value: JsonValue;
  mime: string;
  /** the bundle's metadata with that of this type on top */
  metadata: JsonObject;
  /** the whole bundle */
  data: MimeBundle;
  context: OutputContext;
}

/** undefined: this value cannot be shown as this type; the next one is tried (or the plain text stays). */
export type Renderer = (output: OutputData) => Rendered | undefined;

export interface MimeType {
  /** a full type, or its beginning with `/` at the end: `audio/` */
  mime: string;
  /** the highest wins among the types of one output */
  rank: number;
  /** the renderer itself, or undefined while its code is not loaded */
  ready(): Renderer | undefined;
  load?(): Promise<Renderer>;
}

const types: MimeType[] = [];

export function addMimeTypes(...added: readonly MimeType[]): void {
  types.push(...added);
  types.sort((a, b) => b.rank - a.rank);
}

/** As what a bundle with these types can be shown: first what is preferred, then the richest. */
export function shownAs(names: readonly string[], preferred?: string): { type: MimeType; mime: string }[] {
  const found = types.flatMap((type) => {
    const mime = names.find((name) =>
      type.mime.endsWith('/') ? name.startsWith(type.mime) : name === type.mime,
    );
    return mime === undefined ? [] : [{ type, mime }];
  });
  return [
    ...found.filter(({ mime }) => mime === preferred),
    ...found.filter(({ mime }) => mime !== preferred),
  ];
}

/** A type whose renderer is part of the page. */
export function builtIn(mime: string, rank: number, render: Renderer): MimeType {
  return { mime, rank, ready: () => render };
}

/** A type whose renderer is loaded with the first output of it. */
export function onDemand(mime: string, rank: number, load: () => Promise<Renderer>): MimeType {
  let renderer: Renderer | undefined;
  return {
    mime,
    rank,
    ready: () => renderer,
    load: () => load().then((loaded) => (renderer = loaded)),
  };
}
