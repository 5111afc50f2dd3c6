// The floor for the bridge: the least that a Node process can do between a kernel's iopub and v1 websockets. It checks no
// signature, keeps nothing and knows no slow client. `node bare-bridge.mjs PORT CONNECTION_FILE`
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Subscriber } from 'zeromq';

const [port, file] = process.argv.slice(2);
const connection = JSON.parse(readFileSync(file, 'utf8'));
const sockets = new Set();
createServer((_req, res) => res.end('{}'))
  .on('upgrade', (req, socket) => {
    const key = createHash('sha1').update(
      `${req.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`,
    );
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Accept: ${key.digest('base64')}\r\n\r\n`,
    );
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  })
  .listen(Number(port), '127.0.0.1');

const iopub = new Subscriber({ linger: 0, receiveHighWaterMark: 0 });
iopub.subscribe();
iopub.connect(`tcp://127.0.0.1:${connection.iopub_port}`);
let batch = [];
for (;;) {
  const frames = await iopub.receive();
  const parts = [Buffer.from('iopub'), ...frames.slice(3)];
  const head = Buffer.alloc(8 * (parts.length + 2));
  head.writeUInt32LE(parts.length + 1, 0);
  let at = head.length;
  head.writeUInt32LE(at, 8);
  parts.forEach((part, i) => head.writeUInt32LE((at += part.length), 8 * (i + 2)));
  const frame = Buffer.alloc(at < 126 ? 2 : at < 65_536 ? 4 : 10);
  frame[0] = 0x82;
  frame[1] = at < 126 ? at : at < 65_536 ? 126 : 127;
  if (frame.length === 4) frame.writeUInt16BE(at, 2);
  if (frame.length === 10) frame.writeUInt32BE(at, 6);
  batch.push(frame, head, ...parts);
  if (batch.length > 2000) flush();
  else if (batch.length === parts.length + 2) process.nextTick(flush);
}

function flush() {
  if (batch.length === 0) return;
  const bytes = Buffer.concat(batch);
  batch = [];
  for (const socket of sockets) socket.write(bytes);
}
