/** Shortest ceiling of a wait. Unit: milliseconds. */
export const BACKOFF_BASE_MS = 500;
/** Longest ceiling of a wait. Unit: milliseconds. */
export const BACKOFF_MAX_MS = 20_000;

/**
 * Returns how long to wait before the next try: exponential with full jitter,
 * so that clients cut off together do not come back together.
 * @param {number} failures  Consecutive failures so far, from 1.
 * @param {() => number} [random]  In [0, 1).
 */
export function backoffMs(failures, random = Math.random) {
  const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_BASE_MS * 2 ** (failures - 1));
  return Math.round(random() * ceiling);
}

/**
 * Returns how long to wait before the next try after a refusal: as the server says, but never less than {@link backoffMs}.
 * @param {{retry_after_ms?: number}} [error]
 * @param {number} failures  Consecutive failures so far, from 1.
 * @param {() => number} [random]  In [0, 1).
 */
export function retryWaitMs(error, failures, random = Math.random) {
  return Math.max(error?.retry_after_ms ?? 0, backoffMs(failures, random));
}
