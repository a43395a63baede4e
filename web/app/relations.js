import { confirmDialog, messageDialog } from './dialog.js';
import { isolated, nameOf } from './names.js';

/**
 * Returns what a user can do about another person, for a menu.
 * @returns {{icon: string, text: string, testid: string, run: () => void}[]}
 */
export function relationItems(client, user) {
  const { contacts } = client;
  const asked = (run) => async () => {
    try {
      await run();
    } catch (error) {
      messageDialog('That did not work', error.message);
    }
  };
  const friendship = {
    none: { icon: 'addFriend', text: 'Add as friend', testid: 'friend-add', run: asked(() => contacts.put(user)) },
    request: { icon: 'addFriend', text: 'Accept friend request', testid: 'friend-accept', run: asked(() => contacts.put(user)) },
    requested: { icon: 'removeFriend', text: 'Take friend request back', testid: 'friend-take-back', run: asked(() => contacts.remove(user)) },
    friend: { icon: 'removeFriend', text: 'Remove friend', testid: 'friend-remove', run: asked(() => removeFriend(client, user)) },
    blocked: null,
  };
  const relation = contacts.relationTo(user);
  const block =
    relation === 'blocked'
      ? { icon: 'block', text: 'Unblock', testid: 'unblock', run: asked(() => unblock(client, user)) }
      : { icon: 'block', text: 'Block', testid: 'block', run: asked(() => blockUser(client, user)) };
  return [friendship[relation], block].filter(Boolean);
}

/** Ends a friendship, if the user is sure; returns whether they were. */
export function removeFriend(client, user) {
  const sentence = 'Neither of you will see any more when the other is online. Your chat stays.';
  return ifSure([`Remove ${named(client, user)} as a friend?`, sentence, 'Remove'], () => client.contacts.remove(user));
}

/** Unblocks somebody, if the user is sure; returns whether they were. */
export function unblock(client, user) {
  const sentence = 'They can write to you again, and if you were friends, you are friends again.';
  return ifSure([`Unblock ${named(client, user)}?`, sentence, 'Unblock', { calm: true }], () => client.contacts.unblock(user));
}

function blockUser(client, user) {
  const sentence = 'They can no longer write to you here, and neither of you sees when the other is online or typing. They are not told. In groups you both still read each other.';
  return ifSure([`Block ${named(client, user)}?`, sentence, 'Block'], () => client.contacts.block(user));
}

async function ifSure(question, change) {
  const sure = await confirmDialog(...question);
  if (sure) await change();
  return sure;
}

function named(client, user) {
  return isolated(nameOf(client, user));
}
