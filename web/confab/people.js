import { peerOf } from './ids.js';

/**
 * Returns the lists of people that {@link Presence} asks for.
 * @param {object} use
 * @param {() => {user: string}[]} use.friends
 * @param {() => Iterable<string>} use.open  The conversations that are open.
 */
export function peopleOf({ user, chats, groups, friends, open }) {
  const peersOf = (conversations) => [...conversations].map((conversation) => peerOf(conversation, user)).filter(Boolean);
  const friendIds = () => friends().map((friend) => friend.user);
  return {
    /** Friends, who one talks to, and who is in the group that one looks at. */
    people: () => new Set([...friendIds(), ...peersOf(chats.all().map(({ conversation }) => conversation)), ...groups.watchedMembers]),
    friends: friendIds,
    /** Who is in the conversations that are open. */
    onScreen: () => new Set([...peersOf(open()), ...groups.watchedMembers]),
  };
}
