import { toast } from './toast.js';
import { problemOf } from './words.js';

/**
 * Makes a change and shows its success or failure as a toast.
 * @param {() => Promise<unknown>} change
 * @param {string | import('./system-entry.js').Phrase} [done]
 * @param {Record<string, string>} [special]  As for {@link problemOf}.
 * @returns {Promise<boolean>}  Whether it succeeded.
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
