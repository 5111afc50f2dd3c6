/** Says in a sentence why a kernel's process ended. Pure. */
import type { KernelExit } from '../protocol/rest-models.js';

/** What a process leaves when it ends. */
export interface ProcessEnd {
  /** exit code, or null when a signal ended it */
  code: number | null;
  signal: NodeJS.Signals | null;
  /** the last of what it wrote to stdout and stderr */
  output: string;
  /** the last of what it wrote to stderr */
  errors: string;
}

export interface ExitFacts extends ProcessEnd {
  /** the system ended a process for lack of memory while it ran */
  outOfMemory?: boolean;
  /** the most memory that it was seen with, in bytes */
  peak?: number;
  /** a cell was running */
  wasBusy?: boolean;
  /** it had been sent a SIGINT just before */
  wasInterrupted?: boolean;
  /** it had answered: whatever it wrote about ports and modules is about those of its cells */
  wasReady?: boolean;
}

/** Longest piece of the kernel's own words in a reason. */
const longestQuote = 300;
/** Lines of stderr in a model, and the longest of them. */
const mostLines = 20;
const longestLine = 500;

/** A shell that starts a kernel reports a signal of it as 128 and its number. */
const shellSignals: Readonly<Record<number, NodeJS.Signals>> = {
  132: 'SIGILL',
  134: 'SIGABRT',
  135: 'SIGBUS',
  136: 'SIGFPE',
  137: 'SIGKILL',
  139: 'SIGSEGV',
  143: 'SIGTERM',
};

export function exitReason(facts: ExitFacts, command: string): string {
  const sentence = cause(facts, command);
  return facts.wasBusy ? `${sentence} A cell was running.` : sentence;
}

function cause(facts: ExitFacts, command: string): string {
  const { code, signal, output, outOfMemory, peak, wasInterrupted } = facts;
  const missing = /No module named '?([\w.]+)'?\s*$/m.exec(output)?.[1];
  if (!facts.wasReady && (missing === 'ipykernel' || missing === 'ipykernel_launcher')) {
    return `${command} has no ipykernel, which it needs to run notebooks. Install it with: ${command} -m pip install ipykernel`;
  }
  if (isPortClash(facts)) return 'Another program took a port that was meant for the kernel.';
  if (wasInterrupted && (code === 0 || code === 130 || signal === 'SIGINT')) {
    return 'The kernel ended when it was interrupted: it does not know how to stop only its cell.';
  }
  const words = lastWords(output);
  const ended = signal ?? (code === null ? null : (shellSignals[code] ?? null));
  switch (ended) {
    case null:
      return code === 0 ? 'The kernel ended by itself.' : `The kernel ended with exit code ${code}.${words}`;
    case 'SIGKILL': {
      const size = peak === undefined ? '' : ` The most memory it was seen with was ${inBytes(peak)}.`;
      return outOfMemory
        ? `The kernel was killed because there was no memory left.${size} Work on less data at once, or on a machine with more memory.`
        : `The kernel was killed (SIGKILL); often this means that the machine had no memory left.${size}`;
    }
    case 'SIGSEGV':
      return `The kernel crashed by a segmentation fault (SIGSEGV); often this is an error in a compiled library that it used.${words}`;
    case 'SIGABRT':
    case 'SIGBUS':
    case 'SIGILL':
    case 'SIGFPE':
      return `The kernel crashed (${ended}); often this is an error in a compiled library that it used.${words}`;
    default:
      return `The kernel was ended by ${ended}.`;
  }
}

/** Why a kernel that runs but does not answer was given up. */
export function silenceReason(milliseconds: number, output: string): string {
  const seconds = Math.round(milliseconds / 1000);
  return `The kernel did not answer within ${seconds} seconds of its start (kernel_info_timeout).${lastWords(output)}`;
}

/** The facts of an end for programs and pages. */
export function exitModel(facts: ExitFacts): KernelExit {
  return {
    code: facts.code,
    signal: facts.signal,
    was_busy: facts.wasBusy ?? false,
    out_of_memory: facts.outOfMemory ?? false,
    peak_memory: facts.peak ?? null,
    stderr: plainLines(facts.errors)
      .slice(-mostLines)
      .map((line) => cut(line, longestLine)),
  };
}

export function isPortClash({ output, wasReady }: Pick<ExitFacts, 'output' | 'wasReady'>): boolean {
  return !wasReady && /address already in use|EADDRINUSE/i.test(output);
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

/** The last line that names an error, else the last line, as a sentence to append. */
function lastWords(output: string): string {
  const lines = plainLines(output);
  const named = lines.findLast((line) => /^[\w.]*(Error|Exception)\b/.test(line));
  const line = (named ?? lines.at(-1) ?? '').trim();
  return line === '' ? '' : ` Its last words: ${cut(line, longestQuote)}`;
}

/** Lines that say something, without colours and other control characters. */
function plainLines(output: string): string[] {
  const plain = output.replace(/\x1b\[[0-?]*[ -/]*[@-~]/g, '').replace(/[\x00-\x08\x0b-\x1f\x7f]/g, '');
  return plain.split('\n').filter((line) => line.trim() !== '' && !debuggerTalk.test(line));
}

function cut(line: string, length: number): string {
  return line.length > length ? `${line.slice(0, length)}…` : line;
}

/** `3.2 GB` */
function inBytes(bytes: number): string {
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
