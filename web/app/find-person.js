import { problemOf } from './words.js';

/** Finds somebody by what was typed as their handle, the user's own not among them. */
export async function findPerson(client, typed) {
  const wanted = typed.trim().replace(/^@/, '');
  if (!/^[a-z0-9_]{3,32}$/i.test(wanted)) throw { code: 'malformed' };
  const profile = await client.findUser(wanted);
  if (profile.user === client.user) throw { code: 'self' };
  return profile;
}

/** Returns in words why nobody was found. */
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
