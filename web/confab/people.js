import { peerOf } from './ids.js';

/**
 * Returns the functions that list the users whose presence {@link Presence} queries.
 * @param {object} use
 * @param {() => {user: string}[]} use.friends
 * @param {() => Iterable<string>} use.open  The open conversations.
 */
export function peopleOf({ user, chats, groups, friends, open }) {
  const peersOf = (conversations) => [...conversations].map((conversation) => peerOf(conversation, user)).filter(Boolean);
  const friendIds = () => friends().map((friend) => friend.user);
  return {
    /** Friends, the peers of all 1:1 conversations, and the members of watched groups. */
    people: () => new Set([...friendIds(), ...peersOf(chats.all().map(({ conversation }) => conversation)), ...groups.watchedMembers]),
    friends: friendIds,
    /** The peers and members of the open conversations. */
    onScreen: () => new Set([...peersOf(open()), ...groups.watchedMembers]),
  };
}
