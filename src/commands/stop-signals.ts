/** What Control-C, SIGTERM, SIGHUP and SIGUSR1 do to a running server (jupyter_server's words and waits). */
import { createInterface } from 'node:readline';

export interface SignalActions {
  /** ends the server; called once. `SIGHUP`: the terminal is gone, so the process is to end by that signal */
  stop(signal?: 'SIGHUP'): void;
  /** ends the process as it is, for who does not wait until it has stopped */
  endNow(): void;
  /** prints where the server is and what runs */
  describe(): void;
  /** reads certificate and password again */
  reload(): void;
  /** ask before Control-C stops: only with a person at a terminal */
  ask: boolean;
  /** started at a terminal: closing that ends the server. A service takes SIGHUP as "read your files again". */
  attached: boolean;
  say(line: string): void;
}

/** Signals that come so soon after one another are one: npm and a container's init send on a Control-C that came to all. ms */
const ONE_PRESS = 1_000;
/** How long the question waits for an answer, in milliseconds. */
const ANSWER_TIME = 5_000;

export interface Signals {
  /** The server is being stopped by something else: nobody is asked any more. */
  stopping(): void;
  /** Takes the handlers away. */
  close(): void;
}

/** Installs the handlers, which stay while the server stops: by default a second signal would cut that off. */
export function onSignals(actions: SignalActions): Signals {
  let isStopping = false;
  let isWarned = false;
  let last = -Infinity;
  let asking: { close(): void } | undefined;

  const stop = (why: string, signal?: 'SIGHUP') => {
    if (isStopping) return;
    isStopping = true;
    actions.say(why);
    actions.stop(signal);
  };
  /** A dead network drive may never answer. A second press is habit; only who was told ends it unsaved. */
  const again = (sinceLast: number) => {
    if (sinceLast < ONE_PRESS) return;
    if (isWarned) return actions.endNow();
    isWarned = true;
    actions.say(
      'Still stopping: kernels end and notebooks are saved. One more signal ends it at once, unsaved.',
    );
  };
  const sinceLast = () => {
    const before = last;
    last = performance.now();
    return last - before;
  };
  const interrupt = () => {
    const since = sinceLast();
    if (isStopping) again(since);
    else if (!actions.ask || asking) {
      asking?.close();
      stop('received signal 2, stopping');
    } else ask();
  };
  const ask = () => {
    actions.say('interrupted');
    actions.describe();
    asking = question('Shut down this notebook server (y/[n])? ', ANSWER_TIME, (answer) => {
      asking = undefined;
      if (answer !== undefined && isYes(answer)) stop('Shutdown confirmed');
      else {
        if (answer === undefined) actions.say(`No answer for ${ANSWER_TIME / 1000}s:`);
        actions.say('resuming operation...');
      }
    });
  };
  const handlers = {
    SIGINT: interrupt,
    SIGTERM: () => {
      const since = sinceLast();
      if (isStopping) again(since);
      else stop('received signal 15, stopping');
    },
    SIGHUP: () => (actions.attached ? stop('The terminal was closed, stopping', 'SIGHUP') : actions.reload()),
    SIGUSR1: actions.describe,
  };
  for (const [signal, handler] of Object.entries(handlers)) process.on(signal, handler);
  return {
    stopping() {
      isStopping = true;
      asking?.close();
    },
    close() {
      asking?.close();
      for (const [signal, handler] of Object.entries(handlers)) process.off(signal, handler);
    },
  };
}

/** Yes begins with y and holds no n, as it always was. */
export function isYes(answer: string): boolean {
  const lower = answer.trim().toLowerCase();
  return lower.startsWith('y') && !lower.includes('n');
}

/** Asks on the terminal; `answered` gets undefined when time is up. Control-C while it asks is a second interrupt. */
function question(
  text: string,
  wait: number,
  answered: (answer: string | undefined) => void,
): { close(): void } {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  // A terminal that goes away while it is read is an error here, and SIGHUP there.
  lines.on('error', () => end(undefined, false));
  let over = false;
  const end = (answer: string | undefined, tell: boolean) => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    lines.close();
    process.stdin.unref();
    if (tell) answered(answer);
  };
  const timer = setTimeout(() => end(undefined, true), wait);
  lines.on('SIGINT', () => process.emit('SIGINT'));
  lines.question(text, (answer) => end(answer, true));
  return { close: () => end(undefined, false) };
}
