/** A promise to become ready that can be made again, for each new run of a kernel. */
export class Readiness {
  promise!: Promise<void>;
  resolve!: () => void;
  reject!: (error: Error) => void;
  #settled = true;

  constructor() {
    this.renew();
  }

  /** Does nothing while the last promise is open: those who wait for it go on waiting. */
  renew(): void {
    if (!this.#settled) return;
    this.#settled = false;
    this.promise = new Promise((resolve, reject) => {
      this.resolve = () => {
        this.#settled = true;
        resolve();
      };
      this.reject = (error) => {
        this.#settled = true;
        reject(error);
      };
    });
    // Nobody has to wait for it; the kernel's state and reason say the same.
    this.promise.catch(() => {});
  }
}
