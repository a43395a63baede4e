import { problemOf } from './words.js';

/** Finds a user by a typed handle. Throws for a malformed handle and for the user's own. */
export async function findPerson(client, typed) {
  const wanted = typed.trim().replace(/^@/, '');
  if (!/^[a-z0-9_]{3,32}$/i.test(wanted)) throw { code: 'malformed' };
  const profile = await client.findUser(wanted);
  if (profile.user === client.user) throw { code: 'self' };
  return profile;
}

/** Returns a sentence that says why no user was found. */
export function sentenceFor(error, typed) {
  switch (error.code) {
    case 'malformed':
      return 'A handle has 3 to 32 letters, digits or underscores.';
    case 'self':
      return 'That’s your own handle.';
    case 'not_found':
      return `Nobody has the handle @${typed.trim().replace(/^@/, '')}. Check the spelling.`;
    default:
      return problemOf(error);
  }
}
