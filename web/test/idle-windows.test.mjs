import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Desk } from './desk.mjs';

let desk;
let clock;

beforeEach(() => {
  desk = new Desk();
  ({ clock } = desk);
});

/** Returns whether the last heartbeat had `idle`. */
const isIdle = () => desk.asked('heartbeat').at(-1).idle === true;

test('the user is idle if inactive in all windows, and active as soon as they are in one', async () => {
  const [first, second] = [await desk.open(), await desk.open()];
  first.window.beAt(false);
  await clock.pass(100);
  assert.equal(isIdle(), false);
  second.window.beAt(false);
  await clock.pass(100);
  assert.equal(isIdle(), true);
  second.window.beAt(true);
  await clock.pass(100);
  assert.equal(isIdle(), false);
  first.window.beAt(true);
  second.window.beAt(false);
  await clock.pass(100);
  assert.equal(isIdle(), false);
});

test('a window that was killed counts as inactive', async () => {
  const [first, second] = [await desk.open(), await desk.open()];
  first.window.beAt(false);
  second.window.kill();
  await clock.pass(30_000);
  assert.equal(isIdle(), true);
});

test('a window that takes over the socket considers the activity in all others', async () => {
  const [first, second, third] = [await desk.open(), await desk.open(), await desk.open()];
  for (const { window } of [first, second]) window.beAt(false);
  await clock.pass(100);
  const before = desk.asked('heartbeat').length;
  first.window.kill();
  await clock.pass(20_000);
  assert.ok(second.client.status === 'online' && third.client.status === 'online');
  assert.ok(desk.asked('heartbeat').slice(before).every(({ idle }) => !idle), 'the user is active in the third window');
  third.window.beAt(false);
  await clock.pass(100);
  assert.equal(isIdle(), true);
});

test('a page that becomes visible sends this with its first heartbeat', async () => {
  const page = await desk.open();
  page.window.beAt(false);
  await clock.pass(5_000);
  const before = desk.asked('heartbeat').length;
  page.client.setVisible(true);
  await clock.pass(100);
  assert.ok(desk.asked('heartbeat').length > before);
  assert.ok(desk.asked('heartbeat').slice(before).every(({ idle }) => !idle));
  page.client.setVisible(false);
});

test('every window knows the time of the next attempt to connect, and any of them can make it immediately', async () => {
  const [first, second] = [await desk.open(), await desk.open()];
  const { http } = desk.server;
  desk.server.http = () => {
    throw new TypeError('no network');
  };
  desk.server.close();
  await clock.pass(100);
  for (const { client } of [first, second]) assert.ok(client.retryAt > 0, client.status);
  assert.equal(first.client.retryAt, second.client.retryAt);
  desk.server.http = http;
  second.client.wake();
  await clock.pass(100);
  assert.deepEqual([first.client.status, second.client.retryAt], ['online', null]);
});
