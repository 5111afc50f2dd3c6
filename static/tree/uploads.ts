/** The files that are being uploaded: a few at a time, with progress, cancel, and a question when a name is taken. */
import { signal } from '@preact/signals';
import { api, ApiError } from '../base/api.js';
import { openDialog } from '../base/dialog.js';
import { announce, notify, notifyError } from '../base/notify.js';
import { pageData } from '../base/page-data.js';
import { encodePath, joinPath } from '../base/urls.js';
import * as dashboard from './dashboard.js';
import { freeName, isHidden, nameProblem } from './items.js';
import { CHUNK, FileSender, TakenError } from './send-file.js';

export interface Upload {
  id: number;
  name: string;
  folder: string;
  /** bytes */
  size: number;
  sent: number;
  state: 'waiting' | 'sending' | 'failed';
  /** a sentence: why it failed, or why nothing arrives at the moment */
  problem?: string | undefined;
}

/** What has not arrived yet; views show it above the list. */
export const uploads = signal<readonly Upload[]>([]);

type Answer = 'replace' | 'keep' | 'skip';

/** Files that came together. */
interface Batch {
  /** the answer "for the rest" to the question about taken names */
  forAll?: Answer;
}

interface Source {
  file: File;
  sender: FileSender;
  batch: Batch;
  /** the person said that what has the name may go */
  replace: boolean;
}

const sources = new Map<number, Source>();
let lastId = 0;

/** A file, and where it goes below the folder that is shown: `photos/2024/a.jpg`. */
export interface NewFile {
  file: File;
  path: string;
}

/** A folder that nothing is in. */
export interface NewFolder {
  path: string;
}

/** Takes files into a folder; the folders in their paths are made. */
export async function addFiles(given: readonly (NewFile | NewFolder)[], folder: string): Promise<void> {
  const taken = given.filter(({ path }) => takesHidden() || !isBelowHidden(path));
  if (taken.length < given.length) sayLeftOut(given.length - taken.length);
  const added = taken.filter((each) => 'file' in each);
  try {
    await makeFolders(folder, taken);
  } catch (error) {
    notifyError('The folders cannot be made.', error);
    return;
  }
  const batch: Batch = {};
  const accepted = added.map(({ file, path }): Upload => {
    lastId += 1;
    const id = lastId;
    const sender = new FileSender(file, {
      onProgress: (sent) => change(id, { sent }),
      onWaiting: (problem) => change(id, { problem }),
    });
    sources.set(id, { file, sender, batch, replace: false });
    return { id, name: path, folder, size: file.size, sent: 0, state: 'waiting' };
  });
  uploads.value = [...uploads.value, ...accepted];
  work();
}

/** Whether the server takes names that begin with a dot (allow_hidden). */
const takesHidden = () => pageData<dashboard.TreePageData>().hidden;

const isBelowHidden = (path: string) => path.split('/').some((name) => isHidden({ name }));

function sayLeftOut(count: number): void {
  const what = count === 1 ? 'One file was' : `${count} files were`;
  notify(
    `${what} left out: hidden names, which begin with a dot, are not taken here (option allow_hidden).`,
    { kind: 'warning', key: 'left-out' },
  );
}

/** Each folder before what is in it; one that is there already stays as it is. */
async function makeFolders(folder: string, added: readonly (NewFile | NewFolder)[]): Promise<void> {
  const wanted = new Set<string>();
  for (const each of added) {
    const parts = each.path.split('/').slice(0, 'file' in each ? -1 : undefined);
    parts.forEach((_part, at) => wanted.add(parts.slice(0, at + 1).join('/')));
  }
  for (const path of [...wanted].sort()) {
    const problem = nameProblem(path.slice(path.lastIndexOf('/') + 1), takesHidden());
    if (problem !== undefined) throw new Error(`"${path}": ${problem}`);
    await api.put(`api/contents/${encodePath(joinPath(folder, path))}`, { type: 'directory' });
  }
  if (wanted.size > 0) await dashboard.refresh();
}

/** One question at a time: files are sent side by side. */
let questions: Promise<unknown> = Promise.resolve();

function askAboutTaken({ name, folder, id }: Upload, batch: Batch): Promise<Answer> {
  const ask = async (): Promise<Answer> => {
    // Answered meanwhile for all that came with it, or cancelled.
    if (batch.forAll !== undefined) return batch.forAll;
    if (!sources.has(id)) return 'skip';
    const all = document.createElement('input');
    all.type = 'checkbox';
    const label = document.createElement('label');
    label.append(all, ' Do the same for the rest');
    const rest = [...sources.values()].filter((source) => source.batch === batch).length > 1;
    const where = folder === dashboard.path.value ? '' : ` in ${folder === '' ? 'Home' : `"${folder}"`}`;
    const answer = await openDialog<Answer>({
      title: 'Replace file',
      body: [`There is already a file named "${name}"${where}.`, ...(rest ? [label] : [])],
      buttons: [
        { label: 'Skip', value: 'skip', cancel: true },
        { label: 'Keep both', value: 'keep' },
        { label: 'Replace', value: 'replace', kind: 'danger' },
      ],
    });
    if (all.checked) batch.forAll = answer ?? 'skip';
    return answer ?? 'skip';
  };
  const mine = questions.then(ask);
  questions = mine.catch(() => undefined);
  return mine;
}

export function cancelUpload(id: number): void {
  sources.get(id)?.sender.cancel();
  forget(id);
}

export function cancelAllUploads(): void {
  for (const { sender } of sources.values()) sender.cancel();
  sources.clear();
  uploads.value = [];
}

export function retryUpload(id: number): void {
  change(id, { state: 'waiting', problem: undefined });
  work();
}

function change(id: number, patch: Partial<Upload>): void {
  uploads.value = uploads.value.map((upload) => (upload.id === id ? { ...upload, ...patch } : upload));
}

function forget(id: number): void {
  sources.delete(id);
  uploads.value = uploads.value.filter((upload) => upload.id !== id);
}

/** Files that are sent at the same time: a small one mostly waits for its answer. */
const AT_ONCE = 4;
let sending = 0;

/** Begins to send what may be sent now; what ends makes room for the next. */
function work(): void {
  let next: Upload | undefined;
  while (sending < AT_ONCE && (next = nextUpload()) !== undefined) {
    sending += 1;
    void send(next).finally(() => {
      sending -= 1;
      work();
      if (sending === 0) void dashboard.refresh();
    });
  }
}

/** A large file is sent alone, so that one begins to be whole before the next begins. */
function nextUpload(): Upload | undefined {
  const large = uploads.value.some(({ state, size }) => state === 'sending' && size > CHUNK);
  return uploads.value.find(({ state, size }) => state === 'waiting' && !(large && size > CHUNK));
}

async function send(upload: Upload): Promise<void> {
  const source = sources.get(upload.id);
  if (source === undefined) return forget(upload.id);
  change(upload.id, { state: 'sending' });
  try {
    const problem =
      nameProblem(upload.name.slice(upload.name.lastIndexOf('/') + 1), takesHidden()) ??
      (await notebookProblem(source.file, upload.name));
    if (problem !== undefined) throw new Error(problem);
    await sendUnderFreeName(source, upload);
  } catch (error) {
    if (!source.sender.isCancelled) change(upload.id, { state: 'failed', problem: sentence(error) });
  }
}

/** Nothing that is there goes away without an answer: the server itself refuses to write over it. */
async function sendUnderFreeName(source: Source, { id, name: wanted, folder }: Upload): Promise<void> {
  const tried = new Set<string>();
  const taken = (name: string) => {
    const isOther = (upload: Upload) => upload.id !== id && upload.folder === folder && upload.name === name;
    return tried.has(name) || uploads.value.some(isOther) || isListed(folder, name);
  };
  let name = wanted;
  for (;;) {
    try {
      await source.sender.send(joinPath(folder, name), source.replace);
      forget(id);
      announce(`${name} was uploaded.`);
      return;
    } catch (error) {
      if (!(error instanceof TakenError)) throw error;
    }
    tried.add(name);
    const upload = uploads.value.find((each) => each.id === id);
    // a name that was made up for "keep both" may be taken, too
    const answer =
      name !== wanted ? 'keep' : upload === undefined ? 'skip' : await askAboutTaken(upload, source.batch);
    if (answer === 'skip' || source.sender.isCancelled) {
      source.sender.cancel();
      return forget(id);
    }
    if (answer === 'replace') source.replace = true;
    else name = freePath(wanted, taken);
    change(id, { name, sent: 0 });
  }
}

/** As freeName, in the folder of a path, whose name may have dots as well. */
function freePath(path: string, taken: (path: string) => boolean): string {
  const at = path.lastIndexOf('/') + 1;
  const folder = path.slice(0, at);
  return folder + freeName(path.slice(at), (name) => taken(folder + name));
}

function isListed(folder: string, name: string): boolean {
  const path = joinPath(folder, name);
  return (dashboard.items.value ?? []).some((item) => item.path === path);
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

window.addEventListener('beforeunload', (event) => {
  if (uploads.value.some((upload) => upload.state !== 'failed')) event.preventDefault();
});
