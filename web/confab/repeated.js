import { plainAlarms } from './alarms.js';
import { backoffMs } from './backoff.js';

/** How often a change whose outcome is unknown is asked for. */
const TRIES_MAX = 3;

/**
 * Makes a change that may be made twice, and makes it again where its outcome is unknown.
 * @template T
 * @param {() => Promise<T>} change
 * @param {import('./alarms.js').Alarms} [alarms]
 * @returns {Promise<T>}
 */
export async function repeated(change, alarms = plainAlarms) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await change();
    } catch (error) {
      if (error.code !== 'unavailable' || tries === TRIES_MAX) throw error;
      const wait_ms = Math.max(error.retry_after_ms ?? 0, backoffMs(tries));
      await new Promise((resolve) => alarms.after(wait_ms, resolve));
    }
  }
}
