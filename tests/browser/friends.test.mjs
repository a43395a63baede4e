import assert from 'node:assert/strict';
import { Api } from './support/api.mjs';
import { addFriend, befriend, choose, closeDialog, confirm, detail, dotInList, listed, openFriends } from './support/friends.mjs';
import { refused, scene, server } from './support/stage.mjs';

scene('two people become friends in the dialog, see each other online, and talk', async (stage) => {
  const [ada, grace] = await twoPeople(stage, 'f');
  await openFriends(ada);
  await addFriend(ada, '@Grace_f');
  await ada.find('toast').filter({ hasText: 'Grace Hopper was asked' }).waitFor();
  await listed(ada, 'requested', 'Grace Hopper').waitFor();

  await openFriends(grace);
  await listed(grace, 'requests', 'Ada Lovelace').getByTestId('request-accept').click();
  await listed(grace, 'friends', 'Ada Lovelace').filter({ hasText: 'online' }).waitFor();
  await listed(grace, 'requests', 'Ada Lovelace').waitFor({ state: 'detached' });
  await listed(grace, 'friends', 'Ada Lovelace').getByTestId('person-open').click();
  await grace.find('composer').waitFor();
  await detail(grace, /^online · @ada_f$/);

  await ada.find('toast').filter({ hasText: 'Grace Hopper has accepted your friend request.' }).waitFor();
  await listed(ada, 'friends', 'Grace Hopper').getByTestId('presence-dot').waitFor();
  await closeDialog(ada);
  await grace.say('hello');
  await dotInList(ada, 'Grace Hopper');
});

scene('a friend request is shown above the chats, and answered there', async (stage) => {
  const ada = await stage.person();
  const [grace, joan, alan, mary] = await Promise.all(['Grace Hopper', 'Joan Clarke', 'Alan Turing', 'Mary Keller'].map((name) => Api.signUp(stage.http, `${name.split(' ')[0]}_q`, name)));
  await ada.signUp('ada_q', 'Ada Lovelace');
  const user = await userOf(grace, 'ada_q');
  const asks = (api) => api.call('PUT', `/v1/contacts/${user}`);
  assert.ok(await ada.find('menu-news').isHidden());
  await asks(grace);
  await ada.find('toast').filter({ hasText: 'Grace Hopper wants to be your friend.' }).waitFor();
  await ada.find('menu-news').waitFor();
  assert.equal(await ada.find('menu').getAttribute('aria-label'), 'Menu, 1 friend request');
  const card = (name) => ada.find('request-card').filter({ hasText: name });
  for (const [api, name] of [[joan, 'Joan Clarke'], [alan, 'Alan Turing']]) {
    await asks(api);
    await ada.find('toast').filter({ hasText: name }).waitFor();
  }
  assert.equal(await ada.find('request-card').count(), 2);
  await ada.find('more-requests').filter({ hasText: '1 more' }).waitFor();

  const first = await ada.find('request-card').first().locator('strong').textContent();
  await card(first).getByTestId('card-accept').focus();
  await ada.page.keyboard.press('Enter');
  await ada.find('toast').filter({ hasText: `You and ${first} are friends now.` }).waitFor();
  await card(first).waitFor({ state: 'detached' });
  await focusIsOn(ada, 'card-accept');
  const second = await ada.find('request-card').first().locator('strong').textContent();
  await card(second).getByTestId('card-ignore').click();
  await card(second).waitFor({ state: 'detached' });
  await ada.find('card-accept').click();
  await ada.find('menu-news').waitFor({ state: 'hidden' });
  await focusIsOn(ada, 'chat-list');
  const { contacts, requests } = await (await Api.logIn(stage.http, 'ada_q')).call('GET', '/v1/contacts');
  assert.deepEqual([contacts.length, requests, contacts.some(({ display_name }) => display_name === second)], [2, [], false]);

  await mary.call('PUT', `/v1/contacts/${user}`);
  await ada.page.reload();
  await card('Mary Keller').waitFor();
  await openFriends(ada);
  await listed(ada, 'requests', 'Mary Keller').waitFor();
});

scene('a friend’s new name is shown immediately', async (stage) => {
  const [ada] = await twoPeople(stage, 'z', ['ada']);
  const grace = await Api.signUp(stage.http, 'grace_z', 'Grace Hopper');
  await befriend(await Api.logIn(stage.http, 'ada_z'), grace);
  await grace.say(await grace.conversationWith('ada_z'), 'hello');
  await ada.open('Grace Hopper');
  await grace.call('PATCH', '/v1/me', { display_name: 'Admiral Hopper' });
  await ada.page.getByRole('heading', { name: 'Admiral Hopper' }).waitFor();
  await ada.chat('Admiral Hopper').waitFor();
});

scene('a request can be ignored, or withdrawn', async (stage) => {
  const [ada] = await twoPeople(stage, 'r', ['ada']);
  const grace = await Api.signUp(stage.http, 'grace_r', 'Grace Hopper');
  await grace.call('PUT', `/v1/contacts/${await userOf(grace, 'ada_r')}`);
  await Api.signUp(stage.http, 'joan_r', 'Joan Clarke');
  await openFriends(ada);
  await listed(ada, 'requests', 'Grace Hopper').getByTestId('request-ignore').click();
  await ada.find('requests').waitFor({ state: 'hidden' });
  await addFriend(ada, 'joan_r');
  await listed(ada, 'requested', 'Joan Clarke').getByTestId('request-take-back').click();
  await ada.find('requested').waitFor({ state: 'hidden' });
  await ada.page.getByText('Nobody yet.').waitFor();
  assert.deepEqual(await grace.call('GET', '/v1/contacts'), { contacts: [], requests: [], requested: [{ user: await userOf(grace, 'ada_r'), handle: 'ada_r', display_name: 'Ada Lovelace' }] });
});

scene('a user who cannot become a friend is reported at the field', { expected: [refused(404)] }, async (stage) => {
  const [ada] = await twoPeople(stage, 'w', ['ada']);
  await openFriends(ada);
  for (const [typed, sentence] of [
    ['nobody_w', 'Nobody has the handle @nobody_w.'],
    ['ada_w', 'That’s your own handle.'],
    ['a!', 'A handle has 3 to 32 letters, digits or underscores.'],
  ]) {
    await addFriend(ada, typed);
    await ada.page.getByText(sentence).waitFor();
  }
});

scene('the menu of a conversation adds and removes a friend', async (stage) => {
  const [ada, grace] = await twoPeople(stage, 'm');
  await ada.startChat('grace_m');
  await choose(ada, 'friend-add');
  await ada.find('toast').filter({ hasText: 'Grace Hopper was asked' }).waitFor();
  await grace.startChat('ada_m');
  await grace.find('request-card').waitFor();
  await choose(grace, 'friend-accept');
  await detail(grace, /^online/);
  await choose(grace, 'friend-remove');
  await confirm(grace, 'Remove');
  await detail(grace, /^@ada_m$/);
  await grace.find('chat-menu').click();
  await grace.find('friend-add').waitFor();
});

scene('a blocked user cannot write, does not see the reason, and sees no dot', async (stage) => {
  const [ada, grace] = await twoPeople(stage, 'b');
  await Promise.all([openFriends(ada), openFriends(grace)]);
  await addFriend(ada, 'grace_b');
  await listed(ada, 'requested', 'Grace Hopper').waitFor();
  await addFriend(grace, 'ada_b');
  await grace.find('toast').filter({ hasText: 'You and Ada Lovelace are friends now.' }).waitFor();
  await Promise.all([closeDialog(ada), closeDialog(grace)]);
  await grace.startChat('ada_b');
  await grace.say('hello');
  await detail(grace, /^online/);
  await ada.open('Grace Hopper');
  await ada.sees('hello');

  await choose(ada, 'block');
  await confirm(ada, 'Block');
  await detail(ada, /^blocked · @grace_b$/);
  await dotInList(ada, 'Grace Hopper', 'hidden');
  await grace.say('are you there?');
  await grace.seesState('are you there?', 'failed');
  await grace.page.getByText('This message was not accepted.', { exact: true }).waitFor();
  assert.equal(await grace.page.getByText(/block/i).count(), 0);
  // Grace's page receives the `offline` that any leaving user causes, and its queries get the same answer.
  await detail(grace, /^last active just now · @ada_b$/);
  await dotInList(grace, 'Ada Lovelace', 'hidden');
  await grace.page.reload();
  await grace.online();
  await detail(grace, /^last active just now · @ada_b$/);
  await ada.say('this still goes');
  await grace.sees('this still goes');

  await openFriends(ada);
  await listed(ada, 'blocks', 'Grace Hopper').getByTestId('unblock').click();
  await confirm(ada, 'Unblock');
  await listed(ada, 'friends', 'Grace Hopper').filter({ hasText: 'online' }).waitFor();
  await closeDialog(ada);
  await grace.find('retry').click();
  await ada.sees('are you there?');
});

scene('the keyboard alone adds a friend, opens the chat and blocks', async (stage) => {
  const [ada] = await twoPeople(stage, 'k', ['ada']);
  const grace = await Api.signUp((await server()).http, 'grace_k', 'Grace Hopper');
  await grace.call('PUT', `/v1/contacts/${await userOf(grace, 'ada_k')}`);
  const { keyboard } = ada.page;
  await ada.find('menu').focus();
  await keyboard.press('Enter');
  await keyboard.press('ArrowDown');
  await focusIsOn(ada, 'menu-friends');
  await keyboard.press('Enter');
  await listed(ada, 'requests', 'Grace Hopper').waitFor();
  await tabTo(ada, 'add-handle');
  await keyboard.type('grace_k');
  await keyboard.press('Enter');
  await listed(ada, 'friends', 'Grace Hopper').waitFor();
  await tabTo(ada, 'person-open');
  await keyboard.press('Enter');
  await ada.find('composer').waitFor();
  await ada.find('chat-menu').focus();
  await keyboard.press('Enter');
  await keyboard.press('End');
  await focusIsOn(ada, 'block');
  await keyboard.press('Enter');
  await ada.page.getByRole('dialog', { name: /^Block/ }).waitFor();
  await keyboard.press('Tab');
  await keyboard.press('Enter');
  await detail(ada, /^blocked/);
  await focusIsOn(ada, 'chat-menu');
});

/** Returns users with a browser each, signed up as `NAME_SUFFIX`. */
async function twoPeople(stage, suffix, who = ['ada', 'grace']) {
  const names = { ada: 'Ada Lovelace', grace: 'Grace Hopper' };
  const all = [];
  for (const handle of who) {
    const person = await stage.person();
    await person.signUp(`${handle}_${suffix}`, names[handle]);
    all.push(person);
  }
  return all;
}

async function userOf(api, handle) {
  return (await api.call('GET', `/v1/users?handle=${handle}`)).user;
}

function focusIsOn(person, testid) {
  return person.page.waitForFunction((wanted) => document.activeElement?.dataset.testid === wanted, testid);
}

async function tabTo(person, testid) {
  for (let presses = 0; presses < 20; presses += 1) {
    if (await person.page.evaluate((wanted) => document.activeElement?.dataset.testid === wanted, testid)) return;
    await person.page.keyboard.press('Tab');
  }
  assert.fail(`Tab does not lead to ${testid}`);
}
