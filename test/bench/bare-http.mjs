// The floor: the least that a Node process can do to answer 200, and the least page that shows a text and can be typed in.
import { createServer } from 'node:http';

const PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>bare</title><script type="module" src="/text.js"></script>
<div data-cell-id="bare"><pre class="source" contenteditable></pre></div></html>`;
const ANSWERS = {
  '/notebooks/bench.ipynb': ['text/html', PAGE],
  '/text.js': ['text/javascript', "document.querySelector('.source').textContent = 'def compute(a, b):'"],
};

createServer(({ url }, res) => {
  const [type, body] = ANSWERS[url] ?? ['application/json', '{}'];
  res.setHeader('Content-Type', type).end(body);
}).listen(Number(process.argv[2]), '127.0.0.1');
