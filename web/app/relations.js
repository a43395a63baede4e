import { confirmDialog } from './dialog.js';
import { isolated, nameOf } from './names.js';
import { toast } from './toast.js';
import { toastOutcome } from './toast-outcome.js';

/**
 * Returns the menu items for the user's relation to another user.
 * @returns {{icon: string, text: string, testid: string, run: () => void}[]}
 */
export function relationItems(client, user) {
  const item = (icon, text, testid, act) => ({ icon, text, testid, run: () => act(client, user) });
  const friendship = {
    none: item('addFriend', 'Add as friend', 'friend-add', askFriend),
    request: item('addFriend', 'Accept friend request', 'friend-accept', acceptRequest),
    requested: item('removeFriend', 'Take friend request back', 'friend-take-back', takeBack),
    friend: item('removeFriend', 'Remove friend', 'friend-remove', removeFriend),
    blocked: null,
  };
  const relation = client.contacts.relationTo(user);
  const block = relation === 'blocked' ? item('block', 'Unblock', 'unblock', unblock) : item('block', 'Block', 'block', blockUser);
  return [friendship[relation], block].filter(Boolean);
}

/** Sends a friend request and shows the outcome. */
export function askFriend(client, user) {
  return toastOutcome(() => putFriend(client, user));
}

/**
 * Sends a friend request and shows its success. Throws failures, for callers that show them elsewhere.
 * @throws {import('../confab.js').ConfabError}
 */
export async function putFriend(client, user) {
  const friends = await client.contacts.put(user);
  const name = nameOf(client, user);
  toast(friends ? [{ text: 'You and ' }, { name }, { text: ' are friends now.' }] : [{ name }, { text: ' was asked, and will see your request.' }]);
}

export function acceptRequest(client, user) {
  return askFriend(client, user);
}

export function ignoreRequest(client, user) {
  return toastOutcome(() => client.contacts.remove(user), [{ text: 'The request of ' }, named(client, user), { text: ' is deleted. They are not notified.' }]);
}

export function takeBack(client, user) {
  return toastOutcome(() => client.contacts.remove(user), [{ text: 'Your request to ' }, named(client, user), { text: ' is taken back.' }]);
}

/** Ends a friendship after a confirmation. */
export function removeFriend(client, user) {
  const question = [`Remove ${isolatedName(client, user)} as a friend?`, 'Neither of you will see any more when the other is online. Your chat stays.', 'Remove'];
  return ifSure(question, () => client.contacts.remove(user), [named(client, user), { text: ' is no longer your friend.' }]);
}

/** Unblocks a user after a confirmation. */
export function unblock(client, user) {
  const question = [`Unblock ${isolatedName(client, user)}?`, 'They can write to you again, and if you were friends, you are friends again.', 'Unblock', { calm: true }];
  return ifSure(question, () => client.contacts.unblock(user), [named(client, user), { text: ' is not blocked any more.' }]);
}

function blockUser(client, user) {
  const sentence = 'They can no longer write to you here, and neither of you sees when the other is online or typing. They are not notified. In groups you both still read each other.';
  return ifSure([`Block ${isolatedName(client, user)}?`, sentence, 'Block'], () => client.contacts.block(user), [named(client, user), { text: ' is blocked.' }]);
}

async function ifSure(question, change, done) {
  if (await confirmDialog(...question)) await toastOutcome(change, done);
}

function named(client, user) {
  return { name: nameOf(client, user) };
}

function isolatedName(client, user) {
  return isolated(nameOf(client, user));
}
