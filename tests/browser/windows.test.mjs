import assert from 'node:assert/strict';
import { Api } from './support/api.mjs';
import { LINE_CUT, refused, scene } from './support/stage.mjs';

scene('windows of one account share one socket, and each shows everything', async (stage) => {
  const { cable, first, second, grace, conversation } = await twoWindows(stage, 'share');
  await grace.say(conversation, 'to both');
  await first.say('from the first');
  await second.sees('from the first');
  await second.say('from the second');
  await first.sees('from the second');
  for (const window of [first, second]) assert.deepEqual(await window.seesAll(4), ['hello', 'to both', 'from the first', 'from the second']);
  assert.equal(cable.webSockets.size, 1);
});

scene('when the window with the socket is closed, messages of the other at that moment arrive once', async (stage) => {
  const { cable, first, second, grace, conversation } = await twoWindows(stage, 'closes');
  const before = ['before one', 'before two'];
  const after = ['after one', 'after two', 'after three'];
  for (const text of before) await second.say(text);
  await Promise.all([
    first.page.close(),
    grace.say(conversation, 'from elsewhere'),
    (async () => {
      for (const text of after) await second.say(text);
    })(),
  ]);
  const shown = await second.seesAll(7);
  assert.deepEqual(shown.filter((text) => text !== 'from elsewhere'), ['hello', ...before, ...after]);
  await second.seesState('after three', 'sent');
  assert.deepEqual((await grace.messages(conversation)).map(({ text }) => text), shown);
  await grace.say(conversation, 'and it goes on');
  await second.sees('and it goes on');
  await second.online();
  assert.equal(cable.webSockets.size, 1);
});

scene('unsent messages of a closed window are sent by the other', { expected: [LINE_CUT] }, async (stage) => {
  const { cable, first, second } = await twoWindows(stage, 'leaves');
  cable.cut();
  await second.notOnline();
  await second.say('left behind');
  await second.seesState('left behind', 'pending');
  await second.page.close();
  cable.mend();
  await first.sees('left behind');
});

for (const [what, freeze] of [
  ['freezes', freezePage],
  ['hangs', hangPage],
]) {
  scene(`when the window with the socket ${what}, another leads, and the first gets what it missed`, async (stage) => {
    const { cable, first, second, grace, conversation } = await twoWindows(stage, what);
    const thaw = await freeze(first.page);
    await second.say('who is there?');
    await second.seesState('who is there?', 'sent');
    await grace.say(conversation, 'only one of you');
    await second.sees('only one of you');
    await thaw();
    await first.sees('only one of you');
    await first.say('back again');
    await second.sees('back again');
    assert.deepEqual(await first.seesAll(4), ['hello', 'who is there?', 'only one of you', 'back again']);
    assert.equal(cable.webSockets.size, 1);
  });
}

scene('a displaced login is disconnected in all windows until the user reconnects in one', async (stage) => {
  const near = [];
  const { first, second } = await twoWindows(stage, 'displaced', near);
  near.at(-1).send(JSON.stringify({ type: 'closing', reason: 'displaced' }));
  await near.at(-1).close({ code: 4001 });
  for (const window of [first, second]) {
    await window.page.getByText('This window is disconnected, because this login is in use in newer ones.').waitFor();
    await window.find('use-here').waitFor();
  }
  await second.page.bringToFront();
  await second.find('composer').fill('not sent by typing');
  assert.equal(near.length, 1);
  await second.find('use-here').click();
  await Promise.all([first.online(), second.online()]);
  assert.equal(await first.find('use-here').isVisible(), false);
  assert.equal(near.length, 2);
  await second.find('composer').press('Enter');
  await first.sees('not sent by typing');
});

scene('a login that has ended elsewhere ends in all windows', { expected: [refused(401)] }, async (stage) => {
  const { first, second, handle } = await twoWindows(stage, 'ended');
  const elsewhere = await Api.logIn(stage.http, handle);
  const device = (await elsewhere.call('GET', '/v1/devices')).devices.find(({ current }) => !current);
  await elsewhere.call('DELETE', `/v1/devices/${device.device}`);
  for (const window of [first, second]) await window.find('notice').filter({ hasText: 'Your session has ended.' }).waitFor();
});

scene('a window of an earlier version of the page reloads itself when a later one upgrades the stored data', { expected: [refused(404)] }, async (stage) => {
  const { first, second, user } = await twoWindows(stage, 'upgrade');
  const loads = [first, second].map(({ page }) => page.waitForEvent('load'));
  // The upgrade of a later version, in another window.
  const later = await stage.window(first.page.context());
  await later.page.goto(`${first.base}/icon.svg`);
  await later.page.evaluate(
    (name) =>
      new Promise((resolve, reject) => {
        const opening = indexedDB.open(name, 99);
        opening.onsuccess = () => resolve(opening.result.close());
        opening.onerror = reject;
      }),
    `confab.${user}`,
  );
  await Promise.all(loads);
});

scene('a message whose id belongs to another one is permanently refused, and its text can be copied', async (stage) => {
  const ada = await stage.person({ permissions: ['clipboard-read', 'clipboard-write'] });
  await Api.signUp(stage.http, 'grace_conflict', 'Grace Hopper');
  await ada.refuse('twice', { code: 'conflict', message: 'Another message has this id.' });
  await ada.signUp('ada_conflict', 'Ada Lovelace');
  await ada.startChat('grace_conflict');
  await ada.say('twice');
  await ada.seesState('twice', 'failed');
  assert.equal(await ada.find('retry').count(), 0);
  await ada.find('copy').click();
  await ada.page.getByText('Copied').waitFor();
  assert.equal(await ada.page.evaluate(() => navigator.clipboard.readText()), 'twice');
  await ada.find('delete').click();
  await ada.message('twice').waitFor({ state: 'detached' });
});

scene('while the server limits sending, messages wait and are sent in order, and none is shown as refused', async (stage) => {
  const ada = await stage.person();
  await Api.signUp(stage.http, 'grace_limit', 'Grace Hopper');
  let limits = 5;
  await ada.page.routeWebSocket(/\/ws\?/, (near) => {
    const far = near.connectToServer();
    near.onMessage((data) => {
      const frame = JSON.parse(data);
      const limit = { code: 'rate_limited', message: 'Wait.', retry_after_ms: 1_500 };
      const isLimited = frame.action.startsWith('send') && limits > 0;
      limits -= isLimited;
      if (isLimited && frame.action === 'send') {
        near.send(JSON.stringify({ type: 'error', id: frame.id, ...limit }));
      } else if (isLimited) {
        near.send(JSON.stringify({ type: 'acks', id: frame.id, acks: [{ id: frame.messages[0].id, ...limit }] }));
      } else {
        far.send(data);
      }
    });
  });
  await ada.signUp('ada_limit', 'Ada Lovelace');
  await ada.startChat('grace_limit');
  for (const text of ['one', 'two', 'three']) await ada.say(text);
  await ada.page.getByText('You are sending fast. The rest goes out a little later.').waitFor();
  assert.equal(await ada.page.locator('[data-testid=message][data-state=failed]').count(), 0);
  await ada.seesState('three', 'sent');
  assert.deepEqual(await ada.texts(), ['one', 'two', 'three']);
  await ada.page.getByText('You are sending fast.').waitFor({ state: 'hidden' });
});

/**
 * Returns two windows of one account with the same conversation open, the first of which has the socket.
 * @param {object[]} [near]  Filled with the windows' sockets, if the test answers in place of the server.
 */
async function twoWindows(stage, suffix, near) {
  const cable = await stage.cable();
  const handle = `ada_w_${suffix}`;
  const first = await stage.person({ base: cable.http });
  const grace = await Api.signUp(stage.http, `grace_w_${suffix}`, 'Grace Hopper');
  const watch = ({ page }) => near && page.routeWebSocket(/\/ws\?/, (socket) => {
    socket.connectToServer();
    near.push(socket);
  });
  await watch(first);
  await first.signUp(handle, 'Ada Lovelace');
  await first.startChat(`grace_w_${suffix}`);
  await first.say('hello');
  await first.seesState('hello', 'sent');
  const second = await stage.window(first.page.context(), cable.http);
  await watch(second);
  await second.page.goto(cable.http);
  await second.find('continue-as').click();
  await second.open('Grace Hopper');
  await second.sees('hello');
  await second.online();
  const conversation = await grace.conversationWith(handle);
  const [user] = await second.page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('confab.account.')).map((key) => key.slice('confab.account.'.length)));
  return { cable, first, second, grace, conversation, handle, user };
}

/** Freezes the window, as browsers do after it was hidden for long. Returns the function that undoes it. */
async function freezePage(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Page.setWebLifecycleState', { state: 'frozen' });
  return () => session.send('Page.setWebLifecycleState', { state: 'active' });
}

/** Stops all code of the window without notifying it. Returns the function that undoes it. */
async function hangPage(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Debugger.enable');
  const paused = new Promise((resolve) => session.once('Debugger.paused', resolve));
  await session.send('Debugger.pause');
  await paused;
  return async () => {
    await session.send('Debugger.resume');
    await session.send('Debugger.disable');
  };
}
