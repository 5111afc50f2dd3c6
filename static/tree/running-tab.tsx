/** The tab Running: notebooks with a live kernel, and how to stop one or all. */
import type { SessionModel, TerminalModel } from '../../src/protocol/rest-models.js';
import { confirmDialog } from '../base/dialog.js';
import { dateTime, relativeTime } from '../base/format.js';
import { Icon } from '../base/icons.js';
import { pageData } from '../base/page-data.js';
import { urlFor } from '../base/urls.js';
import { kernelLabel, shutdownSessions, shutdownTerminals } from './actions.js';
import * as dashboard from './dashboard.js';

export function RunningTab() {
  const sessions = [...dashboard.sessions.value].sort((a, b) => a.path.localeCompare(b.path));
  const terminals = [...dashboard.terminals.value].sort((a, b) =>
    a.name.localeCompare(b.name, undefined, { numeric: true }),
  );
  return (
    <>
      <div class="toolbar">
        <p class="hint">What runs on this server</p>
        <div class="toolbar-right">
          {sessions.length > 1 && (
            <button type="button" class="button" onClick={() => void shutdownAll(sessions)}>
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
              <RunningRow key={session.id} session={session} />
            ))}
          </ul>
        )}
      </details>
    </>
  );
}

async function shutdownAll(sessions: SessionModel[]): Promise<void> {
  const confirmed = await confirmDialog({
    title: 'Shut down all kernels?',
    body: `The kernels of ${sessions.length} notebooks stop, and their variables are lost. Saved results stay.`,
    confirm: 'Shut Down All',
    danger: true,
  });
  if (confirmed) await shutdownSessions(sessions);
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

function RunningRow({ session }: { session: SessionModel }) {
  const { kernel } = session;
  const active = Date.parse(kernel.last_activity);
  return (
    <li class="row running-row">
      <Icon name="notebook" className="kind running" />
      <a href={urlFor('notebooks', session.path)} target="_blank" rel="noopener" title={session.path}>
        <bdi>{session.path}</bdi>
      </a>
      <span class="kernel-name">
        {kernelLabel(kernel.name)} <span class="kernel-state">({kernel.execution_state})</span>
      </span>
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
