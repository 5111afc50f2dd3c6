/**
 * Formats `error.stack` so that it names cells and holds none of the kernel's own frames, wherever it is shown: in an
 * error, in a result, or printed by user code.
 */

/** How V8 names a cell's script; its comment allows no space. */
const cellFrame = /\bIn\[([\d*]+)\](?=:\d)/;

/** @param own  how the file names of the kernel's own frames begin: the URL of its folder, and the name of its importer */
export function installStackTraces(own: readonly string[]): void {
  // Half of the ten that V8 keeps by default would be ours.
  Error.stackTraceLimit = 30;
  Error.prepareStackTrace = (error, frames) => {
    const shown = frames
      .slice(0, evaluatorFrame(frames))
      .filter((frame) => !own.some((start) => frame.getFileName()?.startsWith(start)))
      .map((frame) => `\n    at ${frameText(frame).replace(cellFrame, 'Cell In[$1]')}`);
    return headline(error) + shown.join('');
  };
}

/** Below the inspector, which evaluates the cell, lie only our message loop and Node's. */
function evaluatorFrame(frames: NodeJS.CallSite[]): number {
  const at = frames.findLastIndex((frame) => frame.getFileName() === 'node:inspector');
  return at < 0 ? frames.length : at;
}

function frameText(frame: { toString(): string }): string {
  return frame.toString();
}

/** As V8 writes it; an error whose own properties throw must still have a stack. */
function headline(error: Error): string {
  try {
    return Error.prototype.toString.call(error);
  } catch {
    // The stack is all that can be told then.
    return 'Error';
  }
}
