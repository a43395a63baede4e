/** What the entries of a conversation's log mean beyond what they say. */

/** Kinds whose text is the group's name from then on. */
const NAMING = new Set(['group_created', 'group_renamed']);

/** Returns whether an entry is one that somebody should read: another's message. */
export function countsAsUnread({ kind, sender }, user) {
  return kind === 'text' && sender !== user;
}

/** Returns the name that an entry gives the group, or null. */
export function nameGivenBy({ kind, text }) {
  return (NAMING.has(kind) && text) || null;
}

/**
 * Returns what an entry makes of a user's membership, or null where it leaves it alone.
 * @returns {'joined' | 'left' | 'removed' | 'deleted' | null}
 */
export function membershipAfter({ kind, sender, mentions = [] }, user) {
  if (kind === 'group_deleted') return 'deleted';
  if (kind === 'group_created' && sender === user) return 'joined';
  if (!mentions.includes(user)) return null;
  if (kind === 'group_created' || kind === 'member_added') return 'joined';
  if (kind === 'member_removed') return sender === user ? 'left' : 'removed';
  return null;
}
