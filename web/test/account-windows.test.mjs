import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { C, Desk, send } from './desk.mjs';

const HOUR_MS = 3_600_000;
let desk;
let clock;
let server;

beforeEach(begin);

function begin() {
  desk = new Desk();
  ({ clock, server } = desk);
}

const open = (platform) => desk.open(platform);

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

test('a send in a displaced window reconnects it', async () => {
  const page = await open();
  server.close('displaced', 4001);
  await clock.pass(100);
  send(page, 'here I am');
  await clock.pass(100);
  assert.deepEqual(server.texts, ['here I am']);
  desk.assertAllHaveAll();
});

test('a login that the server has ended ends in all windows, and none connects again', async () => {
  const [first, second] = [await open(), await open()];
  server.close('logged_out', 4002);
  await clock.pass(HOUR_MS);
  assert.deepEqual([first.ended, second.ended], [['expired'], ['expired']]);
  assert.deepEqual([desk.session, server.opened], [null, 1]);
});

test('a login that another login in this browser has replaced continues with the new one', async () => {
  const page = await open();
  desk.session = { ...desk.session, access_token: 'b', login: 'second' };
  server.close('logged_out', 4002);
  await clock.pass(1_000);
  assert.deepEqual([page.ended, page.client.status, desk.session.access_token], [[], 'online', 'b']);
});

test('logging out in one window ends all', async () => {
  const [first, second, third] = [await open(), await open(), await open()];
  await second.client.logout();
  await clock.pass(1_000);
  assert.deepEqual([first, second, third].map(({ ended }) => ended), [['logout'], ['logout'], ['logout']]);
  assert.equal(server.sockets.size, 0);
});

test('going offline in one window takes all offline, also after the leading window has closed', async () => {
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

test('the chat list contains the profiles of peers, and no request is made for them', async () => {
  const peer = { user: 'usr_2', handle: 'bob', display_name: 'Bob' };
  server.rowFields = { peer };
  server.say('hello');
  const asked = [];
  const { http } = server;
  server.http = (method, path) => (asked.push(path), http.call(server, method, path));
  const page = await open();
  assert.deepEqual(page.client.profiles.get('usr_2'), peer);
  assert.deepEqual(asked.filter((path) => path.startsWith('/v1/users')), []);
});

test('a chat list without profiles causes one request for each shown user', async () => {
  const asked = [];
  const { http } = server;
  server.http = (method, path) => (asked.push(path), path.startsWith('/v1/users') ? { user: 'usr_2', handle: 'bob', display_name: 'Bob' } : http.call(server, method, path));
  const page = await open();
  for (let times = 0; times < 3; times += 1) page.client.profiles.get('usr_2');
  await clock.pass(100);
  assert.equal(page.client.profiles.get('usr_2').display_name, 'Bob');
  assert.deepEqual(asked.filter((path) => path.startsWith('/v1/users')), ['/v1/users/usr_2']);
});

test('a friend request is reported after the lists contain it', async () => {
  const page = await open();
  const events = [];
  page.client.addEventListener('contact', ({ detail }) => events.push([detail, page.client.contacts.requests.length]));
  server.contacts = { contacts: [], requests: [{ user: 'usr_2', handle: 'bob', display_name: 'Bob' }], requested: [] };
  server.sendEvent({ type: 'contact', user: 'usr_2', change: 'requested' });
  await clock.pass(100);
  assert.deepEqual(events, [[{ user: 'usr_2', change: 'requested' }, 1]]);
  assert.equal(page.client.profiles.get('usr_2').display_name, 'Bob');
});

test('a conversation is muted in all windows, its messages no longer count, and an older list does not undo it', async () => {
  const [first, second] = [await open(), await open()];
  server.say('one');
  await clock.pass(100);
  assert.equal(second.client.unreadTotal, 1);
  const list = first.client.chats.asking();
  const until = Date.now() + HOUR_MS;
  await Promise.all([first.client.mute(C, until), clock.pass(100)]);
  assert.deepEqual([first, second].map(({ client }) => [client.chats.get(C).muted_until_ms, client.unreadTotal]), [[until, 0], [until, 0]]);
  const row = { conversation: C, kind: 'dm', last_seq: 1, read_seq: 0, unread_count: 1 };
  await first.client.chats.takeList([row], list);
  assert.equal(first.client.chats.get(C).muted_until_ms, until);
  await first.client.chats.takeList([{ ...row, muted_until_ms: 5 }]);
  assert.deepEqual([first.client.chats.get(C).muted_until_ms, first.client.unreadTotal], [5, 1], 'a time that has passed');
  await first.client.chats.takeList([row]);
  assert.equal(first.client.chats.get(C).muted_until_ms, null);
});

test('a message carries its author’s read mark', async () => {
  const page = await open();
  server.say('one');
  server.say('two');
  await clock.pass(100);
  await page.client.markRead(C, 2);
  send(page, 'seen');
  await clock.pass(100);
  assert.deepEqual(desk.asked('send').map(({ read_seq }) => read_seq), [2]);
});
