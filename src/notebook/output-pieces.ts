/**
 * The outputs of a cell where they stand in its file's bytes, so that a page can be told of large ones without anybody
 * parsing them.
 */
import { asCell, isObject, isOutput, joinCell, joinOutput } from './cell-format.js';
import { fieldOf, scanCell, shortText } from './cell-scan.js';
import type { JsonNode } from './json-scanner.js';
import { parsePlain } from './json-values.js';
import { concatBytes } from './json-writer.js';
import type { FileCell } from './notebook-file.js';
import type { Cell, JsonObject, OutputReference, WholeOutput } from './types.js';

/** Characters of a base64 text that hold width and height of a PNG, GIF or WebP picture. */
export const HEAD_LENGTH = 64;
/** Bytes of metadata that a reference carries. */
export const MOST_METADATA = 1_000;

export class OutputPiece {
  /** @param all  the bytes of the cell  @param node  the output in them */
  constructor(
    private readonly all: Uint8Array,
    private readonly node: JsonNode,
  ) {}

  get size(): number {
    return this.node.end - this.node.start;
  }

  get bytes(): Uint8Array {
    return this.all.subarray(this.node.start, this.node.end);
  }

  /** A fresh object at every call, as `FileCell.read` has it. */
  read(): WholeOutput {
    return joinOutput(parsePlain(this.bytes)) as JsonObject as unknown as WholeOutput;
  }

  /** What a page is told of it. */
  describe(): Omit<OutputReference, 'hash' | 'output_type'> {
    const { all, node, size } = this;
    const of = shortText(all, fieldOf(node, 'output_type')) as WholeOutput['output_type'];
    if (of === 'error') return { size, of };
    if (of === 'stream') {
      return { size, of, name: shortText(all, fieldOf(node, 'name')) === 'stderr' ? 'stderr' : 'stdout' };
    }
    const data = fieldOf(node, 'data');
    const fields = data?.kind === 'object' ? (data.fields ?? []) : [];
    const heads = fields.flatMap(({ key, value }): [string, string][] => {
      if (!key.startsWith('image/') || value.kind !== 'string') return [];
      const end = Math.min(value.end - 1, value.start + 1 + HEAD_LENGTH);
      return [[key, new TextDecoder().decode(all.subarray(value.start + 1, end))]];
    });
    return {
      size,
      of,
      mimes: [...new Set(fields.map(({ key }) => key))],
      ...this.#metadata(),
      ...(heads.length === 0 ? {} : { heads: Object.fromEntries(heads) }),
      ...(of === 'execute_result' ? { execution_count: this.#count() } : {}),
    };
  }

  #metadata(): { metadata?: JsonObject } {
    const node = fieldOf(this.node, 'metadata');
    if (node === undefined) return { metadata: {} };
    if (node.end - node.start > MOST_METADATA) return {};
    const metadata = parsePlain(this.all.subarray(node.start, node.end));
    return isObject(metadata) ? { metadata } : {};
  }

  #count(): number | null {
    const node = fieldOf(this.node, 'execution_count');
    return node?.kind === 'number' ? Number(parsePlain(this.all.subarray(node.start, node.end))) : null;
  }
}

/** A cell without its outputs, and these as they stand in the file; undefined: it has none that could be cut out. */
export function cutOutputs(cell: FileCell): { rest: Cell; outputs: OutputPiece[] } | undefined {
  const { bytes, node } = scanCell(cell.bytes);
  const list = fieldOf(node, 'outputs');
  if (list?.kind !== 'array' || shortText(bytes, fieldOf(node, 'cell_type')) !== 'code') return undefined;
  const rest = parsePlain(concatBytes([bytes.subarray(0, list.start), EMPTY_LIST, bytes.subarray(list.end)]));
  if (!isObject(rest)) return undefined;
  return {
    rest: asCell(joinCell(rest), cell.id),
    outputs: (list.items ?? [])
      .filter((item) => isShown(bytes, item))
      .map((item) => new OutputPiece(bytes, item)),
  };
}

const EMPTY_LIST = new TextEncoder().encode('[]');

/** As `isOutput` would say of its value. */
function isShown(bytes: Uint8Array, node: JsonNode): boolean {
  if (node.kind !== 'object') return false;
  const stub: JsonObject = { output_type: shortText(bytes, fieldOf(node, 'output_type')) };
  const text = fieldOf(node, 'text');
  if (
    text?.kind === 'string' ||
    (text?.kind === 'array' && text.items?.every(({ kind }) => kind === 'string'))
  )
    stub['text'] = '';
  if (fieldOf(node, 'data')?.kind === 'object') stub['data'] = {};
  if (fieldOf(node, 'traceback')?.kind === 'array') stub['traceback'] = [];
  return isOutput(stub);
}
