import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { C, Desk, send } from './desk.mjs';

let desk;
let clock;
let server;

beforeEach(begin);

function begin() {
  desk = new Desk();
  ({ clock, server } = desk);
}

const open = (platform) => desk.open(platform);

for (const how of ['kill', 'freeze']) {
  test(`when the leading window is ended (${how}), another leads`, async () => {
    const [first, second, third] = [await open(), await open(), await open()];
    first.window[how]();
    server.say('meanwhile');
    await clock.pass(15_000);
    send(third, 'after');
    await clock.pass(5_000);
    assert.deepEqual(server.texts, ['meanwhile', 'after']);
    assert.deepEqual([second.client, third.client].map(({ status }) => status), ['online', 'online']);
    desk.assertAllHaveAll();
  });
}

test('a window that was frozen while it led follows when it thaws, and misses nothing', async () => {
  const [first, second] = [await open(), await open()];
  first.window.freeze();
  await clock.pass(20_000);
  server.say('while it was frozen');
  await clock.pass(1_000);
  first.window.thaw();
  await clock.pass(1_000);
  assert.equal(server.sockets.size, 1);
  send(first, 'from the thawed');
  await clock.pass(1_000);
  assert.deepEqual(second.got, ['while it was frozen', 'from the thawed']);
  desk.assertAllHaveAll();
});

test('a window that the browser is about to freeze hands over immediately, with its unsent messages', async () => {
  const [first, second] = [await open(), await open()];
  server.intercept = ({ action }) => (action === 'send' ? false : undefined);
  send(first, 'not answered');
  await clock.pass(50);
  server.intercept = () => undefined;
  first.window.suspend();
  await clock.pass(1_000);
  assert.deepEqual([server.texts, second.client.status, server.sockets.size], [['not answered'], 'online', 1]);
  desk.assertAllHaveAll();
  send(second, 'more');
  await clock.pass(100);
  first.window.thaw();
  await clock.pass(200);
  assert.deepEqual([server.texts, server.sockets.size], [['not answered', 'more'], 1]);
  desk.assertAllHaveAll();
});

test('a window that thaws before another has taken over its unsent messages sends them', async () => {
  const first = await open();
  server.intercept = ({ action }) => (action === 'send' ? false : undefined);
  send(first, 'not answered');
  await clock.pass(50);
  server.intercept = () => undefined;
  first.window.suspend();
  await clock.pass(60_000);
  assert.deepEqual(server.texts, []);
  first.window.thaw();
  await clock.pass(1_000);
  assert.deepEqual(server.texts, ['not answered']);
  desk.assertAllHaveAll();
});

/**
 * Runs two windows, one of which may be ended at any step. Returns the texts that were written in windows that live
 * on, or that were stored before their window ended.
 */
async function talk(victim, how, at) {
  const [first, second] = [await open(), await open()];
  const chosen = { first, second }[victim];
  const from = desk.browser.steps;
  desk.browser.onStep = (step) => {
    if (step - from === at) chosen.window[how]();
  };
  const written = [];
  const write = async (page, text) => {
    if (page.window.isDead || page.window.isFrozen) return;
    written.push(text);
    await Promise.race([send(page, text), clock.pass(1)]);
  };
  server.say('from elsewhere');
  await write(second, 'second, one');
  await write(first, 'first, one');
  await write(second, 'second, two');
  server.say('from elsewhere, again');
  second.client.markRead(C, 1);
  await clock.pass(20_000);
  await write(first, 'first, two');
  await write(second, 'second, three');
  await clock.pass(60_000);
  return { steps: desk.browser.steps - from, written };
}

/** Number of steps of a whole run; later steps are only heartbeats and pings. */
const STEPS = 60;

for (const victim of ['first', 'second']) {
  for (const how of ['kill', 'freeze', 'suspend']) {
    test(`whenever the ${victim} of two windows is ended (${how}), nothing is lost, doubled or out of order`, async () => {
      for (let at = 1; at <= STEPS; at += 1) {
        begin();
        const { written } = await talk(victim, how, at);
        const [survivor] = desk.pages.filter(({ window }) => !window.isDead && !window.isFrozen);
        const texts = server.texts;
        assert.equal(new Set(texts).size, texts.length, `doubled at step ${at}: ${texts}`);
        const lost = written.filter((text) => !texts.includes(text));
        // Unsent messages of a frozen window are its own until it thaws.
        if (how !== 'freeze') assert.deepEqual(lost, [], `lost at step ${at}`);
        desk.assertAllHaveAll();
        assert.equal(server.read_seq >= 1 || victim === 'second', true, `read mark at step ${at}`);
        if (how !== 'kill') {
          for (const { window } of desk.pages) window.thaw();
          await clock.pass(60_000);
          assert.deepEqual(written.filter((text) => !server.texts.includes(text)), [], `lost at step ${at}, thawed`);
          desk.assertAllHaveAll();
          assert.equal(server.sockets.size, 1, `sockets at step ${at}`);
        }
        assert.ok(survivor.client.chats.get(C).log.cursor > 0);
      }
    });
  }
}

test('an unanswered message is sent again as soon as another window leads', async () => {
  const [first, , third] = [await open(), await open(), await open()];
  server.intercept = ({ action }) => (action === 'send' ? false : undefined);
  send(third, 'in flight');
  await clock.pass(100);
  server.intercept = () => undefined;
  first.window.kill();
  await clock.pass(1_000);
  assert.deepEqual(server.texts, ['in flight']);
  desk.assertAllHaveAll();
});

test('messages of a frozen window that led before are ignored', async () => {
  const [first, second, third] = [await open(), await open(), await open()];
  first.window.freeze();
  await clock.pass(20_000);
  const leading = [second, third].find(({ client }) => client.status === 'online' && server.sockets.size > 0);
  assert.ok(leading);
  const statuses = [second, third].map(({ statuses }) => statuses.length);
  // Its socket has died meanwhile, and it posts this before it learns that it no longer leads.
  first.window.thaw();
  await clock.pass(5_000);
  assert.deepEqual([second, third].map(({ statuses }) => statuses.length), statuses);
  assert.deepEqual([server.sockets.size, first.client.status], [1, 'online']);
});
