import { peerOf } from '../confab.js';

/** Returns how a conversation is shown: `{name, handle, id}`; `id` picks the avatar's colour. */
export function titleOf(client, chat) {
  const peer = peerOf(chat.conversation, client.user);
  if (!peer) return { name: chat.name ?? 'Group', handle: null, id: chat.conversation };
  const profile = client.profiles.get(peer);
  return { name: profile?.display_name || profile?.handle || '…', handle: profile?.handle ?? null, id: peer };
}

/** Returns the name of a user, for example above a group message. */
export function nameOf(client, user) {
  const profile = client.profiles.get(user);
  return profile?.display_name || profile?.handle || '…';
}

/** Returns how far the other members of a conversation have read. */
export function readByOthers(chat) {
  return Math.max(0, ...Object.values(chat.markers));
}
