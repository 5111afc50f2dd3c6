/** The tab Running: kernels, open notebooks and terminals, what each is at and uses, and how to stop one or all. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import type { DocumentModel } from '../../src/protocol/document-messages.js';
import type { KernelModel, ProcessUse, SessionModel, TerminalModel } from '../../src/protocol/rest-models.js';
import { api } from '../base/api.js';
import { confirmDialog } from '../base/dialog.js';
import { dateTime, humanSize, relativeTime } from '../base/format.js';
import { Icon, type IconName } from '../base/icons.js';
import { pageData } from '../base/page-data.js';
import { urlFor } from '../base/urls.js';
import { kernelLabel } from './actions.js';
import * as dashboard from './dashboard.js';
import { readProgress, stateText, type Progress } from './kernel-progress.js';
import { ofKernel, ofSession, ofTerminal, shutDown, type Running } from './shut-down.js';

/** ms between two looks at what kernels do and use */
const LOOK = 3000;

/** What is not on the page already. */
interface Seen {
  progress: ReadonlyMap<string, Progress>;
  kernels: readonly KernelModel[];
  documents: readonly DocumentModel[];
}

async function look(): Promise<Seen> {
  const [kernels, documents] = await Promise.all([
    api.get<KernelModel[]>('api/kernels?resources=1'),
    api.get<DocumentModel[]>('api/documents'),
    dashboard.loadSessions(),
    dashboard.loadTerminals(),
  ]);
  return { kernels, documents, progress: await readProgress(dashboard.sessions.value, documents) };
}

export function RunningTab() {
  const seen = useSignal<Seen>({ progress: new Map(), kernels: [], documents: [] });
  useEffect(() => {
    let isOpen = true;
    const tick = async (): Promise<void> => {
      if (document.hidden || dashboard.stopped.value) return;
      const now = await look();
      if (isOpen) seen.value = now;
    };
    // A failure is shown by the refresh of the page; the next look may succeed.
    const tryTick = () => void tick().catch(() => undefined);
    tryTick();
    const timer = setInterval(tryTick, LOOK);
    return () => {
      isOpen = false;
      clearInterval(timer);
    };
  }, []);
  const sessions = [...dashboard.sessions.value].sort((a, b) => a.path.localeCompare(b.path));
  const terminals = [...dashboard.terminals.value].sort((a, b) =>
    a.name.localeCompare(b.name, undefined, { numeric: true }),
  );
  const { progress } = seen.value;
  const ofNotebooks = new Set(sessions.map(({ kernel }) => kernel.id));
  const kernels = seen.value.kernels.filter(({ id }) => !ofNotebooks.has(id));
  const paths = new Set(sessions.map(({ path }) => path));
  const documents = seen.value.documents.filter(({ path }) => !paths.has(path));
  const all = [...sessions.map(ofSession), ...kernels.map(ofKernel), ...terminals.map(ofTerminal)];
  return (
    <>
      <div class="toolbar">
        <p class="hint">What runs on this server</p>
        <div class="toolbar-right">
          {all.length > 1 && (
            <button
              type="button"
              class="button"
              onClick={() => void shutDownAll(all, sessions.length + kernels.length, terminals.length)}
            >
              Shut Down All
            </button>
          )}
          <button
            type="button"
            class="button"
            aria-label="Refresh"
            title="Refresh"
            onClick={() => void dashboard.refresh()}
          >
            <Icon name="refresh" />
          </button>
        </div>
      </div>
      {pageData<dashboard.TreePageData>().terminals === 'available' && (
        <Panel title="Terminals" empty="There are no terminals running.">
          {terminals.map((terminal) => (
            <TerminalRow key={terminal.name} terminal={terminal} />
          ))}
        </Panel>
      )}
      <Panel title="Notebooks" empty="There are no notebooks running.">
        {[
          ...sessions.map((session) => (
            <SessionRow key={session.id} session={session} progress={progress.get(session.path)} />
          )),
          ...documents.map((open) => <DocumentRow key={open.id} open={open} />),
        ]}
      </Panel>
      {kernels.length > 0 && (
        <Panel title="Kernels without a notebook" empty="">
          {kernels.map((kernel) => (
            <KernelRow key={kernel.id} kernel={kernel} />
          ))}
        </Panel>
      )}
    </>
  );
}

function Panel({ title, empty, children }: { title: string; empty: string; children: ComponentChildren[] }) {
  return (
    <details class="panel" open>
      <summary>{title}</summary>
      {children.length === 0 ? (
        <p class="list-empty">{empty}</p>
      ) : (
        <ul aria-label={`Running ${title.toLowerCase()}`}>{children}</ul>
      )}
    </details>
  );
}

async function shutDownAll(
  all: readonly Running[],
  kernelCount: number,
  terminalCount: number,
): Promise<void> {
  const count = (number: number, what: string) => `${number} ${what}${number === 1 ? '' : 's'}`;
  const what = [
    ...(kernelCount > 0 ? [count(kernelCount, 'kernel')] : []),
    ...(terminalCount > 0 ? [count(terminalCount, 'terminal')] : []),
  ].join(' and ');
  const confirmed = await confirmDialog({
    title: 'Shut down everything?',
    body: `${what} will stop, with all variables and programs in them. Saved results stay.`,
    confirm: 'Shut Down All',
    danger: true,
  });
  if (confirmed) await shutDown(all);
}

interface RunningRowProps {
  icon: IconName;
  isAlive: boolean;
  name: ComponentChildren;
  /** what it is, and what it is at */
  kind: string;
  state: string;
  /** a longer text of the state */
  reason?: string | undefined;
  use?: ProcessUse | undefined;
  /** undefined: it ends by itself */
  running?: Running;
  /** ms since 1970; NaN: not known */
  active: number;
}

function RunningRow({ icon, isAlive, name, kind, state, reason, use, running, active }: RunningRowProps) {
  return (
    <li class="row running-row">
      <Icon name={icon} className={isAlive ? 'kind running' : 'kind'} />
      {name}
      <span class="kernel-name">
        {kind}{' '}
        <span class="kernel-state" title={reason}>
          ({state})
        </span>
      </span>
      {use !== undefined && (
        <span class="kernel-use" title="Memory and processor">
          {humanSize(use.memory)}
          {use.cpu_percent !== null && `, ${Math.round(use.cpu_percent)} %`}
        </span>
      )}
      {running !== undefined && (
        <button
          type="button"
          class="button shutdown"
          aria-label={`Shutdown ${running.label}`}
          onClick={() => void shutDown([running])}
        >
          Shutdown
        </button>
      )}
      <time class="modified" title={Number.isNaN(active) ? undefined : dateTime(active)}>
        {Number.isNaN(active) ? '' : relativeTime(active, Date.now())}
      </time>
    </li>
  );
}

function Link({ href, children }: { href: string; children: string }) {
  return (
    <a href={href} target="_blank" rel="noopener" title={children}>
      <bdi>{children}</bdi>
    </a>
  );
}

function TerminalRow({ terminal }: { terminal: TerminalModel }) {
  const running = ofTerminal(terminal);
  const { program } = terminal;
  return (
    <RunningRow
      icon="terminal"
      isAlive
      name={<Link href={urlFor('terminals', terminal.name)}>{running.label}</Link>}
      kind=""
      state={program == null ? 'idle' : `busy: ${program}`}
      use={terminal.resources}
      running={running}
      active={Date.parse(terminal.last_activity)}
    />
  );
}

function SessionRow({ session, progress }: { session: SessionModel; progress: Progress | undefined }) {
  const { kernel } = session;
  return (
    <RunningRow
      icon="notebook"
      isAlive={kernel.execution_state !== 'dead'}
      name={<Link href={urlFor('notebooks', session.path)}>{session.path}</Link>}
      kind={kernelLabel(kernel.name)}
      state={stateText(kernel, progress, Date.now())}
      reason={kernel.reason}
      use={kernel.resources}
      running={ofSession(session)}
      active={Date.parse(kernel.last_activity)}
    />
  );
}

/** It is let go of once nobody looks at it. */
function DocumentRow({ open }: { open: DocumentModel }) {
  return (
    <RunningRow
      icon="notebook"
      isAlive={false}
      name={<Link href={urlFor('notebooks', open.path)}>{open.path}</Link>}
      kind=""
      state="open, no kernel"
      active={NaN}
    />
  );
}

/** Started by a program, or left behind by one. */
function KernelRow({ kernel }: { kernel: KernelModel }) {
  const running = ofKernel(kernel);
  return (
    <RunningRow
      icon="run"
      isAlive={kernel.execution_state !== 'dead'}
      name={<span class="running-label">{running.label}</span>}
      kind={kernelLabel(kernel.name)}
      state={stateText(kernel, undefined, Date.now())}
      reason={kernel.reason}
      use={kernel.resources}
      running={running}
      active={Date.parse(kernel.last_activity)}
    />
  );
}
