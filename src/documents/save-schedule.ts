/**
 * When a document is saved by itself: after 2 s without a change, every 10 s while changes go on, at once when a cell has
 * run; and never so often that saving takes more than a twentieth of the time. A save that failed is tried again.
 */
export interface SaveTimes {
  /** ms without a change */
  idle: number;
  /** ms after which changes that go on are saved */
  longest: number;
  /** ms after which a failed save is tried again; doubles up to ten times that */
  retry: number;
}

export const defaultSaveTimes: SaveTimes = { idle: 2_000, longest: 10_000, retry: 10_000 };

export interface ScheduleOptions {
  /** rejects when it failed; is called one at a time */
  save(): Promise<void>;
  /** asked when a save is due; false: not now, ask again */
  mayStart?(): boolean;
  times?: SaveTimes;
}

const PAUSE_FACTOR = 20;

export class SaveSchedule {
  #timer: NodeJS.Timeout | undefined;
  /** when the first change came that is not saved */
  #changedSince: number | undefined;
  /** changes are to be saved without waiting for a pause */
  #isUrgent = false;
  #isSaving = false;
  #notBefore = 0;
  #failures = 0;
  #isClosed = false;

  constructor(private readonly options: ScheduleOptions) {}

  get #times(): SaveTimes {
    return this.options.times ?? defaultSaveTimes;
  }

  /** The document changed. */
  changed(): void {
    this.#changedSince ??= Date.now();
    this.#plan();
  }

  /** A cell has run: its results are worth saving now. */
  soon(): void {
    this.#isUrgent = true;
    this.#plan();
  }

  /** It was saved from elsewhere, or there is nothing to save any more. */
  done(): void {
    this.#changedSince = undefined;
    this.#isUrgent = false;
    this.#failures = 0;
    clearTimeout(this.#timer);
  }

  close(): void {
    this.#isClosed = true;
    this.done();
  }

  #plan(): void {
    clearTimeout(this.#timer);
    if (this.#isClosed || this.#isSaving || this.#changedSince === undefined) return;
    const now = Date.now();
    const { idle, longest } = this.#times;
    const wanted = this.#isUrgent ? now : Math.min(now + idle, this.#changedSince + longest);
    const due = Math.max(wanted, this.#notBefore);
    this.#timer = setTimeout(() => void this.#run(), Math.max(0, due - now));
  }

  async #run(): Promise<void> {
    const started = Date.now();
    if (this.options.mayStart?.() === false) {
      this.#notBefore = started + this.#times.idle;
      this.#plan();
      return;
    }
    this.#changedSince = undefined;
    this.#isUrgent = false;
    this.#isSaving = true;
    try {
      await this.options.save();
      this.#failures = 0;
      this.#notBefore = Date.now() + PAUSE_FACTOR * (Date.now() - started);
    } catch {
      // Who saves has told people; here it only means to try again.
      this.#notBefore = Date.now() + this.#times.retry * Math.min(10, 2 ** this.#failures);
      this.#failures += 1;
      this.#changedSince = started;
    }
    this.#isSaving = false;
    this.#plan();
  }
}
