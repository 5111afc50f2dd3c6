/** Uploads: small files a few at a time, large ones in chunks, with progress, cancel, and a question when a name is taken. */
import { signal } from '@preact/signals';
import type { ContentsModel } from '../../src/protocol/rest-models.js';
import { api, ApiError } from '../base/api.js';
import { openDialog } from '../base/dialog.js';
import { announce, notifyError } from '../base/notify.js';
import { encodePath, joinPath } from '../base/urls.js';
import * as dashboard from './dashboard.js';
import { freeName, nameProblem } from './items.js';

export interface Upload {
  id: number;
  name: string;
  folder: string;
  /** bytes */
  size: number;
  sent: number;
  state: 'waiting' | 'sending' | 'failed';
  /** a sentence when it failed */
  problem?: string;
}

/** What has not arrived yet; views show it above the list. */
export const uploads = signal<readonly Upload[]>([]);

/** Base64 makes a request a third longer; the server counts at most 512 MiB, and progress wants small steps. */
const CHUNK = 4 * 1024 * 1024;

interface Source {
  file: File;
  abort: AbortController;
  /** the chunk that is sent next, from 1: an upload that broke off goes on there */
  next: number;
}

const files = new Map<number, Source>();
let lastId = 0;
let working = false;
/** the answer "for all" to the question about taken names, of the files that came together */
let answerForAll: Answer | undefined;

type Answer = 'replace' | 'keep' | 'skip';

/** A file, and where it goes below the folder that is shown: `photos/2024/a.jpg`. */
export interface NewFile {
  file: File;
  path: string;
}

/** Takes files into the folder that is shown; the folders in their paths are made. */
export async function addFiles(list: Iterable<NewFile>): Promise<void> {
  const folder = dashboard.path.value;
  const added = [...list];
  answerForAll = undefined;
  try {
    await makeFolders(folder, added);
  } catch (error) {
    notifyError('The folders cannot be made.', error);
    return;
  }
  const names = new Set(uploads.value.filter((each) => each.folder === folder).map(({ name }) => name));
  if (dashboard.path.value === folder) for (const { name } of dashboard.items.value ?? []) names.add(name);
  const taken = (name: string) => names.has(name);
  const accepted: Upload[] = [];
  for (const [index, { file, path }] of added.entries()) {
    let name = path;
    if (taken(name)) {
      const answer = answerForAll ?? (await askAboutTaken(name, added.length - index > 1));
      if (answer === 'skip') continue;
      if (answer === 'keep') name = freeName(name, taken);
    }
    names.add(name);
    lastId += 1;
    files.set(lastId, { file, abort: new AbortController(), next: 1 });
    accepted.push({ id: lastId, name, folder, size: file.size, sent: 0, state: 'waiting' });
  }
  uploads.value = [...uploads.value, ...accepted];
  void work();
}

/** Each folder before what is in it; one that is there already stays as it is. */
async function makeFolders(folder: string, added: readonly NewFile[]): Promise<void> {
  const wanted = new Set<string>();
  for (const { path } of added) {
    const parts = path.split('/').slice(0, -1);
    parts.forEach((_part, at) => wanted.add(parts.slice(0, at + 1).join('/')));
  }
  for (const path of [...wanted].sort()) {
    const problem = nameProblem(path.slice(path.lastIndexOf('/') + 1));
    if (problem !== undefined) throw new Error(`"${path}": ${problem}`);
    await api.put(`api/contents/${encodePath(joinPath(folder, path))}`, { type: 'directory' });
  }
  if (wanted.size > 0) await dashboard.refresh();
}

async function askAboutTaken(name: string, more: boolean): Promise<Answer> {
  const all = document.createElement('input');
  all.type = 'checkbox';
  const label = document.createElement('label');
  label.append(all, ' Do the same for the rest');
  const answer = await openDialog<Answer>({
    title: 'Replace file',
    body: [`There is already a file named "${name}".`, ...(more ? [label] : [])],
    buttons: [
      { label: 'Skip', value: 'skip', cancel: true },
      { label: 'Keep both', value: 'keep' },
      { label: 'Replace', value: 'replace', kind: 'danger' },
    ],
  });
  if (all.checked) answerForAll = answer ?? 'skip';
  return answer ?? 'skip';
}

export function cancelUpload(id: number): void {
  files.get(id)?.abort.abort();
  forget(id);
}

export function cancelAllUploads(): void {
  for (const { id } of uploads.value) files.get(id)?.abort.abort();
  files.clear();
  uploads.value = [];
}

export function retryUpload(id: number): void {
  change(id, { state: 'waiting' });
  void work();
}

function change(id: number, patch: Partial<Upload>): void {
  uploads.value = uploads.value.map((upload) => (upload.id === id ? { ...upload, ...patch } : upload));
}

function forget(id: number): void {
  files.delete(id);
  uploads.value = uploads.value.filter((upload) => upload.id !== id);
}

/** Files that are sent at the same time: a small one mostly waits for its answer. */
const AT_ONCE = 4;

async function work(): Promise<void> {
  if (working) return;
  working = true;
  const worker = async (): Promise<void> => {
    let next: Upload | undefined;
    while ((next = nextUpload()) !== undefined) await send(next);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  working = false;
  await dashboard.refresh();
}

/** A large file is sent alone, so that one begins to be whole before the next begins. */
function nextUpload(): Upload | undefined {
  const large = uploads.value.some(({ state, size }) => state === 'sending' && size > CHUNK);
  return uploads.value.find(({ state, size }) => state === 'waiting' && !(large && size > CHUNK));
}

async function send(upload: Upload): Promise<void> {
  const source = files.get(upload.id);
  if (source === undefined) return forget(upload.id);
  change(upload.id, { state: 'sending' });
  try {
    const problem =
      nameProblem(upload.name.slice(upload.name.lastIndexOf('/') + 1)) ??
      (await notebookProblem(source.file, upload.name));
    if (problem !== undefined) throw new Error(problem);
    await sendWhole(source, upload);
    forget(upload.id);
    announce(`${upload.name} was uploaded.`);
  } catch (error) {
    if (source.abort.signal.aborted) return;
    change(upload.id, { state: 'failed', problem: sentence(error) });
  }
}

function sentence(error: unknown): string {
  if (error instanceof ApiError || error instanceof Error) return error.message;
  return 'The upload failed.';
}

/** A notebook that is not JSON would only fail later, when somebody opens it. Large ones are taken on trust. */
async function notebookProblem(file: File, name: string): Promise<string | undefined> {
  if (!name.endsWith('.ipynb') || file.size > 50_000_000) return undefined;
  try {
    const text = await file.text();
    // NaN and Infinity are not JSON, but Python writes them into notebooks
    const parsed: unknown = JSON.parse(text.replace(/\b(?:NaN|-?Infinity)\b/g, 'null'));
    if (typeof parsed === 'object' && parsed !== null && 'nbformat' in parsed) return undefined;
  } catch {
    // falls through to the sentence: whatever the parser said, it is not a notebook
  }
  return 'The file is not a notebook: its content is not notebook JSON.';
}

/** Pauses before a broken connection is tried again, in ms; after the last the person decides. */
const PAUSES = [500, 1000, 2000, 4000, 8000, 15_000];

/** Sends a file to its end, over broken connections, and checks that what arrived is what was sent. */
async function sendWhole(source: Source, upload: Upload): Promise<void> {
  const { signal } = source.abort;
  let answer: ContentsModel | undefined;
  let reached = 0;
  for (let broken = 0; ;) {
    try {
      answer = await sendChunks(source, upload);
      break;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ApiError) || !mayGoOn(error)) throw error;
      // Counted anew when it got further meanwhile: on a bad line a large file meets many breaks.
      if (source.next > reached) broken = 0;
      reached = source.next;
      const pause = PAUSES[broken];
      broken += 1;
      if (pause === undefined) throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
      signal.throwIfAborted();
      // The answer to the last chunk may be what was lost: then all is there.
      if (source.next === chunksOf(source.file) && (await hasArrived(source.file, upload))) return;
    }
  }
  if (!(await hasArrived(source.file, upload, answer))) {
    source.next = 1;
    throw new Error('What arrived is not what was sent. Please try again.');
  }
}

/** A connection or proxy broke, or a chunk arrived damaged. */
const mayGoOn = ({ unreachable, status, reason }: ApiError): boolean =>
  unreachable || status >= 502 || reason === 'wrong hash';

const chunksOf = (file: File) => Math.max(1, Math.ceil(file.size / CHUNK));

/**
 * One PUT for a small file; else chunk 1, 2, … and -1 for the last (Jupyter's chunked uploads).
 *
 * @returns what the server says of the file that it has written
 */
async function sendChunks(source: Source, upload: Upload): Promise<ContentsModel | undefined> {
  const { file, abort } = source;
  const address = addressOf(upload);
  const count = chunksOf(file);
  let answer: ContentsModel | undefined;
  for (; source.next <= count; source.next += 1) {
    const part = file.slice((source.next - 1) * CHUNK, source.next * CHUNK);
    const chunk = source.next === count ? -1 : source.next;
    const content = await toBase64(part);
    abort.signal.throwIfAborted();
    const body = {
      type: 'file',
      format: 'base64',
      content,
      ...(count > 1 ? { chunk, chunk_sha256: (await sha256Of(part)) ?? null } : {}),
    };
    try {
      answer = await api.put<ContentsModel>(address, body, { signal: abort.signal });
    } catch (error) {
      if (
        !(error instanceof ApiError) ||
        error.status !== 400 ||
        chunk === 1 ||
        error.reason === 'wrong hash'
      )
        throw error;
      // It took this chunk although its answer was lost; or it gave the upload up, and all begins again.
      const expected = Number(/^Chunk (\d+) of .* is expected/.exec(error.message)?.[1] ?? 1);
      source.next = (expected === source.next + 1 ? expected : 1) - 1;
      continue;
    }
    if (count > 1) change(upload.id, { sent: Math.min(file.size, source.next * CHUNK) });
  }
  return answer;
}

/**
 * Files up to here are compared by their content once more when they are there, larger ones by their size: hashing needs the
 * whole file in memory. Their chunks were compared one by one.
 */
const HASHED = 256 * 1024 * 1024;

/** @param answer  to the last write; without a hash in it the server is asked */
async function hasArrived(file: File, upload: Upload, answer?: ContentsModel): Promise<boolean> {
  const hashes = file.size <= HASHED && canHash();
  const query = hashes ? 'content=0&hash=1' : 'content=0';
  let model: ContentsModel;
  try {
    model =
      answer?.hash != null ? answer : await api.get<ContentsModel>(`${addressOf(upload)}?type=file&${query}`);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return false;
    throw error;
  }
  // A notebook may be written in another form than it was sent.
  if (upload.name.endsWith('.ipynb') && model.size !== file.size) return true;
  if (model.size !== file.size) return false;
  if (!hashes || model.hash === null || model.hash_algorithm !== 'sha256') return true;
  return (await sha256Of(file)) === model.hash;
}

/** Browsers hash only on pages that nobody between can have changed: https, or this computer. */
const canHash = (): boolean => globalThis.crypto?.subtle !== undefined;

/** In hex; undefined where the browser does not hash. */
async function sha256Of(part: Blob): Promise<string | undefined> {
  if (!canHash()) return undefined;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await part.arrayBuffer()));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function addressOf(upload: Upload): string {
  return `api/contents/${encodePath(joinPath(upload.folder, upload.name))}`;
}

function toBase64(part: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener('load', () => {
      const address = reader.result as string; // a data: address
      resolve(address.slice(address.indexOf(',') + 1));
    });
    reader.addEventListener('error', () =>
      reject(new Error('The file cannot be read; it may have changed or been removed meanwhile.')),
    );
    reader.readAsDataURL(part);
  });
}

window.addEventListener('beforeunload', (event) => {
  if (uploads.value.some((upload) => upload.state !== 'failed')) event.preventDefault();
});
