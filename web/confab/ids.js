const USER = 'usr_';
const DM = 'dm_';

/**
 * Returns the id of the 1:1 conversation of two users.
 * @param {string} a  `usr_…`
 * @param {string} b  `usr_…`
 */
export function dmOf(a, b) {
  const ulids = [a, b].map((user) => user.slice(USER.length)).sort();
  return DM + ulids.join('_');
}

/**
 * Returns the other user of a 1:1 conversation, or null for any other conversation.
 * @param {string} conversation
 * @param {string} user  `usr_…`, one of the two.
 */
export function peerOf(conversation, user) {
  if (!conversation.startsWith(DM)) return null;
  const ulids = conversation.slice(DM.length).split('_');
  const own = user.slice(USER.length);
  if (ulids.length !== 2 || !ulids.includes(own)) return null;
  return USER + (ulids[0] === own ? ulids[1] : ulids[0]);
}

/** Returns a new idempotency key. */
export function newClientMessageId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  // Browsers offer `randomUUID` on secure origins only. On other origins, such as a plain LAN address, this is the
  // fallback.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
