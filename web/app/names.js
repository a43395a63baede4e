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

/** Returns how a conversation is shown: `{name, handle, id}`; `id` picks the avatar's colour. */
export function titleOf(client, chat) {
  const peer = peerOf(chat.conversation, client.user);
  if (!peer) return { name: chat.name ?? client.groups.get(chat.conversation)?.name ?? 'Group', handle: null, id: chat.conversation };
  const profile = client.profiles.get(peer);
  return { name: profile?.display_name || profile?.handle || '…', handle: profile?.handle ?? null, id: peer };
}

/**
 * Returns the line below a conversation's name: what there is to know of the other side at this moment.
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

/** Returns in words who is typing in a conversation, or null where nobody is. */
export function typingIn(client, chat) {
  return chat.left ? null : typingPhrase(client.typing.in(chat.conversation), (user) => nameOf(client, user));
}

/** Returns how many are in a group, in words; nothing where that is not known. */
export function membersText(group) {
  if (!group) return '';
  return group.members.length === 1 ? '1 member' : `${group.members.length} members`;
}

/** Returns why nobody can write in a conversation any more, or null where the user can. */
export function closedText(chat) {
  if (!chat.left) return null;
  return chat.left.accepts_adds ? 'You have left this group. Others can add you again.' : CLOSED_TEXTS[chat.left.reason];
}

/** Returns whether only friends can put the user back into a group, since they have left it. */
export function maySayWhoAdds({ left }) {
  return left?.reason === 'left' && !left.accepts_adds;
}

/** Returns whether a conversation from which others have put the user out is shown in the list all the same, to be read. */
export function isShownEnded({ left, dismissed, last_message }) {
  return ENDED_BY_OTHERS.has(left?.reason) && !dismissed && Boolean(last_message);
}

/** Returns the name of a user, for example above a group message. */
export function nameOf(client, user) {
  const profile = client.profiles.get(user);
  return profile?.display_name || profile?.handle || '…';
}

/** Returns a name for use within a plain-text sentence, whose direction it does not disturb. */
export function isolated(name) {
  return `\u2068${name}\u2069`;
}

/** Returns how far the other members of a conversation have read, each of them. */
export function othersMarkers(client, chat) {
  return Object.entries(chat.markers).filter(([user]) => user !== client.user).map(([, read_seq]) => read_seq);
}
