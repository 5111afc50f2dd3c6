/**
 * What its owner wants done before and after each save, as modules (jupyter_server's `pre_save_hook` and
 * `post_save_hook`): take outputs out, refuse what does not fit, write a script beside, tell another program.
 */
import { HttpError } from '../http-error.js';
import type { Log } from '../log.js';
import { loadModule } from './load-module.js';

/** What is saved, in the form of the contents API. */
export interface SavedModel {
  type: 'notebook' | 'file';
  format: 'json' | 'text' | 'base64';
  content: unknown;
}

/** What a hook gets besides. */
export interface HookContext {
  /** path of the contents API */
  path: string;
  /** the directory of this machine that holds the file; undefined when the store has no local files */
  directory: string | undefined;
  HttpError: typeof HttpError;
}

/**
 * May change `model.content`, or give back another model. An `HttpError` refuses the save; any other error is logged and
 * the save goes on.
 */
export type PreSaveHook = (model: SavedModel, context: HookContext) => unknown;
/** The bytes are on the disk; an error is logged. */
export type PostSaveHook = (model: SavedModel, context: HookContext) => unknown;

export interface SaveHooks {
  before?: PreSaveHook | undefined;
  after?: PostSaveHook | undefined;
}

/** @throws Error with one line for the user, when a module does not load or is no function */
export async function loadSaveHooks(
  names: { pre_save_hook: string; post_save_hook: string },
  baseDirectory: string,
): Promise<SaveHooks> {
  return {
    before: await loadHook('pre_save_hook', names.pre_save_hook, baseDirectory),
    after: await loadHook('post_save_hook', names.post_save_hook, baseDirectory),
  };
}

async function loadHook(
  option: string,
  name: string,
  baseDirectory: string,
): Promise<((model: SavedModel, context: HookContext) => unknown) | undefined> {
  if (name === '') return undefined;
  const hint = `there is no module ${name}; name it by its path (./my-hook.mjs) or as an installed package`;
  const hook = await loadModule({ option, name, baseDirectory, hint });
  if (typeof hook !== 'function') {
    throw new Error(`${option}: the default export of ${name} must be a function (model, { path }) => …`);
  }
  return hook as PreSaveHook;
}

/** Runs the hooks around saves. */
export class HookRunner {
  constructor(
    private readonly hooks: SaveHooks,
    private readonly log: Log,
  ) {}

  get isEmpty(): boolean {
    return this.hooks.before === undefined && this.hooks.after === undefined;
  }

  /** @returns what is to be saved. @throws HttpError when the hook refuses */
  async before(model: SavedModel, context: Omit<HookContext, 'HttpError'>): Promise<SavedModel> {
    if (this.hooks.before === undefined) return model;
    try {
      const changed = await this.hooks.before(model, { ...context, HttpError });
      return isModel(changed) ? { ...model, ...changed } : model;
    } catch (error) {
      if (error instanceof HttpError) throw error;
      this.#failed('pre_save_hook', context.path, error);
      return model;
    }
  }

  async after(model: SavedModel, context: Omit<HookContext, 'HttpError'>): Promise<void> {
    try {
      await this.hooks.after?.(model, { ...context, HttpError });
    } catch (error) {
      this.#failed('post_save_hook', context.path, error);
    }
  }

  #failed(option: string, path: string, error: unknown): void {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.log.error(`${option} failed at ${path}, which is saved all the same: ${reason}`);
  }
}

function isModel(value: unknown): value is Partial<SavedModel> {
  return typeof value === 'object' && value !== null && 'content' in value;
}
