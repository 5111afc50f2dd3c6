// Takes the place of thread-stream in the bundle: pino needs it for transports in worker threads, and we have none.
'use strict';

module.exports = class ThreadStream {
  constructor() {
    throw new Error('nbserver logs without transports: thread-stream is not part of its bundle.');
  }
};
