/** How patient the server is with kernels; the numbers are Jupyter's where it has them. */

/** Times in ms. */
export interface KernelLimits {
  /** a kernel that does not answer for this long after its start has failed */
  startTimeout: number;
  /** how often a kernel that dies is started again without having been stable in between */
  restarts: number;
  /** a run that lasted this long was stable */
  stableAfter: number;
  /** before the first, second … restart; the last one repeats */
  restartDelays: readonly number[];
  /** from the request to end until SIGKILL */
  shutdownWait: number;
}

export const defaultLimits: KernelLimits = {
  startTimeout: 60_000,
  restarts: 5,
  stableAfter: 10_000,
  restartDelays: [0, 500, 1000, 2000, 3000],
  shutdownWait: 5000,
};
