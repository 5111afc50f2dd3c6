import { describe, expect, it } from 'vitest';
import { notebookContent, readNotebook, type JsonObject } from '../../../src/notebook/index.js';
import { checkNotebook } from '../../../src/notebook/validate.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const cellsOf = (notebook: object): JsonObject[] => {
  const file = readNotebook(bytes(JSON.stringify(notebook)));
  const content = notebookContent(file, false);
  expect(checkNotebook(content).problems).toEqual([]);
  return (content['cells'] as JsonObject[]).map(({ id, ...cell }) => {
    expect(id).toMatch(/^[0-9a-f]{8}$/);
    return cell;
  });
};
const trusted = { trusted: false };

describe('upgrading', () => {
  it('format 3: worksheets, headings, inputs and outputs', () => {
    const notebook = {
      nbformat: 3,
      nbformat_minor: 0,
      metadata: { name: 'old', signature: 'sha256:x', kept: 1 },
      worksheets: [
        {
          metadata: {},
          cells: [
            { cell_type: 'heading', level: 3, metadata: {}, source: ['Two\n', 'lines'] },
            { cell_type: 'markdown', metadata: { a: 1 }, source: 'text' },
            {
              cell_type: 'code',
              collapsed: true,
              input: ['a\n', 'b'],
              language: 'python',
              metadata: {},
              prompt_number: 7,
              outputs: [
                { output_type: 'stream', stream: 'stderr', text: ['x\n', 'y'] },
                { output_type: 'stream', text: 'z' },
                {
                  output_type: 'pyout',
                  prompt_number: 7,
                  text: ['1'],
                  html: '<b>1</b>',
                  metadata: { png: { width: 5 } },
                },
                {
                  output_type: 'display_data',
                  png: 'AAAA',
                  json: '{"n": [1]}',
                  javascript: 'x()',
                  latex: '$x$',
                  svg: '<svg/>',
                  jpeg: 'BB',
                },
                { output_type: 'pyerr', ename: 'E', evalue: 'v', traceback: ['t1', 't2'] },
              ],
            },
          ],
        },
        {
          cells: [
            { cell_type: 'raw', metadata: {}, source: 'r' },
            { cell_type: 'html', metadata: {}, source: '<i>' },
          ],
        },
      ],
    };
    expect(cellsOf(notebook)).toEqual([
      { cell_type: 'markdown', metadata: {}, source: '### Two lines' },
      { cell_type: 'markdown', metadata: { a: 1 }, source: 'text' },
      {
        cell_type: 'code',
        execution_count: 7,
        metadata: { collapsed: true, ...trusted },
        source: 'a\nb',
        outputs: [
          { output_type: 'stream', name: 'stderr', text: 'x\ny' },
          { output_type: 'stream', name: 'stdout', text: 'z' },
          {
            output_type: 'execute_result',
            execution_count: 7,
            data: { 'text/plain': '1', 'text/html': '<b>1</b>' },
            metadata: { 'image/png': { width: 5 } },
          },
          {
            output_type: 'display_data',
            data: {
              'image/png': 'AAAA',
              'image/jpeg': 'BB',
              'application/json': { n: [1] },
              'application/javascript': 'x()',
              'text/latex': '$x$',
              'image/svg+xml': '<svg/>',
            },
            metadata: {},
          },
          { output_type: 'error', ename: 'E', evalue: 'v', traceback: ['t1', 't2'] },
        ],
      },
      { cell_type: 'raw', metadata: {}, source: 'r' },
      { cell_type: 'markdown', metadata: {}, source: '<i>' },
    ]);
    const file = readNotebook(bytes(JSON.stringify(notebook)));
    expect([file.upgradedFrom, file.nbformatMinor, file.metadata]).toEqual([3, 5, { kept: 1 }]);
  });

  it('formats 1 and 2', () => {
    expect(
      cellsOf({
        nbformat: 1,
        cells: [
          { cell_type: 'code', code: 'a', prompt_number: 1 },
          { cell_type: 'text', text: 't' },
        ],
      }),
    ).toEqual([
      { cell_type: 'code', execution_count: 1, metadata: trusted, outputs: [], source: 'a' },
      { cell_type: 'markdown', metadata: {}, source: 't' },
    ]);
    expect(
      cellsOf({
        nbformat: 2,
        worksheets: [
          {
            cells: [
              {
                cell_type: 'code',
                input: 'a',
                outputs: [{ output_type: 'pyout', prompt_number: 2, text: 'b' }],
              },
            ],
          },
        ],
      }),
    ).toEqual([
      {
        cell_type: 'code',
        execution_count: null,
        metadata: trusted,
        outputs: [
          { output_type: 'execute_result', execution_count: 2, data: { 'text/plain': 'b' }, metadata: {} },
        ],
        source: 'a',
      },
    ]);
  });

  it.each([
    [['a', 'b', ''], 'a\nb\n'],
    [['a\n', 'b'], 'a\nb'],
    [['a\r\n', '', 'b'], 'a\r\nb'],
    [['a'], 'a'],
    [[], ''],
  ])('joins %j, whose lines may have lost their ends, to %j', (lines, text) => {
    const cell = { cell_type: 'markdown', source: lines };
    expect(cellsOf({ nbformat: 3, worksheets: [{ cells: [cell] }] })[0]?.['source']).toBe(text);
  });

  it('keeps the spelling of numbers, and the layout is Jupyter’s', () => {
    const file = readNotebook(
      bytes('{"nbformat": 3, "metadata": {"a": 1.0, "b": NaN}, "worksheets": [{"cells": []}]}'),
    );
    expect(new TextDecoder().decode(file.toBytes())).toBe(
      '{\n "cells": [],\n "metadata": {\n  "a": 1.0,\n  "b": NaN\n },\n "nbformat": 4,\n "nbformat_minor": 5\n}\n',
    );
  });

  it('survives what is not there or of another kind', () => {
    expect(
      cellsOf({ nbformat: 3, worksheets: [{ cells: [7, {}, { cell_type: 'code', outputs: [null] }] }] }),
    ).toHaveLength(3);
    expect(cellsOf({ nbformat: 3 })).toEqual([]);
    expect(
      cellsOf({ nbformat: 3, worksheets: [{ cells: [{ cell_type: 'heading', level: 99, source: 'x' }] }] }),
    ).toEqual([{ cell_type: 'markdown', metadata: {}, source: '###### x' }]);
  });
});
