/** The tab Server: what runs here, its certificate, who and what is let in, who failed, and the settings in force. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { LoginModel, ServerModel } from '../../src/protocol/rest-models.js';
import { api } from '../base/api.js';
import { confirmDialog } from '../base/dialog.js';
import { dateTime, relativeTime } from '../base/format.js';
import { notifyError } from '../base/notify.js';
import { urlFor } from '../base/urls.js';
import { ApiTokens, Password } from './server-credentials.js';

/** A certificate takes a while to get: warned of so long ahead. ms */
const WARN_BEFORE_EXPIRY = 14 * 24 * 3_600_000;

export function ServerTab() {
  const server = useSignal<ServerModel | undefined>(undefined);
  const load = async (): Promise<void> => {
    try {
      server.value = await api.get<ServerModel>('api/server');
    } catch (error) {
      notifyError('The server says nothing of itself.', error);
    }
  };
  useEffect(() => void load(), []);
  const model = server.value;
  if (model === undefined) return <p class="list-empty">Loading…</p>;
  const started = Date.parse(model.started);
  return (
    <>
      <div class="toolbar">
        <p class="hint">
          nbserver {model.version} on Node.js {model.node}, started{' '}
          <time title={dateTime(started)}>{relativeTime(started, Date.now())}</time>
        </p>
        <div class="toolbar-right">
          <a class="button" href={urlFor('connection')} target="_blank" rel="noopener">
            Connection test
          </a>
          <button type="button" class="button" onClick={() => void load()}>
            Refresh
          </button>
        </div>
      </div>
      <p class="server-path">{model.store}</p>
      <Certificate certificate={model.certificate} />
      <Logins logins={model.logins} reload={load} />
      <Password password={model.password} tokens={model.tokens.length} />
      <ApiTokens tokens={model.tokens} reload={load} />
      <details class="panel">
        <summary>Failed logins ({model.failed_logins.length})</summary>
        {model.failed_logins.length === 0 ? (
          <p class="list-empty">Nobody has tried a wrong password or token since the start.</p>
        ) : (
          <ul aria-label="Failed logins">
            {model.failed_logins.map(({ address, time }) => (
              <li class="row server-row">
                <span class="server-what">{address}</span>
                <time>{dateTime(Date.parse(time))}</time>
              </li>
            ))}
          </ul>
        )}
      </details>
      <details class="panel">
        <summary>Settings in force</summary>
        <div class="server-settings" tabIndex={0} role="region" aria-label="Settings in force">
          <table>
            <thead>
              <tr>
                <th scope="col">Option</th>
                <th scope="col">Value</th>
                <th scope="col">From</th>
              </tr>
            </thead>
            <tbody>
              {model.settings.map(({ name, value, from }) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td>
                    <code>{JSON.stringify(value)}</code>
                  </td>
                  <td>{from}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </>
  );
}

function Certificate({ certificate }: { certificate: ServerModel['certificate'] }) {
  if (certificate === null) {
    return <p class="server-store">No certificate: this server itself speaks http.</p>;
  }
  const ends = Date.parse(certificate.valid_to);
  const soon = ends - Date.now() < WARN_BEFORE_EXPIRY;
  // Ours say in their own name that they are.
  const namesItself = certificate.subject.includes('self-signed');
  return (
    <details class="panel" open>
      <summary>Certificate</summary>
      <p class={soon ? 'note warning' : 'server-store'}>
        {certificate.subject}
        {certificate.self_signed && !namesItself && ', self-signed'}, valid until {dateTime(ends)}
        {soon && '. Renew it now: browsers refuse it afterwards'}. SHA-256 fingerprint:{' '}
        <code class="fingerprint">{certificate.fingerprint256}</code>
      </p>
    </details>
  );
}

function Logins({ logins, reload }: { logins: LoginModel[]; reload(): Promise<void> }) {
  const end = async (path: string): Promise<void> => {
    try {
      await api.delete(path);
    } catch (error) {
      notifyError('The session cannot be ended.', error);
    }
    await reload();
  };
  const endOthers = async (): Promise<void> => {
    const sure = await confirmDialog({
      title: 'End all other sessions?',
      body: 'Every other browser is logged out at once. Kernels go on.',
      confirm: 'End all others',
      danger: true,
    });
    if (sure) await end('api/server/logins');
  };
  const others = logins.filter(({ current }) => !current).length;
  return (
    <details class="panel" open>
      <summary>Who is logged in</summary>
      <ul aria-label="Who is logged in">
        {logins.map((login) => (
          <li class="row server-row" key={login.id}>
            <span class="server-what" title={login.agent}>
              {login.address || 'somewhere'}, {browserName(login.agent)}
              {login.current && <b> (this browser)</b>}
            </span>
            <span>since {dateTime(Date.parse(login.created))}</span>
            {!login.current && (
              <button
                type="button"
                class="button shutdown"
                aria-label={`End session of ${login.address}, ${browserName(login.agent)}`}
                onClick={() => void end(`api/server/logins/${encodeURIComponent(login.id)}`)}
              >
                End session
              </button>
            )}
          </li>
        ))}
      </ul>
      {others > 0 && (
        <p class="server-store">
          <button type="button" class="button" onClick={() => void endOthers()}>
            End all others
          </button>
        </p>
      )}
    </details>
  );
}

/** Browsers all call themselves each other; the order tells them apart. */
function browserName(agent: string): string {
  const name = ['Firefox', 'Edg', 'OPR', 'Chrome', 'Safari', 'curl'].find((each) => agent.includes(each));
  const system = ['Android', 'iPhone', 'iPad', 'Windows', 'Mac OS', 'Linux'].find((each) =>
    agent.includes(each),
  );
  const words = { Edg: 'Edge', OPR: 'Opera' }[name ?? ''] ?? name ?? 'another program';
  return system === undefined ? words : `${words} on ${system}`;
}
