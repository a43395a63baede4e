import assert from 'node:assert/strict';
import { Api } from './support/api.mjs';
import { LINE_CUT, refused, scene } from './support/stage.mjs';

scene('a wrong password is refused with a sentence', { expected: [refused(401)] }, async (stage) => {
  await Api.signUp(stage.http, 'ada_w', 'Ada Lovelace');
  const ada = await stage.person();
  await ada.page.goto(stage.http);
  await ada.find('toggle-mode').click();
  await ada.find('handle').fill('ada_w');
  await ada.find('password').fill('wrong horse battery');
  await ada.find('submit').click();
  await ada.page.getByText('That handle and password don’t match.').waitFor();
  await ada.logIn('ada_w');
});

scene('a taken handle cannot be taken again', { expected: [refused(409)] }, async (stage) => {
  await Api.signUp(stage.http, 'ada_t', 'Ada Lovelace');
  const other = await stage.person();
  await other.page.goto(stage.http);
  await other.find('handle').fill('ADA_T');
  await other.find('password').fill('another password');
  await other.find('submit').click();
  await other.page.getByText('That handle is taken.').waitFor();
  assert.equal(await other.find('handle').getAttribute('aria-invalid'), 'true');
});

scene('where new accounts need an invitation, the page asks for one', { expected: [refused(403)] }, async (stage) => {
  const ada = await stage.person();
  await ada.page.route('**/v1/signup', (route) => {
    const { invite } = route.request().postDataJSON();
    if (invite === 'good') route.continue();
    else route.fulfill({ status: 403, json: { error: { code: 'forbidden', message: 'invite: missing' } } });
  });
  await ada.visit();
  await ada.find('handle').fill('ada_inv');
  await ada.find('password').fill('correct horse battery');
  assert.ok(await ada.find('invite').isHidden());
  await ada.find('submit').click();
  await ada.page.getByText('New accounts need an invitation here.').waitFor();
  await ada.find('invite').fill('bad');
  await ada.find('submit').click();
  await ada.page.getByText('This invitation is not good, or not any more.').waitFor();
  await ada.find('invite').fill('good');
  await ada.find('submit').click();
  await ada.online();
});

scene('an invalid handle or password is reported before a request', async (stage) => {
  const ada = await stage.person();
  await ada.page.goto(stage.http);
  await ada.find('handle').fill('a!');
  await ada.find('password').fill('short');
  await ada.find('submit').click();
  await ada.page.getByText('Use only letters a–z, digits and underscores.').waitFor();
  await ada.page.getByText('Use at least 8 characters.').waitFor();
});

scene('a handle that nobody has is not found', { expected: [refused(404)] }, async (stage) => {
  const ada = await stage.person();
  await ada.signUp('ada_n', 'Ada Lovelace');
  await ada.find('new-chat').click();
  await ada.find('new-chat-handle').fill('nobody_at_all');
  await ada.find('new-chat-submit').click();
  await ada.page.getByText('Nobody has the handle @nobody_at_all.').waitFor();
  await ada.find('new-chat-handle').fill('ada_n');
  await ada.find('new-chat-submit').click();
  await ada.page.getByText('That’s your own handle.').waitFor();
});

scene('logging out ends the session in every window and deletes all stored data', async (stage) => {
  const ada = await stage.person();
  await Promise.all([ada.signUp('ada_o', 'Ada Lovelace'), Api.signUp(stage.http, 'grace_o', 'Grace Hopper')]);
  await ada.startChat('grace_o');
  await ada.say('a secret');
  await ada.seesState('a secret', 'sent');
  const second = await stage.window(ada.page.context());
  await second.page.goto(stage.http);
  await second.find('continue-as').click();
  await second.online();
  await ada.find('menu').click();
  await ada.find('logout').click();
  await Promise.all([ada.find('submit').waitFor(), second.find('submit').waitFor()]);
  assert.equal(await ada.find('continue-as').count(), 0);
  const left = await ada.page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name).filter((name) => name.startsWith('confab.')));
  assert.deepEqual(left, []);
  // Waits for the logout. If a reload cut off its answer, the next page would send it again, and be refused.
  await ada.page.evaluate(() => navigator.locks.request('confab-pending-logouts', () => {}));
  await ada.page.reload();
  await ada.find('submit').waitFor();
  await ada.logIn('ada_o');
  await ada.open('Grace Hopper');
  await ada.sees('a secret');
});

for (const [what, answer, expected] of [
  ['without a network', (route) => route.abort(), LINE_CUT],
  ['while the server is busy', (route) => route.fulfill({ status: 503, body: '' }), refused(503)],
]) {
  scene(`logging out ${what} deletes everything immediately, and is sent to the server later`, { expected: [expected] }, async (stage) => {
    const ada = await stage.person();
    const handle = `ada_l${expected === LINE_CUT ? 'n' : 'b'}`;
    await ada.signUp(handle, 'Ada Lovelace');
    const elsewhere = await Api.logIn(stage.http, handle);
    const logins = async () => (await elsewhere.call('GET', '/v1/devices')).devices.length;
    await ada.page.route('**/v1/logout', answer);
    await ada.find('menu').click();
    await ada.find('logout').click();
    await ada.find('pending-logout').filter({ hasText: 'You are logged out here. The server will be told when it can be reached.' }).waitFor();
    assert.equal(await ada.find('continue-as').count(), 0);
    const left = await ada.page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name).filter((name) => name.startsWith('confab.')));
    assert.deepEqual(left, []);
    assert.equal(await logins(), 2);
    await ada.page.reload();
    await ada.find('pending-logout').filter({ hasText: 'The server will be told' }).waitFor();
    const answered = ada.page.waitForResponse((answer) => answer.url().endsWith('/v1/logout') && answer.status() !== 503);
    await ada.page.unroute('**/v1/logout');
    await ada.page.evaluate(() => dispatchEvent(new Event('online')));
    assert.equal((await answered).status(), 204);
    await ada.find('pending-logout').filter({ hasText: /^$/ }).waitFor({ state: 'attached' });
    assert.equal(await logins(), 1);
  });
}

scene('reloading keeps the session, the conversation and the draft', async (stage) => {
  const ada = await stage.person();
  await Promise.all([ada.signUp('ada_r', 'Ada Lovelace'), Api.signUp(stage.http, 'grace_r', 'Grace Hopper')]);
  await ada.startChat('grace_r');
  await ada.say('kept');
  await ada.seesState('kept', 'sent');
  await ada.find('composer').fill('half a thought');
  await ada.page.reload();
  await ada.sees('kept');
  assert.equal(await ada.find('composer').inputValue(), 'half a thought');
});

scene('a refresh whose answer is lost does not log the user out, also not after a reload', { expected: [LINE_CUT, refused(401)] }, async (stage) => {
  const ada = await stage.person();
  await ada.signUp('ada_re', 'Ada Lovelace');
  const refreshes = [];
  let answers = 0;
  await ada.page.route('**/v1/token/refresh', async (route) => {
    refreshes.push(route.request().postDataJSON());
    const answer = await route.fetch();
    answers += answer.status() === 200;
    if (refreshes.length === 1) await route.abort();
    else await route.fulfill({ response: answer });
  });
  let refusals = 2;
  await ada.page.route('**/v1/me', (route) => (refusals-- > 0 ? route.fulfill({ status: 401, json: { error: { code: 'unauthenticated', message: 'expired token' } } }) : route.continue()));
  const lost = ada.page.waitForEvent('requestfailed', (request) => request.url().endsWith('/v1/token/refresh'));
  await ada.page.reload();
  await lost;
  const again = ada.page.waitForResponse('**/v1/token/refresh');
  await ada.page.reload();
  await again;
  await ada.online();
  await ada.find('menu').click();
  await ada.find('menu-devices').click();
  await ada.page.locator('.device').waitFor();
  assert.deepEqual([refreshes[1], answers], [refreshes[0], 2]);
});

scene('a draft outlives its window, is shown in the list, and ends when it is sent or its account logs out', async (stage) => {
  const ada = await stage.person();
  await Promise.all([ada.signUp('ada_dr', 'Ada Lovelace'), Api.signUp(stage.http, 'grace_dr', 'Grace Hopper')]);
  await ada.startChat('grace_dr');
  await ada.say('hello');
  await ada.seesState('hello', 'sent');
  await ada.find('composer').fill('half a thought');
  await ada.page.close();
  const again = await stage.window(ada.page.context());
  await again.page.goto(stage.http);
  await again.chat('Grace Hopper').filter({ hasText: 'Draft: half a thought' }).waitFor();
  await again.open('Grace Hopper');
  assert.equal(await again.find('composer').inputValue(), 'half a thought');

  const beside = await stage.window(ada.page.context());
  await beside.page.goto(stage.http);
  await beside.find('continue-as').click();
  await beside.open('Grace Hopper');
  await again.find('composer').press('Enter');
  await again.seesState('half a thought', 'sent');
  await beside.page.waitForFunction(() => document.querySelector('[data-testid=composer]').value === '');
  await again.find('composer').fill('never sent');
  await again.find('menu').click();
  await again.find('logout').click();
  await again.find('submit').waitFor();
  assert.deepEqual(await again.page.evaluate(() => Object.keys(localStorage).filter((key) => key.includes('draft'))), []);
});

scene('others see a new display name', async (stage) => {
  const [ada, grace] = [await stage.person(), await stage.person()];
  await Promise.all([ada.signUp('ada_p', 'Ada Lovelace'), grace.signUp('grace_p', 'Grace Hopper')]);
  await ada.find('menu').click();
  await ada.find('menu-profile').click();
  await ada.find('profile-name').fill('Countess Ada');
  await ada.find('profile-save').click();
  await ada.find('toast').filter({ hasText: 'Your name is saved.' }).waitFor();
  await ada.page.locator('.own-name', { hasText: 'Countess Ada' }).waitFor();
  await grace.startChat('ada_p');
  await grace.page.getByRole('heading', { name: 'Countess Ada' }).waitFor();
});

scene('a session ended from another device asks to log in again', { expected: [refused(401)] }, async (stage) => {
  const [phone, laptop] = [await stage.person(), await stage.person()];
  await phone.signUp('ada_d', 'Ada Lovelace');
  await laptop.logIn('ada_d');
  await laptop.find('menu').click();
  await laptop.find('menu-devices').click();
  await laptop.find('end-device').click();
  await phone.find('notice').filter({ hasText: 'Your session has ended.' }).waitFor();
});
