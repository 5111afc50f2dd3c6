/** How much memory the notebook's kernel takes, asked from time to time while somebody looks at the page. */
import { effect, signal, type ReadonlySignal } from '@preact/signals';
import type { KernelModel } from '../../src/protocol/rest-models.js';
import { api } from '../base/api.js';
import type { DocumentClient } from './document-client.js';

const EVERY = 10_000;

/** Bytes; undefined while no kernel runs, or nobody can tell. */
export function kernelMemory(client: DocumentClient): ReadonlySignal<number | undefined> {
  const memory = signal<number | undefined>(undefined);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asked = '';

  const ask = async (id: string): Promise<void> => {
    clearTimeout(timer);
    timer = setTimeout(() => void ask(id), EVERY);
    if (document.visibilityState === 'hidden' || client.connection.value !== 'open') return;
    try {
      // looking does not count as using the server
      const query = 'resources=1&no_track_activity=1';
      const model = await api.get<KernelModel>(`api/kernels/${encodeURIComponent(id)}?${query}`);
      if (asked === id) memory.value = model.resources?.memory;
    } catch {
      memory.value = undefined; // the kernel is gone or the server away, which others report
    }
  };
  effect(() => {
    const kernel = client.kernel.value;
    const id = kernel !== undefined && /^(idle|busy)$/.test(kernel.state) ? (kernel.id ?? '') : '';
    if (id === asked) return;
    asked = id;
    clearTimeout(timer);
    memory.value = undefined;
    // not among the first requests of the page
    if (id !== '') timer = setTimeout(() => void ask(id), 2000);
  });
  return memory;
}
