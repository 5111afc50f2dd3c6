/** Ends what runs: kernels with and without a notebook, and terminals. */
import type { KernelModel, SessionModel, TerminalModel } from '../../src/protocol/rest-models.js';
import { api } from '../base/api.js';
import { notifyError } from '../base/notify.js';
import * as dashboard from './dashboard.js';

export interface Running {
  /** as the person knows it */
  label: string;
  /** what DELETE ends it */
  address: string;
}

export const ofSession = ({ id, path }: SessionModel): Running => ({
  label: path,
  address: `api/sessions/${encodeURIComponent(id)}`,
});

export const ofKernel = ({ id, name }: KernelModel): Running => ({
  label: `${name} ${id.slice(0, 8)}`,
  address: `api/kernels/${encodeURIComponent(id)}`,
});

export const ofTerminal = ({ name }: TerminalModel): Running => ({
  label: `terminals/${name}`,
  address: `api/terminals/${encodeURIComponent(name)}`,
});

/** Goes on after a failure, and names what failed. */
export async function shutDown(all: readonly Running[]): Promise<void> {
  for (const { label, address } of all) {
    try {
      await api.delete(address);
    } catch (error) {
      notifyError(`Shutdown of ${label}:`, error);
    }
  }
  await dashboard.refresh();
}
