/**
 * What the scripts of interactive outputs ask of the kernel: code that runs, and comms. The person is asked once in each
 * page, because a script that may use the kernel may do there all that a cell can.
 */
import type { CommMessage, ToFrame, ToKernel } from '../../output-frame/frame-messages.js';
import { openDialog } from '../../base/dialog.js';
import type { KernelAccess, KernelLine, KernelMessage } from '../kernel-line.js';

/** A frame, as the kernel's side sees it. */
export interface AskingFrame {
  /** of its cell, for the person: `cell 3` */
  readonly cellName: string;
  send(message: ToFrame): void;
  /** shows a sentence below the output */
  note(text: string): void;
}

const MOST_SHOWN = 400;

/** Reply and outputs come on channels of their own, in any order: the frame gets the reply when all outputs are there. */
interface Run {
  frame: AskingFrame;
  id: string;
  reply?: KernelMessage;
  isIdle: boolean;
}

export class FrameKernel {
  readonly #kernel: KernelAccess | undefined;
  #allowed: Promise<boolean> | undefined;
  #line: KernelLine | undefined;
  /** by comm_id */
  readonly #comms = new Map<string, AskingFrame>();
  /** by target_name: where comms go that the kernel opens */
  readonly #targets = new Map<string, AskingFrame>();
  /** by msg_id of the execute_request */
  readonly #runs = new Map<string, Run>();
  /** by msg_id of the comm_info_request: the comms that were open before anybody here listened */
  readonly #questions = new Map<string, { frame: AskingFrame; target: string }>();
  readonly #refused = new WeakSet<AskingFrame>();

  /** @param ask  whether the kernel may be used */
  constructor(
    kernel: KernelAccess | undefined,
    private readonly ask: (frame: AskingFrame, message: ToKernel) => Promise<boolean> = askPerson,
  ) {
    this.#kernel = kernel;
    // a line to a kernel that is gone would try for ever to come back
    kernel?.onChange(() => {
      if (this.#line !== undefined && this.#line.kernelId !== kernel.id()) this.#disconnect();
    });
  }

  async receive(frame: AskingFrame, message: ToKernel): Promise<void> {
    this.#allowed ??= this.ask(frame, message);
    if (!(await this.#allowed)) return this.#refuse(frame, 'It was not allowed to use the kernel.');
    const kernelId = this.#kernel?.id();
    if (this.#kernel === undefined || kernelId === undefined)
      return this.#refuse(frame, 'It wants to use the kernel, and none runs.');
    if (this.#line?.kernelId !== kernelId) this.#connect(this.#kernel, kernelId);
    const line = this.#line;
    if (line === undefined) return;
    switch (message.type) {
      case 'execute': {
        const { id, code, silent } = message;
        const request = line.say('execute_request', {
          ...{ code, silent, store_history: false, user_expressions: {} },
          ...{ allow_stdin: false, stop_on_error: false },
        });
        this.#runs.set(request, { frame, id, isIdle: false });
        break;
      }
      case 'target':
        this.#targets.set(message.target, frame);
        // a cell that draws and opens a comm at once has done so before its output stands here
        this.#questions.set(line.say('comm_info_request', { target_name: message.target }), {
          ...{ frame, target: message.target },
        });
        break;
      case 'comm':
        this.#sayComm(line, frame, message);
        break;
    }
  }

  /** A frame is gone: nobody listens there any more. */
  forget(frame: AskingFrame): void {
    for (const map of [this.#comms, this.#targets]) {
      for (const [key, each] of map) if (each === frame) map.delete(key);
    }
    for (const [key, run] of this.#runs) if (run.frame === frame) this.#runs.delete(key);
  }

  #connect(kernel: KernelAccess, kernelId: string): void {
    this.#disconnect();
    this.#line = kernel.open(kernelId, { heard: (message) => this.#heard(message) });
  }

  #disconnect(): void {
    this.#line?.close();
    this.#line = undefined;
    // what was open at that kernel is gone with it
    for (const map of [this.#comms, this.#runs, this.#questions]) map.clear();
  }

  #sayComm(line: KernelLine, frame: AskingFrame, { what, comm, target, data }: CommMessage): void {
    if (what === 'close') this.#comms.delete(comm);
    else this.#comms.set(comm, frame);
    const content = { comm_id: comm, data, ...(what === 'open' ? { target_name: target } : {}) };
    line.say(`comm_${what}`, content);
  }

  #heard(message: KernelMessage): void {
    const run = this.#runs.get(message.parent);
    if (run !== undefined) this.#heardOfRun(message, run);
    const question = this.#questions.get(message.parent);
    if (question !== undefined && message.type === 'comm_info_reply') this.#openKnown(message, question);
    const [, what] = /^comm_(open|msg|close)$/.exec(message.type) ?? [];
    if (message.channel !== 'iopub' || what === undefined) return;
    const { comm_id: comm, target_name: target, data = {} } = message.content;
    if (typeof comm !== 'string') return;
    const name = typeof target === 'string' ? target : '';
    const frame = what === 'open' ? this.#targets.get(name) : this.#comms.get(comm);
    if (frame === undefined) return;
    if (what === 'open') this.#comms.set(comm, frame);
    if (what === 'close') this.#comms.delete(comm);
    const { metadata, buffers } = message;
    const kind = what as CommMessage['what'];
    frame.send({ type: 'comm', what: kind, comm, target: name, data, metadata, buffers });
  }

  #heardOfRun(message: KernelMessage, run: Run): void {
    const { channel, type, content } = message;
    const tell = (each: KernelMessage) =>
      run.frame.send({
        type: 'ran',
        id: run.id,
        channel: each.channel,
        message: each.type,
        content: each.content,
      });
    if (channel === 'shell') run.reply = message;
    else if (type === 'status') run.isIdle ||= content['execution_state'] === 'idle';
    else if (channel === 'iopub' && SHOWN.has(type)) tell(message);
    if (!run.isIdle || run.reply === undefined) return;
    this.#runs.delete(message.parent);
    tell(run.reply);
  }

  #openKnown({ content, parent }: KernelMessage, { frame, target }: { frame: AskingFrame; target: string }) {
    this.#questions.delete(parent);
    const comms = content['comms'];
    for (const comm of Object.keys(typeof comms === 'object' && comms !== null ? comms : {})) {
      if (this.#comms.has(comm)) continue;
      this.#comms.set(comm, frame);
      frame.send({ type: 'comm', what: 'open', comm, target, data: {}, metadata: {}, buffers: [] });
    }
  }

  #refuse(frame: AskingFrame, reason: string): void {
    if (this.#refused.has(frame)) return;
    this.#refused.add(frame);
    frame.note(`A script of this output: ${reason}`);
  }
}

/** Of what a run says on iopub, what the classic notebook gave to the callback `iopub.output`, and `clear_output`. */
const SHOWN = new Set(['stream', 'display_data', 'execute_result', 'error', 'clear_output']);

async function askPerson({ cellName }: AskingFrame, message: ToKernel): Promise<boolean> {
  const what = document.createElement('p');
  what.textContent = `A script in the output of ${cellName} wants to use the kernel. There it can do everything that a cell can: read and change your variables and files. Allow it if you know who wrote it; it holds for all outputs here until you leave the page.`;
  const shown: Node[] = [what];
  if (message.type === 'execute') {
    const code = document.createElement('pre');
    code.textContent = message.code.slice(0, MOST_SHOWN);
    shown.push(code);
  }
  const answer = await openDialog<boolean>({
    title: 'Let outputs use the kernel?',
    body: shown,
    buttons: [
      { label: 'Not Now', value: false, cancel: true },
      { label: 'Allow', value: true, kind: 'danger' },
    ],
  });
  return answer === true;
}
