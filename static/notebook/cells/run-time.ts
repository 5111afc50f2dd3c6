/** How long a cell has been running, or ran the last time: beside its prompt, and in words in the prompt's title. */
import type { CellExecution } from '../../../src/notebook/operations.js';
import { hereAt, serverNow } from '../server-clock.js';

/** Milliseconds; what is quicker is not worth the ink. */
const WORTH_SHOWING = 1000;

export class RunTime {
  readonly #element = document.createElement('span');
  readonly #prompt: HTMLElement;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(prompt: HTMLElement) {
    this.#prompt = prompt;
    this.#element.className = 'run-time';
    this.#element.setAttribute('aria-hidden', 'true'); // it would be read every second; the title says it once
  }

  show(run: CellExecution): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    const { started } = run;
    if (run.state === 'running' && started !== undefined) {
      const draw = () => this.#draw(serverNow() - started);
      this.#timer = setInterval(draw, 1000);
      draw();
    } else {
      const known = run.state === 'idle' && started !== undefined && run.finished !== undefined;
      this.#draw(known ? (run.finished ?? 0) - (started ?? 0) : 0);
    }
    this.#prompt.title = title(run);
  }

  dispose(): void {
    clearInterval(this.#timer);
  }

  #draw(time: number): void {
    if (time < WORTH_SHOWING) {
      this.#element.remove();
      return;
    }
    this.#element.textContent = duration(time);
    if (!this.#element.isConnected) this.#prompt.after(this.#element);
  }
}

function title({ started, finished, reason }: CellExecution): string {
  if (reason !== undefined) return reason;
  if (started === undefined) return '';
  const at = hereAt(started).toLocaleTimeString();
  if (finished === undefined) return `Started ${at}`;
  const seconds = (finished - started) / 1000;
  return `Started ${at}, took ${seconds < 10 ? `${seconds.toFixed(2)} s` : duration(finished - started)}`;
}

/** `3.2 s`, `45 s`, `12:05`, `1:02:03`. */
export function duration(time: number): string {
  if (time < 9_950) return `${(time / 1000).toFixed(1)} s`;
  const seconds = Math.round(time / 1000);
  if (seconds < 60) return `${seconds} s`;
  const two = (value: number) => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}
