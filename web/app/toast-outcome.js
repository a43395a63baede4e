import { toast } from './toast.js';
import { problemOf } from './words.js';

/**
 * Makes a change, and tells that it is made or why it is not.
 * @param {() => Promise<unknown>} change
 * @param {string | import('./system-entry.js').Phrase} [done]
 * @param {Record<string, string>} [special]  As for {@link problemOf}.
 * @returns {Promise<boolean>}  Whether it is made.
 */
export async function toastOutcome(change, done, special) {
  try {
    await change();
  } catch (error) {
    toast(problemOf(error, special), { bad: true });
    return false;
  }
  if (done) toast(done);
  return true;
}
