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
  desk.assertAllHaveAll();
});

test('all messages of one frame are shown in every window, whichever sends it', async () => {
  const pages = [await open(), await open(), await open()];
  for (const page of pages.slice(0, 2)) for (const text of ['one', 'two', 'three', 'four']) send(page, `${text} of ${page.window.number}`);
  await clock.pass(100);
  assert.deepEqual(desk.asked('send_many').map(({ messages }) => messages.length), [4, 4]);
  for (const { got } of pages) assert.deepEqual(got, server.texts);
  assert.deepEqual([server.texts.length, desk.asked('history')], [8, []]);
  desk.assertAllHaveAll();
});

test('however many windows there are, one heartbeat is sent', async () => {
  for (let count = 0; count < 4; count += 1) await open();
  await clock.pass(60_000);
  server.frames.length = 0;
  await clock.pass(60_000);
  assert.ok(desk.asked('heartbeat').length <= 7, `${desk.asked('heartbeat').length} heartbeats`);
});

test('windows that open at the same moment agree on one socket', async () => {
  for (let count = 0; count < 5; count += 1) desk.openAtOnce();
  await clock.pass(100);
  assert.equal(server.opened, 1);
  desk.assertAllHaveAll();
});

test('a new window shows what is stored before it has a connection', async () => {
  await open();
  server.say('stored');
  await clock.pass(100);
  const second = desk.openAtOnce();
  await second.client.chats.load();
  assert.deepEqual([second.client.status, second.client.chats.get(C).last_message.text], ['connecting', 'stored']);
});

test('a read mark of one window holds in all, and is sent to the server once', async () => {
  const [first, second] = [await open(), await open()];
  server.say('one');
  server.say('two');
  await clock.pass(100);
  assert.deepEqual([first, second].map(({ client }) => client.unreadTotal), [2, 2]);
  second.client.markRead(C, 2);
  await clock.pass(100);
  assert.deepEqual([first, second].map(({ client }) => client.unreadTotal), [0, 0]);
  assert.deepEqual(desk.asked('read').map(({ seq }) => seq), [2]);
  assert.deepEqual([first, second].map(({ client }) => client.chats.get(C).read_unsent), [false, false]);
});

test('a read mark that a window could not send is sent by another', async () => {
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

test('without locks each window has its own socket', async () => {
  const [first, second] = [await open({ locks: undefined }), await open({ locks: undefined })];
  assert.equal(server.sockets.size, 2);
  send(first, 'one');
  await clock.pass(100);
  assert.deepEqual([first.got, second.got], [['one'], ['one']]);
});

test('in a browser that denies locks to the page, each window has its own socket', async () => {
  const locks = { request: () => Promise.reject(new DOMException('no', 'SecurityError')), query: async () => ({ held: [] }) };
  const pages = [await open({ locks }), await open({ locks })];
  assert.deepEqual(pages.map(({ client }) => client.status), ['online', 'online']);
  assert.equal(server.sockets.size, 2);
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
  assert.equal(desk.asked('sync').length, 1);
});

test('windows that send requests at the same time each get their own answer', async () => {
  const [first, second] = [await open(), await open()];
  server.frames.length = 0;
  server.intercept = ({ action, users }) => (action === 'presence' ? { type: 'presence', users: users.map((user) => ({ user, status: 'online', last_active_at_ms: 1 })) } : undefined);
  first.client.presence.ask(['usr_a']);
  second.client.presence.ask(['usr_b']);
  await clock.pass(50);
  assert.deepEqual(desk.asked('presence').map(({ users }) => users), [['usr_a'], ['usr_b']]);
  assert.equal(new Set(desk.asked('presence').map(({ id }) => id)).size, 2);
  assert.ok(desk.asked('presence').every(({ id }) => id.length <= 64));
  assert.deepEqual([first, second].map(({ client }) => [client.presence.get('usr_a')?.status, client.presence.get('usr_b')?.status]), [
    ['online', undefined],
    [undefined, 'online'],
  ]);
});

test('a read mark that is unsent in every window is sent once', async () => {
  const [first] = [await open(), await open(), await open()];
  server.say('one');
  await clock.pass(100);
  server.close(null, 1001);
  await clock.pass(1);
  first.client.markRead(C, 1);
  await clock.pass(30_000);
  assert.deepEqual(desk.asked('read').map(({ seq }) => seq), [1]);
});
