import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Desk, send } from './desk.mjs';

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

test('who sends in a displaced window is connected again', async () => {
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

test('a login that another login in this browser has replaced goes on with that', async () => {
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
