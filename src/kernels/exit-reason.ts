/** Says in a sentence why a kernel's process ended. Pure. */

export interface ExitFacts {
  /** exit code, or null when a signal ended it */
  code: number | null;
  signal: NodeJS.Signals | null;
  /** the last of what it wrote to stdout and stderr */
  output: string;
}

/** Longest piece of the kernel's own words in a reason. */
const longestQuote = 300;

export function exitReason({ code, signal, output }: ExitFacts, command: string): string {
  const missing = /No module named '?([\w.]+)'?\s*$/m.exec(output)?.[1];
  if (missing === 'ipykernel' || missing === 'ipykernel_launcher') {
    return `${command} has no ipykernel, which it needs to run notebooks. Install it with: ${command} -m pip install ipykernel`;
  }
  if (isPortClash(output)) return 'Another program took a port that was meant for the kernel.';
  const said = lastLine(output);
  const words = said === '' ? '' : ` Its last words: ${said}`;
  switch (signal) {
    case null:
      return code === 0 ? 'The kernel ended by itself.' : `The kernel ended with exit code ${code}.${words}`;
    case 'SIGKILL':
      return 'The kernel was killed (SIGKILL); often this means that the machine had no memory left.';
    case 'SIGSEGV':
    case 'SIGABRT':
    case 'SIGBUS':
    case 'SIGILL':
    case 'SIGFPE':
      return `The kernel crashed (${signal}); often this is an error in a compiled library that it used.${words}`;
    default:
      return `The kernel was ended by ${signal}.`;
  }
}

export function isPortClash(output: string): boolean {
  return /address already in use|EADDRINUSE/i.test(output);
}

/** Why a command could not be started at all. */
export function launchFailure(error: NodeJS.ErrnoException, command: string): string {
  if (error.code === 'ENOENT') {
    return `The command ${command} was not found. Install it, or correct argv in the kernelspec.`;
  }
  if (error.code === 'EACCES') return `The command ${command} may not be executed. Check its permissions.`;
  return `The command ${command} could not be started: ${error.message}.`;
}

/** What Python's debugger says at every start ("0.00s - Debugger warning: …"), and Node's inspector at every end. */
const debuggerTalk = /^\d+\.\d+s - |^Waiting for the debugger to disconnect/;

/** The last line that names an error, else the last line. */
function lastLine(output: string): string {
  const plain = output.replace(/\x1b\[[0-?]*[ -/]*[@-~]/g, '');
  const lines = plain.split('\n').filter((line) => line.trim() !== '' && !debuggerTalk.test(line));
  const named = lines.findLast((line) => /^[\w.]*(Error|Exception)\b/.test(line));
  const line = (named ?? lines.at(-1) ?? '').trim();
  return line.length > longestQuote ? `${line.slice(0, longestQuote)}…` : line;
}
