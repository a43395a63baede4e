import { plainAlarms } from './alarms.js';
import { retryWaitMs } from './backoff.js';

/** Largest number of attempts of a change whose outcome is unknown. */
const TRIES_MAX = 3;

/**
 * Makes an idempotent change, and repeats it while its outcome is unknown.
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
      await new Promise((resolve) => alarms.after(retryWaitMs(error, tries), resolve));
    }
  }
}
