// The floor: the least that a Node process can do to answer 200.
import { createServer } from 'node:http';

createServer((_req, res) => res.end('{}')).listen(Number(process.argv[2]), '127.0.0.1');
