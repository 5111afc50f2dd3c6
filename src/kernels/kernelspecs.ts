/** Which kernels are installed: the kernelspecs of the Jupyter data directories, and the ones that we add ourselves. */

/** A kernelspec that can be started: a valid kernel.json with its directory. */
export interface KernelSpec {
  /** directory name in lower case; the key in the API */
  readonly name: string;
  readonly displayName: string;
  readonly language: string;
  /** command with `{connection_file}`, `{resource_dir}`, `{prefix}` still in it */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly interruptMode: 'signal' | 'message';
  readonly metadata: Readonly<Record<string, unknown>>;
  /** holds kernel.json, kernel.js and logos; undefined for a spec that we made ourselves */
  readonly resourceDir?: string;
}

export class KernelspecManager {
  list(): Promise<KernelSpec[]> {
    throw new Error('being written');
  }
  get(_name: string): Promise<KernelSpec | undefined> {
    throw new Error('being written');
  }
  defaultName(): Promise<string> {
    throw new Error('being written');
  }
}
