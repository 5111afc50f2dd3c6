/** The tab Running: notebooks with a live kernel, and how to stop one or all. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { SessionModel, TerminalModel } from '../../src/protocol/rest-models.js';
import { confirmDialog } from '../base/dialog.js';
import { dateTime, humanSize, relativeTime } from '../base/format.js';
import { Icon } from '../base/icons.js';
import { pageData } from '../base/page-data.js';
import { urlFor } from '../base/urls.js';
import { readProgress, stateText, type Progress } from './kernel-progress.js';
import { kernelLabel, shutdownSessions, shutdownTerminals } from './actions.js';
import * as dashboard from './dashboard.js';

/** ms between two looks at what kernels do and use */
const LOOK = 3000;

export function RunningTab() {
  const progress = useSignal<ReadonlyMap<string, Progress>>(new Map());
  useEffect(() => {
    const look = async () => {
      if (document.hidden || dashboard.stopped.value) return;
      await dashboard.loadSessions();
      progress.value = await readProgress(dashboard.sessions.value);
    };
    // A failure is shown by the refresh of the page; the next look may succeed.
    const tick = () => void look().catch(() => undefined);
    tick();
    const timer = setInterval(tick, LOOK);
    return () => clearInterval(timer);
  }, []);
  const sessions = [...dashboard.sessions.value].sort((a, b) => a.path.localeCompare(b.path));
  const terminals = [...dashboard.terminals.value].sort((a, b) =>
    a.name.localeCompare(b.name, undefined, { numeric: true }),
  );
  return (
    <>
      <div class="toolbar">
        <p class="hint">What runs on this server</p>
        <div class="toolbar-right">
          {sessions.length + terminals.length > 1 && (
            <button type="button" class="button" onClick={() => void shutdownAll(sessions, terminals)}>
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
        <details class="panel" open>
          <summary>Terminals</summary>
          {terminals.length === 0 ? (
            <p class="list-empty">There are no terminals running.</p>
          ) : (
            <ul aria-label="Running terminals">
              {terminals.map((terminal) => (
                <TerminalRow key={terminal.name} terminal={terminal} />
              ))}
            </ul>
          )}
        </details>
      )}
      <details class="panel" open>
        <summary>Notebooks</summary>
        {sessions.length === 0 ? (
          <p class="list-empty">There are no notebooks running.</p>
        ) : (
          <ul aria-label="Running notebooks">
            {sessions.map((session) => (
              <RunningRow key={session.id} session={session} progress={progress.value.get(session.path)} />
            ))}
          </ul>
        )}
      </details>
    </>
  );
}

async function shutdownAll(sessions: SessionModel[], terminals: TerminalModel[]): Promise<void> {
  const count = (number: number, what: string) => `${number} ${what}${number === 1 ? '' : 's'}`;
  const what = [
    ...(sessions.length > 0 ? [count(sessions.length, 'kernel')] : []),
    ...(terminals.length > 0 ? [count(terminals.length, 'terminal')] : []),
  ].join(' and ');
  const confirmed = await confirmDialog({
    title: 'Shut down everything?',
    body: `${what} will stop, with all variables and programs in them. Saved results stay.`,
    confirm: 'Shut Down All',
    danger: true,
  });
  if (!confirmed) return;
  await shutdownSessions(sessions);
  await shutdownTerminals(terminals);
}

function TerminalRow({ terminal }: { terminal: TerminalModel }) {
  const label = `terminals/${terminal.name}`;
  const active = Date.parse(terminal.last_activity);
  return (
    <li class="row running-row">
      <Icon name="terminal" className="kind running" />
      <a href={urlFor('terminals', terminal.name)} target="_blank" rel="noopener">
        <bdi>{label}</bdi>
      </a>
      <span class="kernel-name" />
      <button
        type="button"
        class="button shutdown"
        aria-label={`Shutdown ${label}`}
        onClick={() => void shutdownTerminals([terminal])}
      >
        Shutdown
      </button>
      <time class="modified" title={dateTime(active)}>
        {relativeTime(active, Date.now())}
      </time>
    </li>
  );
}

function RunningRow({ session, progress }: { session: SessionModel; progress: Progress | undefined }) {
  const { kernel } = session;
  const active = Date.parse(kernel.last_activity);
  const { resources } = kernel;
  return (
    <li class="row running-row">
      <Icon name="notebook" className={kernel.execution_state === 'dead' ? 'kind' : 'kind running'} />
      <a href={urlFor('notebooks', session.path)} target="_blank" rel="noopener" title={session.path}>
        <bdi>{session.path}</bdi>
      </a>
      <span class="kernel-name">
        {kernelLabel(kernel.name)}{' '}
        <span class="kernel-state" title={kernel.reason}>
          ({stateText(kernel, progress, Date.now())})
        </span>
      </span>
      {resources !== undefined && (
        <span class="kernel-use" title="Memory and processor">
          {humanSize(resources.memory)}
          {resources.cpu_percent !== null && `, ${Math.round(resources.cpu_percent)} %`}
        </span>
      )}
      <button
        type="button"
        class="button shutdown"
        aria-label={`Shutdown ${session.path}`}
        onClick={() => void shutdownSessions([session])}
      >
        Shutdown
      </button>
      <time class="modified" title={Number.isNaN(active) ? undefined : dateTime(active)}>
        {Number.isNaN(active) ? '' : relativeTime(active, Date.now())}
      </time>
    </li>
  );
}
