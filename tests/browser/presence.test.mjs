import assert from 'node:assert/strict';
import { Api } from './support/api.mjs';
import { befriend, detail, dotInList, listed, openFriends } from './support/friends.mjs';
import { startServer } from './support/server.mjs';
import { LINE_CUT, scene, until } from './support/stage.mjs';

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

scene('the dot appears when a friend connects, stays while they reload, and disappears when they log out', async (stage) => {
  const [ada, grace] = [await stage.person(), await stage.person()];
  await friendsWithChat(stage.http, 'd');
  await ada.logIn('ada_d');
  await ada.open('Grace Hopper');
  await ada.sees('hello');
  await detail(ada, /^(last active .* · )?@grace_d$/);
  await dotInList(ada, 'Grace Hopper', 'hidden');

  await grace.logIn('grace_d');
  await detail(ada, /^online · @grace_d$/);
  await dotInList(ada, 'Grace Hopper');
  await ada.page.locator('.conversation .pane-header').getByRole('img', { name: 'online' }).waitFor();
  await openFriends(ada);
  await listed(ada, 'friends', 'Grace Hopper').filter({ hasText: 'online' }).waitFor();

  await watchDots(ada);
  await grace.page.reload();
  await grace.online();
  await grace.find('menu').click();
  await grace.find('logout').click();
  await grace.find('submit').waitFor();
  await dotInList(ada, 'Grace Hopper', 'hidden');
  await detail(ada, /^last active just now · @grace_d$/);
  await listed(ada, 'friends', 'Grace Hopper').filter({ hasText: 'last active just now' }).waitFor();
  assert.deepEqual(await ada.page.evaluate(() => globalThis.dotsSeen), [true, false]);
});

scene('a user whose connection is cut is offline after a while, and online again after reconnecting', { expected: [LINE_CUT] }, async (stage) => {
  const { http, listen, stop } = await startServer({ flags: ['--heartbeat-seconds', '1', '--presence-timeout-seconds', '5'] });
  stage.onClose(stop);
  const cable = await stage.cable(listen);
  await friendsWithChat(http, 'c');
  const [ada, grace] = [await stage.person({ base: http }), await stage.person({ base: cable.http })];
  await ada.logIn('ada_c');
  await grace.logIn('grace_c');
  await ada.open('Grace Hopper');
  await detail(ada, /^online/);
  cable.cut();
  await detail(ada, /^last active just now/);
  await dotInList(ada, 'Grace Hopper', 'hidden');
  cable.mend();
  // The event of the browser. After so many failed attempts, the next one may be 20 seconds away.
  await grace.page.evaluate(() => dispatchEvent(new Event('online')));
  await detail(ada, /^online/);
  await dotInList(ada, 'Grace Hopper');
});

scene('without a connection nobody is shown as online', { expected: [LINE_CUT] }, async (stage) => {
  await friendsWithChat(stage.http, 'o');
  const [ada, grace] = [await stage.person(), await stage.person()];
  await Promise.all([ada.logIn('ada_o'), grace.logIn('grace_o')]);
  await ada.open('Grace Hopper');
  await detail(ada, /^online/);
  await ada.page.context().setOffline(true);
  await detail(ada, /^@grace_o$/);
  await dotInList(ada, 'Grace Hopper', 'hidden');
  await ada.page.context().setOffline(false);
  await detail(ada, /^online/);
});

scene('typing is shown in the header and in the list, moves nothing, and ends after a while or with the message', async (stage) => {
  await friendsWithChat(stage.http, 't');
  const [ada, grace] = [await stage.person(), await stage.person()];
  await Promise.all([ada.logIn('ada_t'), grace.logIn('grace_t')]);
  await ada.open('Grace Hopper');
  await grace.open('Ada Lovelace');
  await detail(ada, /^online/);
  await ada.sees('hello');
  const before = await places(ada);

  await grace.find('composer').press('a');
  await detail(ada, /^Grace Hopper is typing…$/);
  await ada.chat('Grace Hopper').filter({ hasText: 'Grace Hopper is typing…' }).waitFor();
  assert.deepEqual(await places(ada), before);
  assert.equal(await ada.find('typing-news').textContent(), 'Grace Hopper is typing…');
  await detail(ada, /^online/);
  await ada.chat('Grace Hopper').filter({ hasText: 'hello' }).waitFor();

  await grace.find('composer').press('b');
  await detail(ada, /typing/);
  assert.equal(await ada.find('typing-news').textContent(), '');
  await grace.find('composer').press('Enter');
  await ada.sees('ab');
  await detail(ada, /^online/);
});

scene('a group shows who is typing', async (stage) => {
  const { ada: adasApi, grace: gracesApi } = await friendsWithChat(stage.http, 'g');
  const joansApi = await Api.signUp(stage.http, 'joan_g', 'Joan Clarke');
  const { group } = await adasApi.call('POST', '/v1/groups', { name: 'Climbing', members: [gracesApi.user, joansApi.user] });
  await joansApi.say(group, 'hello');
  const [ada, grace, joan] = [await stage.person(), await stage.person(), await stage.person()];
  for (const [person, handle] of [[ada, 'ada_g'], [grace, 'grace_g'], [joan, 'joan_g']]) {
    await person.logIn(handle);
    await person.open('Climbing');
  }
  await grace.find('composer').press('a');
  await detail(ada, /^Grace Hopper is typing…$/);
  await joan.find('composer').press('a');
  await detail(ada, /^Grace Hopper and Joan Clarke are typing…$/);
  await detail(grace, /^Joan Clarke is typing…$/);
  await detail(ada, /^3 members$/);
  // A member who has written in the group is shown as online there, even if not a friend.
  await ada.find('group-info').click();
  await ada.find('member').filter({ hasText: 'Joan Clarke' }).getByTestId('presence-dot').waitFor();
});

scene('a phone has room for presence and typing', async (stage) => {
  const { http } = stage;
  const ada = await Api.signUp(http, 'ada_p', 'Ada Lovelace');
  const grace = await Api.signUp(http, 'the_longest_handle_in_the_world1', 'Augusta Wilhelmina Featherstonehaugh-Cholmondeley');
  const joan = await Api.signUp(http, 'joan_clarke_of_the_hut_8_p', 'Joan Elisabeth Lowther Clarke Murray');
  await befriend(ada, grace);
  await joan.call('PUT', `/v1/contacts/${ada.user}`);
  await grace.say(await grace.conversationWith('ada_p'), 'hello');
  const [phone, other] = [await stage.person(PHONE), await stage.person()];
  await phone.logIn('ada_p');
  await other.logIn('the_longest_handle_in_the_world1');
  await openFriends(phone);
  await listed(phone, 'requests', 'Joan').waitFor();
  await listed(phone, 'friends', 'Augusta').filter({ hasText: 'online' }).waitFor();
  await fits(phone);
  await listed(phone, 'friends', 'Augusta').getByTestId('person-open').tap();
  await detail(phone, /^online/);
  await other.open('Ada Lovelace');
  await other.find('composer').press('a');
  await detail(phone, /is typing…$/);
  await fits(phone);
  await phone.find('chat-menu').tap();
  await fits(phone);
});

scene('a hidden page sends `idle`, phones are alerted meanwhile, and a visible one sends the opposite', async (stage) => {
  const ada = await stage.person();
  const grace = await Api.signUp(stage.http, 'grace_idle', 'Grace Hopper');
  const wire = await ada.wire();
  await ada.signUp('ada_idle', 'Ada Lovelace');
  const phone = await Api.logIn(stage.http, 'ada_idle');
  await phone.call('PUT', '/v1/devices/self/push', { platform: 'fcm', token: 'ada_idle'.repeat(8) });
  const beats = (from) => wire.sent.slice(from).filter(({ action }) => action === 'heartbeat');
  const saysNext = async (idle, act) => {
    const before = wire.sent.length;
    await act();
    await until(() => beats(before).length);
    assert.deepEqual(beats(before).map((beat) => beat.idle === true), beats(before).map(() => idle));
  };
  const become = (state) => () =>
    ada.page.evaluate((visibility) => {
      Object.defineProperty(document, 'visibilityState', { configurable: true, value: visibility });
      document.dispatchEvent(new Event('visibilitychange'));
    }, state);
  await saysNext(true, become('hidden'));
  await saysNext(true, () => wire.receive({ type: 'heartbeat', next_seconds: 10 }));
  await grace.say(await grace.conversationWith('ada_idle'), 'are you there?');
  await until(async () => (await (await fetch(`${stage.http}/dev/pushes`)).json()).pushes.some(({ user }) => user === phone.user));
  await saysNext(false, become('visible'));
});

/** Returns two users without a page, who are friends and have a chat with one message. */
async function friendsWithChat(http, suffix) {
  const ada = await Api.signUp(http, `ada_${suffix}`, 'Ada Lovelace');
  const grace = await Api.signUp(http, `grace_${suffix}`, 'Grace Hopper');
  await befriend(ada, grace);
  await grace.say(await grace.conversationWith(`ada_${suffix}`), 'hello');
  return { ada, grace };
}

/** Records each appearance and disappearance of the dot in the chat list. */
function watchDots(person) {
  return person.page.evaluate(() => {
    const dot = document.querySelector('.chat .presence-dot');
    globalThis.dotsSeen = [!dot.hidden];
    new MutationObserver(() => {
      if (!dot.hidden !== globalThis.dotsSeen.at(-1)) globalThis.dotsSeen.push(!dot.hidden);
    }).observe(dot, { attributes: true });
  });
}

/** Returns the positions of elements that must not move. */
function places(person) {
  return person.page.evaluate(() =>
    ['.peer-name', '.peer-detail', '.viewport', '.message', '.composer', '.chat', '.chat-name', '.chat-time', '.chat .portrait'].map((selector) => {
      const { x, y, height } = document.querySelector(selector).getBoundingClientRect();
      return [selector, x, y, height];
    }),
  );
}

/** Asserts that nothing is wider than the screen, and that buttons are large enough for thumbs. */
async function fits(person) {
  const problems = await person.page.evaluate(() => {
    const wide = document.documentElement.scrollWidth > innerWidth ? ['the page is too wide'] : [];
    const buttons = [...document.querySelectorAll('dialog button, .conversation button, .menu button')].filter((button) => button.checkVisibility());
    const bad = buttons.filter((button) => {
      const { left, right, height } = button.getBoundingClientRect();
      return left < 0 || right > innerWidth || height < 44;
    });
    return [...wide, ...bad.map(({ outerHTML }) => outerHTML)];
  });
  assert.deepEqual(problems, []);
}
