import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Api } from './support/api.mjs';
import { startServer } from './support/server.mjs';
import { LINE_CUT, refused, scene } from './support/stage.mjs';

const MISSED = ['missed one', 'missed two', 'missed three'];
const WRITTEN = ['written offline one', 'written offline two'];

scene('a user who was offline misses nothing, sees nothing twice, and sees the same order', { expected: [LINE_CUT] }, async (stage) => {
  const [ada, grace] = await talking(stage, 'a');
  await grace.page.context().setOffline(true);
  await grace.notOnline();
  await grace.page.getByText('Offline. Messages go out when you’re back.').waitFor();
  await writeApart(ada, grace);
  await grace.page.context().setOffline(false);
  await sameOnBoth(ada, grace);
});

scene('a socket that dies without a close frame loses no message', { expected: [LINE_CUT] }, async (stage) => {
  const cable = await stage.cable();
  const [ada, grace] = await talking(stage, 'b', cable.http);
  cable.cut();
  await grace.notOnline();
  await writeApart(ada, grace);
  cable.mend();
  await sameOnBoth(ada, grace);
});

scene('waiting messages are sent in one frame, in order, and a refused one does not delay the others', { expected: [LINE_CUT] }, async (stage) => {
  const cable = await stage.cable();
  const ada = await stage.person({ base: cable.http });
  const wire = await ada.wire();
  await Promise.all([ada.signUp('ada_many', 'Ada Lovelace'), Api.signUp(stage.http, 'grace_many', 'Grace Hopper')]);
  await ada.startChat('grace_many');
  await ada.say('before');
  await ada.seesState('before', 'sent');
  cable.cut();
  await ada.notOnline();
  // An invisible text, which the server refuses and the page does not.
  const texts = ['one', '\u2800', 'two', 'three'];
  for (const text of texts) await ada.say(text);
  await ada.seesState('three', 'pending');
  cable.mend();
  await ada.seesState('three', 'sent');
  await ada.page.locator('[data-testid=message][data-state=failed]').waitFor();
  const frames = wire.sent.filter(({ action }) => action.startsWith('send')).map(({ text, messages }) => messages?.map((message) => message.text) ?? text);
  assert.deepEqual(frames, ['before', texts, ['two', 'three']]);
  const api = await Api.logIn(stage.http, 'grace_many');
  const log = await api.messages(await api.conversationWith('ada_many'));
  assert.deepEqual(log.map(({ text }) => text), ['before', 'one', 'two', 'three']);
});

scene('an offline user sees the time of the next attempt, and can retry now', { expected: [LINE_CUT, refused(503)] }, async (stage) => {
  const ada = await stage.person();
  let near;
  await ada.page.routeWebSocket(/\/ws\?/, (socket) => {
    socket.connectToServer();
    near = socket;
  });
  await ada.signUp('ada_retry', 'Ada Lovelace');
  await ada.page.route('**/v1/tickets', (route) => route.fulfill({ status: 503, headers: { 'retry-after': '90' }, body: '' }));
  await near.close();
  await ada.find('next-try').filter({ hasText: /^Next try in [789]\d s\.$/ }).waitFor();
  const first = await ada.find('next-try').textContent();
  await ada.page.waitForFunction((text) => document.querySelector('[data-testid=next-try]').textContent !== text, first);
  await ada.page.unroute('**/v1/tickets');
  await ada.find('retry-now').focus();
  await ada.page.keyboard.press('Enter');
  await ada.online();
  await ada.find('retry-now').waitFor({ state: 'hidden' });
  await ada.page.waitForFunction(() => document.activeElement.dataset.testid === 'chat-list');
});

scene('messages written offline survive closing the window', { expected: [LINE_CUT] }, async (stage) => {
  const cable = await stage.cable();
  const [ada, grace] = await talking(stage, 'c', cable.http);
  cable.cut();
  await grace.notOnline();
  for (const text of WRITTEN) await grace.say(text);
  await grace.seesState(WRITTEN.at(-1), 'pending');
  await grace.page.close();
  cable.mend();
  const again = await stage.window(grace.page.context(), cable.http);
  await again.page.goto(cable.http);
  await again.online();
  assert.deepEqual(await ada.seesAll(3), ['hello', ...WRITTEN]);
});

scene('when the server is killed and started again, both pages come back and nothing is lost or doubled', { expected: [LINE_CUT] }, async (stage) => {
  const data = await mkdtemp(join(tmpdir(), 'confab-'));
  stage.onClose(() => rm(data, { recursive: true, force: true }));
  const first = await startServer({ data });
  stage.onClose(first.stop);
  const [ada, grace] = await talking(stage, 'd', first.http, first.http);
  await first.kill();
  await Promise.all([ada.notOnline(), grace.notOnline()]);
  await ada.say('ada, while it is down');
  await grace.say('grace, while it is down');
  await ada.seesState('ada, while it is down', 'pending');
  const second = await startServer({ data, listen: first.listen });
  stage.onClose(second.stop);
  const [atAda, atGrace] = await Promise.all([ada.seesAll(3), grace.seesAll(3)]);
  assert.deepEqual([...atAda].sort(), ['ada, while it is down', 'grace, while it is down', 'hello']);
  assert.deepEqual(atGrace, atAda);
  assert.deepEqual(await ada.seqs(), [1, 2, 3]);
});

/** Returns two users with a conversation of one message, open on both sides. */
async function talking(stage, suffix, base = stage.http, adasBase = stage.http) {
  const [ada, grace] = [await stage.person({ base: adasBase }), await stage.person({ base })];
  await Promise.all([ada.signUp(`ada_${suffix}`, 'Ada Lovelace'), grace.signUp(`grace_${suffix}`, 'Grace Hopper')]);
  await ada.startChat(`grace_${suffix}`);
  await ada.say('hello');
  await grace.open('Ada Lovelace');
  await grace.sees('hello');
  return [ada, grace];
}

async function writeApart(ada, grace) {
  for (const text of MISSED) await ada.say(text);
  for (const text of WRITTEN) await grace.say(text);
  await ada.seesState(MISSED.at(-1), 'sent');
  await grace.seesState(WRITTEN.at(-1), 'pending');
  assert.deepEqual(await grace.texts(), ['hello', ...WRITTEN]);
}

async function sameOnBoth(ada, grace) {
  const all = ['hello', ...MISSED, ...WRITTEN];
  assert.deepEqual(await ada.seesAll(all.length), all);
  assert.deepEqual(await grace.seesAll(all.length), all);
  assert.deepEqual(await ada.seqs(), [1, 2, 3, 4, 5, 6]);
  assert.deepEqual(await grace.seqs(), await ada.seqs());
}
