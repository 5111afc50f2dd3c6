/** Kernel ▸ Choose Kernel: all that could run this notebook, and what is missing where an environment cannot. */
import type { EnvironmentModel, KernelspecsModel } from '../../src/protocol/rest-models.js';
import { api } from '../base/api.js';
import { openDialog } from '../base/dialog.js';
import type { NotebookContext } from './notebook-context.js';

export async function pickKernel({ client, commands }: NotebookContext): Promise<void> {
  const [specs, environments] = await Promise.all([
    api.get<KernelspecsModel>('api/kernelspecs'),
    // a server that looks for none has no such address
    api.get<EnvironmentModel[]>('api/environments').catch((): EnvironmentModel[] => []),
  ]);
  const current = client.kernel.value;
  const rows = Object.values(specs.kernelspecs)
    .sort((a, b) => a.spec.display_name.localeCompare(b.spec.display_name))
    .map(({ name, spec }) => ({ name, text: spec.display_name, language: spec.language }));
  const chosen = rows.find(({ name }) => name === current?.name) ?? rows[0];

  const list = document.createElement('fieldset');
  list.className = 'kernel-list';
  const legend = document.createElement('legend');
  legend.className = 'visually-hidden';
  legend.textContent = 'Kernels';
  list.append(legend);
  for (const { name, text, language } of rows) {
    const label = document.createElement('label');
    const radio = document.createElement('input');
    radio.type = 'radio';
    radio.name = 'kernel';
    radio.value = name;
    radio.checked = name === chosen?.name;
    const detail = document.createElement('span');
    detail.className = 'kernel-detail';
    const words = [language, name, ...(name === current?.name ? ['now'] : [])];
    detail.textContent = [...new Set(words)].join(' · ');
    label.append(radio, text, detail);
    list.append(label);
  }
  const missing = environments.filter(({ kernel_name: kernel }) => kernel === null);
  const checked = list.querySelector<HTMLInputElement>('input:checked');
  const answer = await openDialog<boolean>({
    title: 'Choose a kernel',
    className: 'kernel-picker',
    ...(checked === null ? {} : { initialFocus: checked }),
    body: [introduction(client.kernel.value), list, ...(missing.length > 0 ? [withoutKernel(missing)] : [])],
    buttons: [
      { label: 'Cancel', value: false, cancel: true },
      { label: 'Use This Kernel', value: true, kind: 'primary' },
    ],
    check: () => (selected(list) === undefined ? 'No kernel is installed on this server.' : undefined),
  });
  const name = selected(list);
  if (answer === true && name !== undefined) await commands.run('nbserver:change-kernel', name);
}

function introduction(kernel: { state: string; name: string; id: string | null } | undefined): string {
  if (kernel?.state === 'unavailable') {
    return `The notebook asks for the kernel "${kernel.name}", which is not installed here.`;
  }
  return kernel?.id == null
    ? 'The notebook has no kernel now.'
    : 'A change starts the other kernel anew: the variables of the one that runs now are lost.';
}

function withoutKernel(environments: readonly EnvironmentModel[]): HTMLElement {
  const details = document.createElement('details');
  const summary = document.createElement('summary');
  summary.textContent = 'Python environments that need ipykernel first';
  const list = document.createElement('dl');
  for (const { display_name: name, install_command: command } of environments) {
    const term = document.createElement('dt');
    term.textContent = name;
    const text = document.createElement('dd');
    const code = document.createElement('code');
    code.textContent = command ?? '';
    text.append(code);
    list.append(term, text);
  }
  details.append(summary, list);
  return details;
}

function selected(list: HTMLElement): string | undefined {
  return list.querySelector<HTMLInputElement>('input:checked')?.value;
}
