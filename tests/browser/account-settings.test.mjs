import assert from 'node:assert/strict';
import { Api, PASSWORD } from './support/api.mjs';
import { closeDialog, confirm } from './support/friends.mjs';
import { LINE_CUT, refused, scene, until } from './support/stage.mjs';

const NEW = 'battery staple horse';

scene('a changed password logs out the other devices, and this one stays logged in', { expected: [refused(403), refused(401)] }, async (stage) => {
  const [laptop, phone] = [await stage.person(), await stage.person()];
  await laptop.signUp('ada_pw', 'Ada Lovelace');
  await phone.logIn('ada_pw');
  await openAccount(laptop);
  await laptop.find('password-old').fill('not the password');
  await laptop.find('password-new').fill(NEW);
  await laptop.find('password-save').click();
  await laptop.page.getByText('That is not your current password.').waitFor();
  await laptop.page.waitForFunction(() => document.activeElement.dataset.testid === 'password-old');
  assert.equal(await laptop.find('password-old').getAttribute('aria-invalid'), 'true');
  assert.equal(await phone.find('notice').count(), 0);

  await laptop.find('password-old').fill(PASSWORD);
  await laptop.find('password-new').press('Enter');
  await laptop.find('toast').filter({ hasText: 'Your password is changed.' }).waitFor();
  assert.deepEqual([await laptop.find('password-old').inputValue(), await laptop.find('password-new').inputValue()], ['', '']);
  await phone.find('notice').filter({ hasText: 'Your session has ended.' }).waitFor();
  await closeDialog(laptop);
  await laptop.online();
  await laptop.page.reload();
  await laptop.online();
  await phone.logIn('ada_pw', NEW);
});

scene('an invalid password is reported at the field before a request', async (stage) => {
  const ada = await stage.person();
  await ada.signUp('ada_pf', 'Ada Lovelace');
  await openAccount(ada);
  await ada.find('password-new').fill('short');
  await ada.find('password-save').click();
  await ada.page.getByText('Enter your current password.').waitFor();
  await ada.page.getByText('Use at least 8 characters.').waitFor();
  await ada.page.waitForFunction(() => document.activeElement.dataset.testid === 'password-old');
});

scene('a change of the password whose answer is lost ends no session, and the next attempt says what may have happened', { expected: [LINE_CUT, refused(403)] }, async (stage) => {
  const ada = await stage.person();
  await ada.signUp('ada_pl', 'Ada Lovelace');
  let losses = 1;
  await ada.page.route('**/v1/me/password', async (route) => {
    const answer = await route.fetch();
    await (losses-- > 0 ? route.abort() : route.fulfill({ response: answer }));
  });
  await openAccount(ada);
  await ada.find('password-old').fill(PASSWORD);
  await ada.find('password-new').fill(NEW);
  await ada.find('password-save').click();
  await ada.find('password-error').filter({ hasText: 'The new password may hold already.' }).waitFor();
  await ada.find('password-save').click();
  await ada.page.getByText('Perhaps the change before was made').waitFor();
  await closeDialog(ada);
  await ada.page.reload();
  await ada.online();
  const other = await stage.person();
  await other.logIn('ada_pl', NEW);
});

scene('logging out everywhere asks first, and ends every login', { expected: [refused(401)] }, async (stage) => {
  const [laptop, phone] = [await stage.person(), await stage.person()];
  await laptop.signUp('ada_le', 'Ada Lovelace');
  await phone.logIn('ada_le');
  await openAccount(laptop);
  await laptop.find('logout-everywhere').click();
  await confirm(laptop, 'Cancel');
  await laptop.page.waitForFunction(() => document.activeElement.dataset.testid === 'logout-everywhere');
  await laptop.find('logout-everywhere').click();
  await confirm(laptop, 'Log out everywhere');
  await laptop.find('submit').waitFor();
  assert.equal(await laptop.find('continue-as').count(), 0);
  await phone.find('notice').filter({ hasText: 'Your session has ended.' }).waitFor();
  await laptop.logIn('ada_le');
  await laptop.find('menu').click();
  await laptop.find('menu-devices').click();
  await laptop.page.locator('.device').waitFor();
  assert.equal(await laptop.page.locator('.device').count(), 1);
});

scene('a logout everywhere without a network is sent later', { expected: [LINE_CUT, refused(401)] }, async (stage) => {
  const ada = await stage.person();
  await ada.signUp('ada_lo', 'Ada Lovelace');
  const elsewhere = await Api.logIn(stage.http, 'ada_lo');
  await ada.page.route('**/v1/logout', (route) => route.abort());
  await openAccount(ada);
  await ada.find('logout-everywhere').click();
  await confirm(ada, 'Log out everywhere');
  await ada.find('pending-logout').filter({ hasText: 'Your other devices will be when the server can be reached.' }).waitFor();
  await elsewhere.call('GET', '/v1/me');
  await ada.page.unroute('**/v1/logout');
  await ada.page.evaluate(() => dispatchEvent(new Event('online')));
  await ada.find('pending-logout').filter({ hasText: /^$/ }).waitFor({ state: 'attached' });
  await assert.rejects(elsewhere.call('GET', '/v1/me'), /401/);
});

scene('a session that ends closes an open dialog, and later toasts are visible', { expected: [refused(401)] }, async (stage) => {
  const ada = await stage.person();
  await ada.signUp('ada_se', 'Ada Lovelace');
  const elsewhere = await Api.logIn(stage.http, 'ada_se');
  await openAccount(ada);
  await elsewhere.call('POST', '/v1/logout', { everywhere: true });
  await ada.find('notice').filter({ hasText: 'Your session has ended.' }).waitFor();
  await ada.page.getByRole('dialog').waitFor({ state: 'detached' });
  await ada.find('password').fill(PASSWORD);
  await ada.find('submit').click();
  await ada.online();
  await ada.find('menu').click();
  await ada.find('menu-profile').click();
  await ada.find('profile-save').click();
  await ada.find('toast').filter({ hasText: 'Your name is saved.' }).waitFor();
});

scene('the choice of who may add the user to groups is stored, and can be limited to friends', { expected: [refused(403)] }, async (stage) => {
  const [ada, grace] = [await stage.person(), await stage.person()];
  await Promise.all([ada.signUp('ada_ga', 'Ada Lovelace'), grace.signUp('grace_ga', 'Grace Hopper')]);
  await openAccount(ada);
  await ada.page.getByRole('radio', { name: 'Everyone', checked: true }).waitFor();
  await ada.page.getByRole('radio', { name: 'Friends only' }).check();
  await ada.find('toast').filter({ hasText: 'Only your friends may add you to groups now.' }).waitFor();
  await closeDialog(ada);
  await openAccount(ada);
  await ada.page.getByRole('radio', { name: 'Friends only', checked: true }).waitFor();

  await grace.find('new-chat').click();
  await grace.find('new-group').click();
  await grace.find('group-name').fill('Climbing');
  await grace.find('add-handle').fill('ada_ga');
  await grace.find('group-create').click();
  await grace.page.getByText('Ada Lovelace').last().waitFor();
  await grace.page.getByText('can’t be added by you.').waitFor();

  await ada.page.getByRole('radio', { name: 'Everyone' }).check();
  await ada.find('toast').filter({ hasText: 'Everyone may add you to groups now.' }).waitFor();
  await grace.find('group-create').click();
  await grace.page.getByRole('heading', { name: 'Climbing' }).waitFor();
  await ada.chat('Climbing').waitFor();
});

scene('a choice that cannot be saved is reverted', { expected: [refused(503)] }, async (stage) => {
  const ada = await stage.person();
  await ada.signUp('ada_gf', 'Ada Lovelace');
  await openAccount(ada);
  await ada.page.getByRole('radio', { name: 'Everyone', checked: true }).waitFor();
  await ada.page.route('**/v1/me', (route) => route.fulfill({ status: 503, body: '' }));
  await ada.page.getByRole('radio', { name: 'Friends only' }).click();
  await ada.find('toast').filter({ hasText: 'The server is busy.' }).waitFor();
  assert.ok(await until(() => ada.page.getByRole('radio', { name: 'Everyone' }).isChecked()));
});

async function openAccount(person) {
  await person.find('menu').click();
  await person.find('menu-account').click();
  await person.page.getByRole('dialog', { name: 'Account' }).waitFor();
}
