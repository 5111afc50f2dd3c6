/** How far a run is: one line that is written over on a terminal, one line for each cell that ended elsewhere. */
import type { RunCell } from './notebook-run.js';

export interface Progress {
  show(cells: readonly RunCell[]): void;
  /** the line is done with */
  end(): void;
}

interface Output {
  isTTY?: boolean;
  write(text: string): unknown;
}

export function progressTo(output: Output, now: () => number = Date.now): Progress {
  const told = new Set<string>();
  const began = now();
  let line = '';
  const replace = (text: string) => {
    if (text === line) return;
    output.write(`\r\u001b[K${text}`);
    line = text;
  };
  return {
    show(cells) {
      cells.forEach((cell, index) => {
        const { started = 0, finished } = cell;
        if (finished === undefined || finished < began || told.has(cell.id)) return;
        told.add(cell.id);
        const seconds = ((finished - started) / 1000).toFixed(1);
        const how = cell.status === 'ok' ? '' : ` ${cell.status ?? ''}`;
        if (output.isTTY === true) replace('');
        output.write(`[${index + 1}/${cells.length}] ${seconds} s${how}\n`);
      });
      if (output.isTTY !== true) return;
      const running = cells.findIndex(({ state }) => state === 'running');
      const started = cells[running]?.started;
      if (started === undefined) return;
      replace(`[${running + 1}/${cells.length}] ${Math.floor((now() - started) / 1000)} s …`);
    },
    end() {
      if (line !== '') replace('');
    },
  };
}
