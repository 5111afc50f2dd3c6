/** The connection test in a browser: does what pages do, one step after the other, and names the fault and its cure. */
import './connection.css';
import {
  connectionModel,
  faultsOf,
  OWN_PING,
  isHeldBack,
  STREAM_PAUSE,
  UPLOADS,
  type ConnectionFacts,
  type Fault,
} from '../../src/protocol/connection-test.js';
import { proxySnippet, type ProxyKind } from '../../src/protocol/proxy-snippets.js';
import { api, ApiError, xsrfHeaders } from '../base/api.js';
import { socketUrl } from '../base/connection.js';
import { pageData } from '../base/page-data.js';
import { urlFor } from '../base/urls.js';

/** ms until a websocket that has not opened counts as failed */
const PATIENCE = 15_000;
const PROXIES: ProxyKind[] = ['nginx', 'Apache', 'Caddy'];
const data = pageData<{ backend: string }>();

const steps = find('steps');
const faults = find('faults');
const again = find<HTMLButtonElement>('again');
again.addEventListener('click', () => void test());
void test();

function find<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`The page has no #${id}.`);
  return element as T;
}

async function test(): Promise<void> {
  again.disabled = true;
  document.body.dataset['test'] = 'running';
  steps.replaceChildren();
  faults.replaceChildren();
  const facts: ConnectionFacts = { url: location.origin + data.base_url };
  const id = `${Date.now()}-${Math.random()}`;
  let isComplete = true;
  const step = async (label: string, run: () => Promise<void>) => {
    const error = await showStep(label, run);
    if (error === undefined) return;
    isComplete = false;
    // `fetch` throws a TypeError when nobody answers
    if ((error instanceof ApiError && error.unreachable) || error instanceof TypeError)
      facts.unreachable = 'no answer';
  };
  await step('Ask the server', async () => {
    facts.answer = await askServer(id);
    const { server } = facts.answer;
    if (server !== undefined) facts.clock = Date.parse(server.time) - Date.now();
  });
  if (facts.answer?.server !== undefined) {
    await step('Open a websocket', async () => {
      facts.socket = { state: await openSocket(id) };
      if (facts.socket.state === 'failed') facts.socket.seen = (await askServer(id)).server?.socket ?? null;
    });
    await step('Send large requests', async () => {
      const failed = await largestUpload();
      if (failed !== undefined) facts.upload = failed;
    });
    await step('Read an answer that comes in two halves', async () => {
      facts.heldBack = await isHeldBack(halves);
    });
    if (facts.socket?.state === 'open') {
      await step(`Keep a websocket silent for ${OWN_PING + 5} s`, async () => {
        const cut = await idleCut(id);
        if (cut !== undefined) facts.idleCut = cut;
      });
    }
  }
  show(faultsOf(facts, 'browser'), isComplete);
  document.body.dataset['test'] = 'done';
  again.disabled = false;
}

/** A line of the list while it is done. What a step finds wrong is said at the end, all together. @returns why it failed */
async function showStep(label: string, run: () => Promise<void>): Promise<unknown> {
  const line = document.createElement('li');
  line.textContent = `${label} …`;
  steps.append(line);
  try {
    await run();
    line.textContent = `${label}: done`;
    return undefined;
  } catch (error) {
    line.textContent = `${label}: ${error instanceof Error ? error.message : String(error)}`;
    return error;
  }
}

async function askServer(id: string): Promise<NonNullable<ConnectionFacts['answer']>> {
  const query = new URLSearchParams({ origin: location.origin, test: id }).toString();
  try {
    const server = connectionModel(await api.get<unknown>(`api/connection?${query}`));
    return { status: 200, message: '', ...(server === undefined ? {} : { server }) };
  } catch (error) {
    if (error instanceof ApiError && !error.unreachable)
      return { status: error.status, message: error.message };
    throw error;
  }
}

function connect(id: string): WebSocket {
  return new WebSocket(socketUrl(`${urlFor('api/connection/socket')}?test=${encodeURIComponent(id)}`));
}

function openSocket(id: string): Promise<'open' | 'failed'> {
  const socket = connect(id);
  return new Promise((resolve) => {
    const end = (state: 'open' | 'failed') => {
      clearTimeout(timer);
      resolve(state);
      socket.close();
    };
    const timer = setTimeout(() => end('failed'), PATIENCE);
    socket.addEventListener('open', () => end('open'));
    socket.addEventListener('close', () => end('failed'));
  });
}

/** Seconds until a websocket on which nobody speaks is cut; undefined when it stays. */
function idleCut(id: string): Promise<number | undefined> {
  const socket = connect(id);
  return new Promise((resolve) => {
    let opened = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    socket.addEventListener('open', () => {
      opened = performance.now();
      timer = setTimeout(
        () => {
          resolve(undefined);
          socket.close();
        },
        (OWN_PING + 5) * 1000,
      );
    });
    socket.addEventListener('close', () => {
      clearTimeout(timer);
      resolve(opened === 0 ? undefined : (performance.now() - opened) / 1000);
    });
  });
}

async function largestUpload(): Promise<ConnectionFacts['upload']> {
  let passed = 0;
  for (const bytes of UPLOADS) {
    const status = await fetch(urlFor('api/connection/upload'), {
      method: 'POST',
      headers: { ...xsrfHeaders(), 'Content-Type': 'application/octet-stream' },
      body: new Uint8Array(bytes),
      redirect: 'error',
    }).then(
      (response) => response.status,
      () => 0, // a proxy may close the connection in the middle of what it does not take
    );
    if (status !== 200) return { failed: bytes, status, passed };
    passed = bytes;
  }
  return undefined;
}

/** How an answer in two halves arrives: the ms between them, and whose it is. */
async function halves(bytes: number): Promise<{ pause: number; server: string }> {
  const response = await fetch(urlFor(`api/connection/stream?bytes=${bytes}`), {
    redirect: 'error',
    cache: 'no-store',
  });
  const reader = response.body?.getReader();
  const server = response.headers.get('server') ?? '';
  if (reader === undefined) return { pause: STREAM_PAUSE, server };
  await reader.read();
  const first = performance.now();
  for (;;) if ((await reader.read()).done) break;
  return { pause: performance.now() - first, server };
}

/** @param isComplete  every step came to its end */
function show(found: readonly Fault[], isComplete: boolean): void {
  if (found.length === 0) {
    const result = document.createElement('p');
    result.className = isComplete ? 'note good' : 'note warning';
    result.textContent = isComplete
      ? 'Nothing is wrong between this browser and the server.'
      : 'The test did not come to its end; the step that failed says why. Test again.';
    faults.append(result);
    return;
  }
  for (const { name, problem, advice } of found) {
    const note = document.createElement('div');
    note.className = 'note error';
    note.dataset['fault'] = name;
    const cause = document.createElement('p');
    cause.textContent = problem;
    const cure = document.createElement('p');
    cure.textContent = advice;
    note.append(cause, cure);
    faults.append(note);
  }
  if (found.some(({ proxy }) => proxy)) faults.append(...PROXIES.map(howTo));
}

function howTo(kind: ProxyKind): HTMLElement {
  const details = document.createElement('details');
  const summary = document.createElement('summary');
  summary.textContent = `How ${kind} is set up`;
  const code = document.createElement('pre');
  code.tabIndex = 0;
  code.textContent = proxySnippet(kind, {
    url: location.origin + data.base_url,
    backend: data.backend,
  });
  details.append(summary, code);
  return details;
}
