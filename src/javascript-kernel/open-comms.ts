/** Which comms are open, for `comm_info_request`: known to the worker, so that it answers while a cell spins. */
export class OpenComms {
  /** id → target name */
  readonly #targets = new Map<string, string>();

  /** Sees every comm message, of either side. */
  observe(type: string, { comm_id, target_name }: Record<string, unknown>): void {
    if (typeof comm_id !== 'string') return;
    if (type === 'comm_open') this.#targets.set(comm_id, typeof target_name === 'string' ? target_name : '');
    else if (type === 'comm_close') this.#targets.delete(comm_id);
  }

  /** The content of the reply; with a `target_name` in the request only its comms. */
  reply({ target_name }: Record<string, unknown>): Record<string, unknown> {
    const wanted = [...this.#targets].filter(([, target]) => !target_name || target === target_name);
    return {
      status: 'ok',
      comms: Object.fromEntries(wanted.map(([id, target]) => [id, { target_name: target }])),
    };
  }
}
