/** Upper bound of the wait after the first failure. Unit: milliseconds. */
export const BACKOFF_BASE_MS = 500;
/** Largest upper bound of a wait. Unit: milliseconds. */
export const BACKOFF_MAX_MS = 20_000;

/**
 * Returns how long to wait before the next attempt: exponential backoff with full jitter, so that clients that lost
 * their connections together do not reconnect together. Unit: milliseconds.
 * @param {number} failures  Consecutive failures so far, from 1.
 * @param {() => number} [random]  In [0, 1).
 */
export function backoffMs(failures, random = Math.random) {
  const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_BASE_MS * 2 ** (failures - 1));
  return Math.round(random() * ceiling);
}

/**
 * Returns how long to wait before the next attempt after a refusal: the server's `retry_after_ms`, but at least
 * {@link backoffMs}. Unit: milliseconds.
 * @param {{retry_after_ms?: number}} [error]
 * @param {number} failures  Consecutive failures so far, from 1.
 * @param {() => number} [random]  In [0, 1).
 */
export function retryWaitMs(error, failures, random = Math.random) {
  return Math.max(error?.retry_after_ms ?? 0, backoffMs(failures, random));
}
