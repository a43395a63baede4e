import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { deleteDatabase, openDatabase } from '../confab/database.js';
import { SessionStore } from '../confab/session-store.js';
import { Store } from '../confab/store.js';
import { FakeIndexedDb } from './fake-indexeddb.mjs';
import { ManualClock, settled } from './manual-clock.mjs';

let clock;

beforeEach(() => {
  clock = new ManualClock();
  globalThis.indexedDB = new FakeIndexedDb();
});

afterEach(() => {
  delete globalThis.indexedDB;
});

const upgrade = () => {};
const open = (version, more) => openDatabase('d', version, { upgrade, alarms: clock, ...more });
/** A window that does not close the database. */
const openStubborn = async () => {
  const db = await open(1);
  db.onversionchange = null;
  return db;
};

test('an upgrade makes every window close the database, and notifies each', async () => {
  const closed = [];
  const first = await open(1, { onClosed: (event) => closed.push(event) });
  const second = await open(2, { upgrade: (_, from) => assert.equal(from, 1) });
  assert.deepEqual([first.isClosed, second.isClosed, closed], [true, false, [{ upgraded: true }]]);
});

test('an upgrade waits for a window that closes the database late', async () => {
  const slow = await openStubborn();
  let opened = null;
  open(2).then((db) => (opened = db));
  await clock.pass(5_000);
  assert.equal(opened, null);
  slow.close();
  await clock.pass(10);
  assert.equal(opened.name, 'd');
  await clock.pass(60_000);
  assert.equal(opened.isClosed, false);
});

test('an upgrade fails if a window never closes the database, and blocks no later one', async () => {
  const stubborn = await openStubborn();
  const refused = assert.rejects(open(2), { name: 'TimeoutError' });
  await clock.pass(10_100);
  await refused;
  stubborn.close();
  await settled();
  await settled();
  assert.equal((await open(3)).isClosed, false);
});

test('deleting waits for other windows, but not forever', async () => {
  const closed = [];
  await open(1, { onClosed: (event) => closed.push(event) });
  await deleteDatabase('d', { alarms: clock });
  assert.deepEqual([closed, indexedDB.versionOf('d')], [[{ upgraded: false }], 0]);
  await openStubborn();
  let done = false;
  deleteDatabase('d', { alarms: clock }).then(() => (done = true));
  await clock.pass(9_900);
  assert.equal(done, false);
  await clock.pass(200);
  assert.equal(done, true);
});

test('two windows that have the store open survive its next version, and each is notified', async () => {
  let upgraded = 0;
  await Store.open('usr_1', { onUpgraded: () => (upgraded += 1) });
  await Store.open('usr_1', { onUpgraded: () => (upgraded += 1) });
  await openDatabase('confab.usr_1', 2, { upgrade, alarms: clock });
  assert.equal(upgraded, 2);
});

test('the session store does not block another window’s upgrade', async () => {
  const sessions = new SessionStore({ database: 'd' });
  await sessions.save({ user: 'usr_1' }).catch(() => {});
  assert.equal((await open(2)).isClosed, false);
});
