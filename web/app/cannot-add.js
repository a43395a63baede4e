import { isolated } from './names.js';

/**
 * Returns the beginning of a sentence with the users who cannot be added to a group, or null if the refusal names no
 * users.
 * @param {import('../confab.js').ConfabError} error
 * @param {(user: string) => string} nameOf
 */
export function cannotAddText({ code, users = [] }, nameOf) {
  if (code !== 'forbidden' || users.length === 0) return null;
  const names = users.map((user) => isolated(nameOf(user)));
  const last = names.pop();
  return `${names.length ? `${names.join(', ')} and ${last}` : last} can’t be added by you`;
}
