import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Desk } from './desk.mjs';

let desk;
let clock;

beforeEach(() => {
  desk = new Desk();
  ({ clock } = desk);
});

/** Returns whether the last heartbeat said that nobody is there. */
const isIdle = () => desk.asked('heartbeat').at(-1).idle === true;

test('nobody is there once nobody is at any window, and somebody as soon as one has them', async () => {
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

test('a window that has gone without a word has nobody at it', async () => {
  const [first, second] = [await desk.open(), await desk.open()];
  first.window.beAt(false);
  second.window.kill();
  await clock.pass(30_000);
  assert.equal(isIdle(), true);
});

test('a window that takes over the socket says of all the others what is so', async () => {
  const [first, second, third] = [await desk.open(), await desk.open(), await desk.open()];
  for (const { window } of [first, second]) window.beAt(false);
  await clock.pass(100);
  const before = desk.asked('heartbeat').length;
  first.window.kill();
  await clock.pass(20_000);
  assert.ok(second.client.status === 'online' && third.client.status === 'online');
  assert.ok(desk.asked('heartbeat').slice(before).every(({ idle }) => !idle), 'somebody is at the third window');
  third.window.beAt(false);
  await clock.pass(100);
  assert.equal(isIdle(), true);
});

test('a page that comes to the front says so with its first heartbeat', async () => {
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

test('every window knows when the next try to connect is made, and any of them makes it at once', async () => {
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
