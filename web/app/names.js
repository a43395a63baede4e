import { peerOf } from '../confab.js';
import { statusText } from './presence.js';
import { typingPhrase } from './typing.js';

const CLOSED_TEXTS = {
  left: 'You have left this group. Only a friend can add you again.',
  removed: 'You are no longer in this group.',
  deleted: 'This group has been deleted.',
  outside: 'You are not in this group.',
};

const ENDED_BY_OTHERS = new Set(['removed', 'deleted']);

/** Returns the title of a conversation: `{name, handle, id}`; `id` determines the avatar's colour. */
export function titleOf(client, chat) {
  const peer = peerOf(chat.conversation, client.user);
  if (!peer) return { name: chat.name ?? client.groups.get(chat.conversation)?.name ?? 'Group', handle: null, id: chat.conversation };
  const profile = client.profiles.get(peer);
  return { name: profile?.display_name || profile?.handle || '…', handle: profile?.handle ?? null, id: peer };
}

/**
 * Returns the line below a conversation's name: typing, presence or the number of members.
 * @returns {import('./system-entry.js').Phrase}
 */
export function detailOf(client, chat) {
  const typing = typingIn(client, chat);
  if (typing) return typing;
  if (chat.kind === 'group') return [{ text: chat.left ? '' : membersText(client.groups.get(chat.conversation)) }];
  const peer = peerOf(chat.conversation, client.user);
  const status = client.contacts.relationTo(peer) === 'blocked' ? 'blocked' : statusText(client.presence.get(peer));
  const { handle } = titleOf(client, chat);
  return [{ text: [status, handle && `@${handle}`].filter(Boolean).join(' · ') }];
}

/** Returns a sentence that says who is typing in a conversation, or null if nobody is. */
export function typingIn(client, chat) {
  return chat.left ? null : typingPhrase(client.typing.in(chat.conversation), (user) => nameOf(client, user));
}

/** Returns the number of a group's members in words, or an empty text if it is not known. */
export function membersText(group) {
  if (!group) return '';
  return group.members.length === 1 ? '1 member' : `${group.members.length} members`;
}

/** Returns a sentence that says why the user cannot write in a conversation, or null if the user can. */
export function closedText(chat) {
  if (!chat.left) return null;
  return chat.left.accepts_adds ? 'You have left this group. Others can add you again.' : CLOSED_TEXTS[chat.left.reason];
}

/** Returns whether the user has left a group and only friends can add them again. */
export function maySayWhoAdds({ left }) {
  return left?.reason === 'left' && !left.accepts_adds;
}

/**
 * Returns whether an ended conversation is still listed: others have removed the user or deleted the group, and its
 * messages can be read.
 */
export function isShownEnded({ left, dismissed, last_message }) {
  return ENDED_BY_OTHERS.has(left?.reason) && !dismissed && Boolean(last_message);
}

/** Returns the name of a user, for example above a group message. */
export function nameOf(client, user) {
  const profile = client.profiles.get(user);
  return profile?.display_name || profile?.handle || '…';
}

/** Returns a name in Unicode isolates, so that its direction does not affect the sentence around it. */
export function isolated(name) {
  return `\u2068${name}\u2069`;
}

/** Returns the read mark of each other member of a conversation. */
export function othersMarkers(client, chat) {
  return Object.entries(chat.markers).filter(([user]) => user !== client.user).map(([, read_seq]) => read_seq);
}
