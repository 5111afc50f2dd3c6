/** What an editor asks of the kernel; positions count UTF-16 units, as everywhere in the page. */
export interface KernelHelp {
  /** undefined: the kernel is busy, gone or too slow */
  complete(code: string, position: number): Promise<Completions | undefined>;
  /** undefined: nothing is known about what stands there */
  inspect(code: string, position: number): Promise<HTMLElement | undefined>;
  /** shows a text of `inspect` in the pager */
  toPager(content: HTMLElement): void;
}

export interface Completions {
  /** what the matches replace */
  from: number;
  to: number;
  matches: { text: string; type?: string }[];
}
