/** The server's log: pino to stderr, readable on a terminal, one JSON object a line otherwise. No secret passes. */
import { pino, type DestinationStream, type Logger } from 'pino';
import type { RequestHandler } from 'express';
import { redactUrl } from '../auth/index.js';
import type { Log } from '../log.js';

export interface ServerLog extends Log {
  /** What every finished request writes: at `info` when it failed, at `debug` otherwise. */
  requests: RequestHandler;
}

/** A value from outside is cut at this many characters, and its control characters are made visible. */
const LONGEST_VALUE = 200;
/** Of a whole message: a stack fits, the text of what somebody sent does not. */
const LONGEST_MESSAGE = 8000;

/** Bytes of lines that wait while stderr takes none, on a full disk; what comes on top of them is lost. */
const MOST_WAITING = 64 * 1024;

/** @param level  pino's: fatal, error, warn, info, debug, trace or silent */
export async function createLog(level: string, terminal = process.stderr.isTTY): Promise<ServerLog> {
  const stderr = pino.destination({ dest: 2, sync: true, maxLength: MOST_WAITING });
  // A full disk or a terminal that is gone. There is nowhere left to say so, and kernels and documents have to go on.
  stderr.on('error', () => {});
  const logger = pino({ level, base: null }, terminal ? await readable(stderr) : stderr);
  return { ...face(logger), requests: requestLog(logger) };
}

async function readable(stderr: DestinationStream): Promise<DestinationStream> {
  const { default: pinoPretty } = await import('pino-pretty');
  const pretty = pinoPretty.prettyFactory({
    colorize: true,
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'pid,hostname',
  });
  return { write: (line) => stderr.write(pretty(line)) };
}

function face(logger: Logger): Log {
  return {
    debug: (message) => logger.debug(printable(message)),
    info: (message) => logger.info(printable(message)),
    warn: (message) => logger.warn(printable(message)),
    error: (message) => logger.error(printable(message)),
  };
}

function requestLog(logger: Logger): RequestHandler {
  return (req, res, next) => {
    const started = performance.now();
    res.on('finish', () => {
      const level = res.statusCode >= 500 ? 'error' : res.statusCode >= 400 ? 'warn' : 'debug';
      if (!logger.isLevelEnabled(level)) return;
      const took = (performance.now() - started).toFixed(1);
      const url = printable(redactUrl(req.originalUrl)).slice(0, LONGEST_VALUE);
      logger[level](
        `${res.statusCode} ${req.method} ${url} (${req.socket.remoteAddress ?? 'socket'}) ${took} ms`,
      );
    });
    next();
  };
}

/** Control characters could move a terminal's cursor, and forge lines: every further line of a message is indented. */
export function printable(text: string): string {
  const visible = text
    .slice(0, LONGEST_MESSAGE)
    .replace(
      /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g,
      (each) => `\\x${each.charCodeAt(0).toString(16).padStart(2, '0')}`,
    )
    .replace(/\n(?! )/g, '\n    ');
  return text.length > LONGEST_MESSAGE ? `${visible}…` : visible;
}
