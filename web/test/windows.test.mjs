import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { ConfabClient } from '../confab/client.js';
import { FakeBrowser } from './fake-browser.mjs';
import { FakeChatServer } from './fake-chat-server.mjs';
import { ManualClock } from './manual-clock.mjs';

const ME = 'usr_1';
const C = 'dm_1_2';
const HOUR_MS = 3_600_000;

let clock;
let server;
let browser;
let session;
let pages;

beforeEach(begin);

function begin() {
  clock = new ManualClock();
  server = new FakeChatServer({ user: ME, conversation: C });
  browser = new FakeBrowser({ clock, server });
  session = { user: ME, access_token: 'a', refresh_token: 'r', login: 'first', expires_at_ms: Infinity };
  pages = [];
}

/** Opens a window with the account's page, and lets it come up. */
async function open() {
  const page = openAtOnce();
  await clock.pass(50);
  return page;
}

function openAtOnce() {
  const window = browser.window();
  const credentials = {
    load: async () => session,
    save: async () => {},
    exclusively: (work) => work(),
    leave: async () => {},
    settle: async () => {},
    end: async (token) => {
      if (session && session.access_token !== token) return false;
      session = null;
      return true;
    },
  };
  const client = new ConfabClient({ user: ME, credentials, store: window.store, platform: window.platform });
  const page = { window, client, got: [], ended: [], statuses: [] };
  client.addEventListener('message', ({ detail }) => page.got.push(...detail.messages.map(({ text }) => text)));
  client.addEventListener('ended', ({ detail }) => page.ended.push(detail.reason));
  client.addEventListener('status', () => page.statuses.push(client.status));
  client.chats.load().then(() => client.start());
  pages.push(page);
  return page;
}

/** Every window that is there shows the whole log, in order and once, and has nothing left to send. */
function assertAllHaveAll() {
  for (const { window, client, got } of pages.filter(({ window }) => !window.isDead && !window.isFrozen)) {
    assert.equal(client.chats.get(C).log.cursor, server.log.length, `window ${window.number}`);
    assert.deepEqual(got, server.texts.slice(server.log.length - got.length), `window ${window.number}`);
    assert.deepEqual(client.outbox.of(C), [], `window ${window.number}`);
    assert.equal(client.status, 'online', `window ${window.number}`);
  }
}

const send = ({ client }, text) => client.send(C, text);
const actions = (action) => server.frames.filter((frame) => frame.action === action);

test('windows of one account share one socket, and each shows everything', async () => {
  server.say('before');
  const [first, second, third] = [await open(), await open(), await open()];
  assert.deepEqual([first, second, third].map(({ client }) => client.status), ['online', 'online', 'online']);
  server.say('one');
  send(first, 'two');
  send(second, 'three');
  await clock.pass(100);
  send(third, 'four');
  await clock.pass(100);
  assert.deepEqual([server.socketsMax, server.opened], [1, 1]);
  assert.deepEqual(server.texts.toSorted(), ['before', 'four', 'one', 'three', 'two']);
  for (const { got } of [first, second, third]) assert.deepEqual(got, server.texts.slice(1));
  assertAllHaveAll();
});

test('however many windows there are, one heartbeat is sent', async () => {
  for (let count = 0; count < 4; count += 1) await open();
  await clock.pass(60_000);
  server.frames.length = 0;
  await clock.pass(60_000);
  assert.ok(actions('heartbeat').length <= 7, `${actions('heartbeat').length} heartbeats`);
});

test('windows that open at the same moment agree on one socket', async () => {
  for (let count = 0; count < 5; count += 1) openAtOnce();
  await clock.pass(100);
  assert.equal(server.opened, 1);
  assertAllHaveAll();
});

test('a new window shows what is stored before it has a connection', async () => {
  await open();
  server.say('stored');
  await clock.pass(100);
  const second = openAtOnce();
  await second.client.chats.load();
  assert.deepEqual([second.client.status, second.client.chats.get(C).last_message.text], ['connecting', 'stored']);
});

test('what is read in one window is read in all, and the server is told once', async () => {
  const [first, second] = [await open(), await open()];
  server.say('one');
  server.say('two');
  await clock.pass(100);
  assert.deepEqual([first, second].map(({ client }) => client.unreadTotal), [2, 2]);
  second.client.markRead(C, 2);
  await clock.pass(100);
  assert.deepEqual([first, second].map(({ client }) => client.unreadTotal), [0, 0]);
  assert.deepEqual(actions('read').map(({ seq }) => seq), [2]);
  assert.deepEqual([first, second].map(({ client }) => client.chats.get(C).read_unsent), [false, false]);
});

test('what a window has read and could not tell is told by another', async () => {
  const [first, second] = [await open(), await open()];
  server.say('one');
  await clock.pass(100);
  server.intercept = ({ action }) => (action === 'read' ? false : undefined);
  second.client.markRead(C, 1);
  await clock.pass(100);
  second.window.kill();
  server.intercept = () => undefined;
  server.close(null, 1001);
  await clock.pass(30_000);
  assert.equal(server.read_seq, 1);
  assert.equal(first.client.chats.get(C).read_unsent, false);
});

for (const how of ['kill', 'freeze']) {
  test(`when the leading window is ended (${how}), another goes on`, async () => {
    const [first, second, third] = [await open(), await open(), await open()];
    first.window[how]();
    server.say('meanwhile');
    await clock.pass(15_000);
    send(third, 'after');
    await clock.pass(5_000);
    assert.deepEqual(server.texts, ['meanwhile', 'after']);
    assert.deepEqual([second.client, third.client].map(({ status }) => status), ['online', 'online']);
    assertAllHaveAll();
  });
}

test('a window that was frozen while it led follows when it thaws, and lacks nothing', async () => {
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
  assertAllHaveAll();
});

test('a window that the browser is about to freeze hands over at once', async () => {
  const [first, second] = [await open(), await open()];
  // As the page's `freeze` and `resume` do.
  const listeners = {};
  globalThis.document = { addEventListener: (type, listener) => (listeners[type] = listener), removeEventListener: () => {} };
  const third = await open();
  delete globalThis.document;
  first.window.kill();
  second.window.kill();
  await clock.pass(3_000);
  const fourth = await open();
  listeners.freeze();
  third.window.freeze();
  await clock.pass(200);
  assert.equal(fourth.client.status, 'online');
  server.say('to the fourth');
  await clock.pass(200);
  third.window.thaw();
  listeners.resume();
  await clock.pass(200);
  assert.equal(server.sockets.size, 1);
  assertAllHaveAll();
});

test('frames that never reached a window are made up for', async () => {
  const [, second] = [await open(), await open()];
  let drop = true;
  const { openChannel } = second.window.platform;
  assert.ok(openChannel);
  const run = second.window.run.bind(second.window);
  second.window.run = (work) => drop || run(work);
  server.say('lost');
  await clock.pass(10);
  drop = false;
  await clock.pass(6_000);
  assert.deepEqual(second.got, ['lost']);
});

/**
 * What two windows do while one of them may be ended at any moment. Returns the
 * texts that were written in windows that live on, or were stored before they ended.
 */
async function talk(victim, how, at) {
  const [first, second] = [await open(), await open()];
  const chosen = { first, second }[victim];
  const from = browser.steps;
  browser.onStep = (step) => {
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
  return { steps: browser.steps - from, written };
}

/** How long a whole talk is, in steps that matter: those after it there is nothing but heartbeats and pings. */
const STEPS = 60;

for (const victim of ['first', 'second']) {
  for (const how of ['kill', 'freeze']) {
    test(`whenever the ${victim} of two windows is ended (${how}), nothing is lost, doubled or out of order`, async () => {
      for (let at = 1; at <= STEPS; at += 1) {
        begin();
        const { written } = await talk(victim, how, at);
        const [survivor] = pages.filter(({ window }) => !window.isDead && !window.isFrozen);
        const texts = server.texts;
        assert.equal(new Set(texts).size, texts.length, `doubled at step ${at}: ${texts}`);
        const lost = written.filter((text) => !texts.includes(text));
        // What a frozen window wrote and had not sent is its own until it thaws.
        if (how === 'kill') assert.deepEqual(lost, [], `lost at step ${at}`);
        assertAllHaveAll();
        assert.equal(server.read_seq >= 1 || victim === 'second', true, `read marker at step ${at}`);
        if (how === 'freeze') {
          for (const { window } of pages) window.thaw();
          await clock.pass(60_000);
          assert.deepEqual(written.filter((text) => !server.texts.includes(text)), [], `lost at step ${at}, thawed`);
          assertAllHaveAll();
          assert.equal(server.sockets.size, 1, `sockets at step ${at}`);
        }
        assert.ok(survivor.client.chats.get(C).log.cursor > 0);
      }
    });
  }
}

test('a displaced window’s account stays disconnected in all windows, until the user acts in one', async () => {
  const [first, second] = [await open(), await open()];
  server.close('displaced', 4001);
  await clock.pass(100);
  assert.deepEqual([first, second].map(({ client }) => client.status), ['displaced', 'displaced']);
  second.client.wake();
  second.client.setVisible(true);
  await clock.pass(HOUR_MS);
  assert.equal(server.opened, 1);
  first.window.kill();
  await clock.pass(60_000);
  assert.deepEqual([second.client.status, server.opened], ['displaced', 1]);
  const third = await open();
  assert.deepEqual([third.client.status, server.opened], ['displaced', 1]);
  third.client.reconnect();
  await clock.pass(100);
  assert.deepEqual([second.client.status, third.client.status, server.opened], ['online', 'online', 2]);
  second.client.setVisible(false);
  third.client.setVisible(false);
});

test('who sends in a displaced window is connected again', async () => {
  const page = await open();
  server.close('displaced', 4001);
  await clock.pass(100);
  send(page, 'here I am');
  await clock.pass(100);
  assert.deepEqual(server.texts, ['here I am']);
  assertAllHaveAll();
});

test('a login that the server has ended ends in all windows, and none connects again', async () => {
  const [first, second] = [await open(), await open()];
  server.close('logged_out', 4002);
  await clock.pass(HOUR_MS);
  assert.deepEqual([first.ended, second.ended], [['expired'], ['expired']]);
  assert.deepEqual([session, server.opened], [null, 1]);
});

test('a login that another login in this browser has replaced goes on with that', async () => {
  const page = await open();
  session = { ...session, access_token: 'b', login: 'second' };
  server.close('logged_out', 4002);
  await clock.pass(1_000);
  assert.deepEqual([page.ended, page.client.status, session.access_token], [[], 'online', 'b']);
});

test('logging out in one window ends all', async () => {
  const [first, second, third] = [await open(), await open(), await open()];
  await second.client.logout();
  await clock.pass(1_000);
  assert.deepEqual([first, second, third].map(({ ended }) => ended), [['logout'], ['logout'], ['logout']]);
  assert.equal(server.sockets.size, 0);
});

test('going offline on purpose in one window is so in all, and stays so when the leading one closes', async () => {
  const [first, second] = [await open(), await open()];
  second.client.hold(true);
  await clock.pass(100);
  assert.deepEqual([first.client.held, first.client.status, second.client.status, server.sockets.size], [true, 'offline', 'offline', 0]);
  first.window.kill();
  await clock.pass(60_000);
  assert.deepEqual([second.client.held, server.sockets.size], [true, 0]);
  const third = await open();
  assert.equal(third.client.held, true);
  third.client.hold(false);
  await clock.pass(1_000);
  assert.deepEqual([second.client.status, third.client.status, server.sockets.size], ['online', 'online', 1]);
});

test('without locks each window has a socket of its own', async () => {
  const windowOf = browser.window.bind(browser);
  browser.window = () => {
    const window = windowOf();
    const { platform } = window;
    Object.defineProperty(window, 'platform', { value: { ...platform, locks: undefined } });
    return window;
  };
  const [first, second] = [await open(), await open()];
  assert.equal(server.sockets.size, 2);
  send(first, 'one');
  await clock.pass(100);
  assert.deepEqual([first.got, second.got], [['one'], ['one']]);
});

test('a browser that has locks and gives the page none gives each window a socket of its own', async () => {
  const windowOf = browser.window.bind(browser);
  browser.window = () => {
    const window = windowOf();
    const { platform } = window;
    const locks = { request: () => Promise.reject(new DOMException('no', 'SecurityError')), query: async () => ({ held: [] }) };
    Object.defineProperty(window, 'platform', { value: { ...platform, locks } });
    return window;
  };
  await Promise.all([open(), open()]);
  assert.deepEqual(pages.map(({ client }) => client.status), ['online', 'online']);
  assert.equal(server.sockets.size, 2);
});

test('what was being sent when the leading window ended is sent again as soon as another leads', async () => {
  const [first, , third] = [await open(), await open(), await open()];
  server.intercept = ({ action }) => (action === 'send' ? false : undefined);
  send(third, 'in flight');
  await clock.pass(100);
  server.intercept = () => undefined;
  first.window.kill();
  await clock.pass(1_000);
  assert.deepEqual(server.texts, ['in flight']);
  assertAllHaveAll();
});

test('a gap between frames is noticed at the next frame', async () => {
  const [, second] = [await open(), await open()];
  const run = second.window.run.bind(second.window);
  second.window.run = () => {};
  server.say('lost');
  await clock.pass(10);
  second.window.run = run;
  server.frames.length = 0;
  server.say('not lost');
  await clock.pass(10);
  assert.deepEqual(second.got, ['lost', 'not lost']);
  assert.equal(actions('sync').length, 1);
});

test('windows ask at the same time and each gets its own answer', async () => {
  const [first, second] = [await open(), await open()];
  server.frames.length = 0;
  server.intercept = ({ action, users }) => (action === 'presence' ? { type: 'presence', users: users.map((user) => ({ user, status: 'online', last_active_at_ms: 1 })) } : undefined);
  first.client.presence.ask(['usr_a']);
  second.client.presence.ask(['usr_b']);
  await clock.pass(50);
  assert.deepEqual(actions('presence').map(({ users }) => users), [['usr_a'], ['usr_b']]);
  assert.equal(new Set(actions('presence').map(({ id }) => id)).size, 2);
  assert.ok(actions('presence').every(({ id }) => id.length <= 64));
  assert.deepEqual([first, second].map(({ client }) => [client.presence.get('usr_a')?.status, client.presence.get('usr_b')?.status]), [
    ['online', undefined],
    [undefined, 'online'],
  ]);
});

test('of markers that every window knows to be unsent, the server is told once', async () => {
  const [first] = [await open(), await open(), await open()];
  server.say('one');
  await clock.pass(100);
  server.close(null, 1001);
  await clock.pass(1);
  first.client.markRead(C, 1);
  await clock.pass(30_000);
  assert.deepEqual(actions('read').map(({ seq }) => seq), [1]);
});

test('what a window says that led before and was frozen counts no more', async () => {
  const [first, second, third] = [await open(), await open(), await open()];
  first.window.freeze();
  await clock.pass(20_000);
  const leading = [second, third].find(({ client }) => client.status === 'online' && server.sockets.size > 0);
  assert.ok(leading);
  const statuses = [second, third].map(({ statuses }) => statuses.length);
  // Its socket has died meanwhile, and it says so before it learns that it leads no more.
  first.window.thaw();
  await clock.pass(5_000);
  assert.deepEqual([second, third].map(({ statuses }) => statuses.length), statuses);
  assert.deepEqual([server.sockets.size, first.client.status], [1, 'online']);
});
