/** Uploads: one after the other, in chunks, with progress, cancel, and a question when a name is taken. */
import { signal } from '@preact/signals';
import type { ContentsModel } from '../../src/protocol/rest-models.js';
import { api, ApiError } from '../base/api.js';
import { openDialog } from '../base/dialog.js';
import { announce } from '../base/notify.js';
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

const files = new Map<number, { file: File; abort: AbortController }>();
let lastId = 0;
let working = false;
/** the answer "for all" to the question about taken names, of the files that came together */
let answerForAll: Answer | undefined;

type Answer = 'replace' | 'keep' | 'skip';

/** Takes files into the folder that is shown. */
export async function addFiles(list: Iterable<File>): Promise<void> {
  const folder = dashboard.path.value;
  const added = [...list];
  answerForAll = undefined;
  for (const [index, file] of added.entries()) {
    const taken = (name: string) =>
      (dashboard.path.value === folder &&
        dashboard.items.value?.some((item) => item.name === name) === true) ||
      uploads.value.some((upload) => upload.folder === folder && upload.name === name);
    let { name } = file;
    if (taken(name)) {
      const answer = answerForAll ?? (await askAboutTaken(name, added.length - index > 1));
      if (answer === 'skip') continue;
      if (answer === 'keep') name = freeName(name, taken);
    }
    lastId += 1;
    files.set(lastId, { file, abort: new AbortController() });
    uploads.value = [
      ...uploads.value,
      { id: lastId, name, folder, size: file.size, sent: 0, state: 'waiting' },
    ];
  }
  void work();
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

export function retryUpload(id: number): void {
  change(id, { state: 'waiting', sent: 0 });
  void work();
}

function change(id: number, patch: Partial<Upload>): void {
  uploads.value = uploads.value.map((upload) => (upload.id === id ? { ...upload, ...patch } : upload));
}

function forget(id: number): void {
  files.delete(id);
  uploads.value = uploads.value.filter((upload) => upload.id !== id);
}

async function work(): Promise<void> {
  if (working) return;
  working = true;
  let next: Upload | undefined;
  while ((next = uploads.value.find((upload) => upload.state === 'waiting')) !== undefined) {
    await send(next);
  }
  working = false;
}

async function send(upload: Upload): Promise<void> {
  const source = files.get(upload.id);
  if (source === undefined) return forget(upload.id);
  change(upload.id, { state: 'sending' });
  try {
    const problem = nameProblem(upload.name) ?? (await notebookProblem(source.file, upload.name));
    if (problem !== undefined) throw new Error(problem);
    await sendChunks(source.file, upload, source.abort.signal);
    forget(upload.id);
    announce(`${upload.name} was uploaded.`);
    if (dashboard.path.value === upload.folder) await dashboard.refresh();
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

/** One PUT for a small file; else chunk 1, 2, … and -1 for the last (Jupyter's chunked uploads). */
async function sendChunks(file: File, upload: Upload, signal: AbortSignal): Promise<void> {
  const address = `api/contents/${encodePath(joinPath(upload.folder, upload.name))}`;
  const count = Math.max(1, Math.ceil(file.size / CHUNK));
  for (let index = 0; index < count; index += 1) {
    const part = file.slice(index * CHUNK, (index + 1) * CHUNK);
    const chunk = index === count - 1 ? -1 : index + 1;
    const content = await toBase64(part);
    signal.throwIfAborted();
    const body = {
      type: 'file',
      format: 'base64',
      content,
      name: upload.name,
      ...(count > 1 ? { chunk } : {}),
    };
    await api.put<ContentsModel>(address, body, { signal });
    change(upload.id, { sent: Math.min(file.size, (index + 1) * CHUNK) });
  }
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
