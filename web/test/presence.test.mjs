import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Presence } from '../confab/presence.js';
import { FakeConnection } from './fake-connection.mjs';
import { ManualClock, settled } from './manual-clock.mjs';

let clock;
let connection;
let presence;
let people;
let friends;
let onScreen;
let changes;

beforeEach(() => {
  clock = new ManualClock();
  connection = new FakeConnection();
  people = ['usr_ada', 'usr_bob'];
  [friends, onScreen] = [[], people];
  changes = 0;
  presence = new Presence({
    user: 'usr_me',
    connection,
    people: () => people,
    friends: () => friends,
    onScreen: () => onScreen,
    alarms: clock,
  });
  presence.addEventListener('change', () => (changes += 1));
});

const online = (user, last_active_at_ms = 1_000) => ({ user, status: 'online', last_active_at_ms });
const offline = (user, last_active_at_ms = 1_000) => ({ user, status: 'offline', last_active_at_ms });
const statusOf = (user) => presence.get(user)?.status ?? 'unknown';

async function answer(...users) {
  connection.answer(connection.sent.at(-1), { type: 'presence', users });
  await settled();
}

test('nothing is known at first', () => {
  assert.equal(presence.get('usr_ada'), null);
});

test('an event changes a status, and is reported once', () => {
  presence.take([online('usr_ada')]);
  presence.take([online('usr_ada')]);
  assert.deepEqual(presence.get('usr_ada'), { status: 'online', last_active_at_ms: 1_000 });
  assert.equal(changes, 1);
  presence.take([offline('usr_ada')]);
  assert.equal(statusOf('usr_ada'), 'offline');
});

test('an event that was overtaken is ignored', () => {
  presence.take([online('usr_ada', 2_000)]);
  presence.take([offline('usr_ada', 1_000)]);
  assert.equal(statusOf('usr_ada'), 'online');
});

test('after a sync all shown users are queried, but not the user’s own presence', async () => {
  people = ['usr_ada', 'usr_me', 'usr_bob', 'usr_ada'];
  presence.synced();
  assert.deepEqual(connection.sent, [{ action: 'presence', id: 'presence-1', users: ['usr_ada', 'usr_bob'] }]);
  await answer(online('usr_ada'), { user: 'usr_bob', status: 'offline', last_active_at_ms: 0 });
  assert.equal(statusOf('usr_ada'), 'online');
  assert.deepEqual(presence.get('usr_bob'), { status: 'offline' });
});

test('a user whom an answer leaves out is unknown from then on', async () => {
  presence.take([online('usr_ada')]);
  presence.synced();
  await answer(online('usr_bob'));
  assert.deepEqual([statusOf('usr_ada'), statusOf('usr_bob')], ['unknown', 'online']);
});

test('many users are queried by the hundred, sequentially', async () => {
  people = Array.from({ length: 230 }, (_, index) => `usr_${index}`);
  presence.synced();
  assert.equal(connection.sent.length, 1);
  await answer();
  await answer();
  await answer(online('usr_229'));
  assert.deepEqual(connection.sent.map(({ users }) => users.length), [100, 100, 30]);
  assert.equal(statusOf('usr_229'), 'online');
});

test('presence that was reported after a query is kept over its answer', async () => {
  presence.synced();
  presence.take([online('usr_ada', 5_000)]);
  await answer(offline('usr_ada', 9_000));
  assert.equal(statusOf('usr_ada'), 'online');
  presence.ask(['usr_ada']);
  await answer(offline('usr_ada', 4_000));
  assert.equal(statusOf('usr_ada'), 'offline');
});

test('of two answers, the one to the later query counts', async () => {
  const earlier = presence.asking();
  const later = presence.asking();
  presence.answered(later, ['usr_ada'], [online('usr_ada')]);
  presence.answered(earlier, ['usr_ada'], []);
  assert.equal(statusOf('usr_ada'), 'online');
});

test('a newly shown user is queried once, together with others', async () => {
  presence.synced();
  await answer(online('usr_ada'), online('usr_bob'));
  people = [...people, 'usr_joan'];
  presence.notice();
  people = [...people, 'usr_alan'];
  presence.notice();
  await clock.pass(1_000);
  assert.deepEqual(connection.sent.at(-1).users, ['usr_joan', 'usr_alan']);
  presence.notice();
  await clock.pass(1_000);
  assert.equal(connection.sent.length, 2);
});

test('friends are queried only after a connect, since events cover them', async () => {
  friends = ['usr_ada', 'usr_bob'];
  presence.synced();
  await answer();
  presence.setVisible(true);
  await clock.pass(1_200_000);
  assert.equal(connection.sent.length, 1);
});

test('users who are neither friends nor on the screen are queried when the page becomes visible, and rarely after that', async () => {
  friends = ['usr_ada'];
  people = ['usr_ada', 'usr_bob', 'usr_joan'];
  onScreen = ['usr_ada', 'usr_joan'];
  presence.setVisible(true);
  await answer();
  for (let minute = 0; minute < 10; minute += 1) {
    await clock.pass(60_000);
    await answer();
  }
  const asked = connection.sent.map(({ users }) => users.join());
  assert.deepEqual(asked, ['usr_bob,usr_joan', ...Array(9).fill('usr_joan'), 'usr_bob,usr_joan']);
});

test('while the page is visible, users on the screen are queried every minute, and not after that', async () => {
  presence.setVisible(true);
  await answer();
  await clock.pass(59_000);
  assert.equal(connection.sent.length, 1);
  await clock.pass(2_000);
  assert.equal(connection.sent.length, 2);
  await answer();
  presence.setVisible(false);
  await clock.pass(200_000);
  assert.equal(connection.sent.length, 2);
});

test('without a connection there are no queries, and nothing is known', async () => {
  presence.take([online('usr_ada')]);
  connection.become('offline');
  presence.synced();
  assert.deepEqual([connection.sent.length, statusOf('usr_ada')], [0, 'unknown']);
  connection.become('online');
  assert.equal(statusOf('usr_ada'), 'online');
});

test('a failed query keeps the known presence', async () => {
  presence.take([online('usr_ada')]);
  presence.synced();
  connection.refuse(connection.sent[0], 'unavailable');
  await settled();
  assert.equal(statusOf('usr_ada'), 'online');
});
