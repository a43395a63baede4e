import { Api } from './api.mjs';
import { befriend, closeDialog, openFriends } from './friends.mjs';
import { openPhone } from './phone.mjs';

export const LONG_NAME = 'Wolfeschlegelsteinhausenbergerdorff-Castellanos-Benitez';
const HANDLE_CHARS_MAX = 32;

/**
 * Opens every dialog of the page, one after the other, for a user with long names.
 * @param {object} options  Options of the user's browser.
 * @param {(ada: import('./person.mjs').Person, name: string) => Promise<void>} check
 *   Called with each dialog, which it leaves open.
 * @param {{suffix: string, onClosed?: (ada: import('./person.mjs').Person, name: string) => Promise<void>}} more
 *   `suffix` separates the tests of a file; `onClosed` is called after each dialog has closed.
 */
export async function everyDialog(stage, options, check, { suffix, onClosed = async () => {} }) {
  const handleOf = (name) => `${name}_${suffix}_`.padEnd(HANDLE_CHARS_MAX, 'x');
  const people = {};
  for (const name of ['ada', 'grace', 'joan', 'alan', 'mary']) people[name] = await Api.signUp(stage.http, handleOf(name), name === 'joan' ? 'J' : `${LONG_NAME} ${name}`);
  const { ada: api, grace, joan, alan, mary } = people;
  await befriend(api, grace);
  await joan.call('PUT', `/v1/contacts/${api.user}`);
  await api.call('PUT', `/v1/contacts/${alan.user}`);
  await api.call('PUT', `/v1/blocks/${mary.user}`);
  await api.call('POST', '/v1/groups', { name: LONG_NAME, members: [grace.user, joan.user] });
  const left = await grace.call('POST', '/v1/groups', { name: `Left ${LONG_NAME}`, members: [api.user] });
  await grace.say(await grace.conversationWith(handleOf('ada')), 'hello');

  const ada = await stage.person({ path: '/?dev', ...options });
  await ada.logIn(handleOf('ada'));
  await ada.chat(`Left ${LONG_NAME}`).waitFor();
  await api.call('DELETE', `/v1/groups/${left.group}/members/${api.user}`);
  await ada.chat(`Left ${LONG_NAME}`).waitFor({ state: 'detached' });

  const close = async (name) => {
    await closeDialog(ada);
    await onClosed(ada, name);
  };
  const dialog = async (name) => {
    await check(ada, name);
    await close(name);
  };
  const question = async (name) => {
    await check(ada, name);
    await ada.page.keyboard.press('Escape');
    await ada.page.getByRole('dialog').nth(1).waitFor({ state: 'detached' });
    await onClosed(ada, name);
  };
  const menu = async (testid) => {
    await ada.find('menu').click();
    await ada.find(testid).click();
  };
  await menu('menu-profile');
  await dialog('profile');
  await menu('menu-account');
  await ada.page.getByRole('radio', { name: 'Everyone', checked: true }).waitFor();
  await ada.find('left-groups').waitFor();
  await check(ada, 'account');
  await ada.find('password-save').click();
  await check(ada, 'account with errors');
  await ada.find('logout-everywhere').click();
  await question('log out everywhere');
  await close('account');
  await openFriends(ada);
  await ada.find('blocks').getByTestId('person').waitFor();
  await ada.find('add-handle').fill('!');
  await ada.find('add-handle-submit').click();
  await check(ada, 'friends');
  await ada.find('friend-remove').click();
  await question('remove a friend');
  await close('friends');
  await menu('menu-devices');
  await ada.find('end-device').first().waitFor();
  await dialog('devices');
  await openPhone(ada);
  await ada.find('register-apns').waitFor();
  await dialog('phone');
  await ada.find('new-chat').click();
  await check(ada, 'new chat');
  await ada.find('new-group').click();
  await ada.find('add-handle').fill(handleOf('grace'));
  await ada.find('add-handle-submit').click();
  await ada.find('picked-person').waitFor();
  await dialog('new group');
  await ada.open('You created the group');
  await ada.find('group-info').click();
  await ada.find('member-open').nth(1).click();
  await check(ada, 'group info');
  await ada.find('group-delete').click();
  await question('delete a group');
  await close('group info');
  await ada.find('chat-menu').click();
  await ada.find('mute').click();
  await dialog('mute');
}
