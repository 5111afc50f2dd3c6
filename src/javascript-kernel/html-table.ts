/** `display.table(rows)`: a list of records or of lists as a table, in HTML and in text. */
import { Console } from 'node:console';
import { Writable } from 'node:stream';
import { inspect } from 'node:util';
import type { MimeBundle } from '../protocol/kernel-messages.js';

/** More than this is nothing to look at, and heavy for a page. */
const mostRows = 1000;
const mostColumns = 200;
const mostTextRows = 20;

interface Table {
  /** undefined: the rows are lists without names */
  columns: string[];
  named: boolean;
  /** row label and cells */
  rows: { label: string; cells: unknown[] }[];
  /** rows that are there but not shown */
  more: number;
}

/**
 * @param data     an array, a Map, or any iterable of objects, arrays or single values; an object of such rows
 * @param columns  which columns, in this order; default: all there are
 */
export function tableBundle(data: unknown, columns?: readonly string[]): MimeBundle {
  const table = tableOf(data, columns);
  return { 'text/html': toHtml(table), 'text/plain': toText(table) };
}

function tableOf(data: unknown, wanted?: readonly string[]): Table {
  const entries = entriesOf(data);
  const shown = entries.slice(0, mostRows);
  const names = new Set<string>(wanted);
  let named = wanted !== undefined;
  for (const [, row] of wanted ? [] : shown) {
    if (typeof row !== 'object' || row === null) names.add('value');
    else for (const name of Object.keys(row)) names.add(name);
    named ||= !Array.isArray(row);
  }
  const columns = [...names].slice(0, mostColumns);
  const rows = shown.map(([label, row]) => ({
    label,
    cells: columns.map((name): unknown => {
      if (typeof row !== 'object' || row === null) return name === 'value' ? row : undefined;
      return (row as Record<string, unknown>)[name];
    }),
  }));
  return { columns, named, rows, more: entries.length - shown.length };
}

function entriesOf(data: unknown): [string, unknown][] {
  if (data instanceof Map) return [...data].map(([key, value]) => [cellText(key), value]);
  if (typeof data === 'object' && data !== null) {
    const isList = Symbol.iterator in data;
    return isList ? [...(data as Iterable<unknown>)].map((row, i) => [String(i), row]) : Object.entries(data);
  }
  throw new TypeError('display.table takes an array, a Map, an iterable or an object of rows');
}

function toHtml({ columns, named, rows, more }: Table): string {
  const head = named
    ? `<thead><tr><th></th>${columns.map((name) => `<th>${escape(name)}</th>`).join('')}</tr></thead>`
    : '';
  const body = rows.map(
    ({ label, cells }) =>
      `<tr><th>${escape(label)}</th>${cells.map((cell) => `<td>${escape(cellText(cell))}</td>`).join('')}</tr>`,
  );
  const rest = more > 0 ? `<p>${more} more rows</p>` : '';
  return `<table border="1" class="dataframe">${head}<tbody>${body.join('')}</tbody></table>${rest}`;
}

function toText({ columns, rows, more }: Table): string {
  let text = '';
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  const records = rows
    .slice(0, mostTextRows)
    .map(({ label, cells }) => [label, Object.fromEntries(columns.map((name, i) => [name, cells[i]]))]);
  new Console({ stdout: sink, colorMode: false }).table(Object.fromEntries(records) as object);
  const left = more + Math.max(0, rows.length - mostTextRows);
  return left > 0 ? `${text}${left} more rows` : text.trimEnd();
}

function cellText(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : inspect(value, { depth: 1, breakLength: Infinity });
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
