/** The kernelspec of the kernel in the package: how the server starts it, from `dist` or from the sources. */
import { packageFile } from '../package-files.js';

/** The fields of a kernelspec as `src/kernels` names them. */
export interface JavascriptKernelspec {
  name: string;
  displayName: string;
  language: string;
  /** command with `{connection_file}` in it */
  argv: string[];
  env: Record<string, string>;
  interruptMode: 'message';
  metadata: Record<string, unknown>;
  /** absolute; holds the logo */
  resourceDir: string;
}

/**
 * `--no-force-async-hooks-checks`: an interrupt that ends a timer's callback leaves Node's stack of async ids uneven, and
 * without the flag Node aborts ("async hook stack has become corrupted").
 */
const nodeFlags = ['--no-force-async-hooks-checks'];

export function javascriptKernelspec(): JavascriptKernelspec {
  const fromSource = import.meta.url.endsWith('.ts');
  const folder = fromSource ? ['src', 'javascript-kernel'] : ['dist', 'javascript-kernel'];
  const program = fromSource
    ? ['--import', import.meta.resolve('tsx'), packageFile(...folder, 'main.ts')]
    : [packageFile(...folder, 'main.js')];
  return {
    name: 'javascript',
    displayName: 'JavaScript (Node.js)',
    language: 'javascript',
    argv: [process.execPath, ...nodeFlags, ...program, '{connection_file}'],
    env: {},
    interruptMode: 'message',
    metadata: { debugger: false },
    resourceDir: packageFile(...folder, 'resources'),
  };
}
