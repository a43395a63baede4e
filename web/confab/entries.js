/** Meaning of log entries for unread counts, group names and memberships. */

/** Kinds of entries whose text becomes the group's name. */
const NAMING = new Set(['group_created', 'group_renamed']);

/** Returns whether an entry counts as unread: a message from another user. */
export function countsAsUnread({ kind, sender }, user) {
  return kind === 'text' && sender !== user;
}

/** Returns the group name that an entry sets, or null. */
export function nameGivenBy({ kind, text }) {
  return (NAMING.has(kind) && text) || null;
}

/**
 * Returns a user's membership after an entry, or null if the entry does not change it.
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
