import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { typingAnnouncer, typingPhrase } from '../app/typing.js';
import { phraseText } from '../app/system-entry.js';
import { Typing } from '../confab/typing.js';
import { FakeConnection } from './fake-connection.mjs';
import { ManualClock } from './manual-clock.mjs';

const CHAT = 'grp_1';

let clock;
let connection;
let typing;
let changes;

beforeEach(() => {
  clock = new ManualClock();
  connection = new FakeConnection();
  changes = [];
  typing = new Typing({ user: 'usr_me', connection, alarms: clock });
  typing.addEventListener('change', ({ detail }) => changes.push(detail.conversation));
});

test('continuous typing is sent once in three seconds', async () => {
  for (let keys = 0; keys < 60; keys += 1) {
    typing.typing(CHAT);
    await clock.pass(100);
  }
  assert.deepEqual(connection.sent, Array(2).fill({ action: 'typing', conversation: CHAT }));
});

test('typing is sent per conversation', () => {
  typing.typing(CHAT);
  typing.typing('dm_1');
  assert.deepEqual(connection.sent.map(({ conversation }) => conversation), [CHAT, 'dm_1']);
});

test('typing after a send is sent immediately', async () => {
  typing.typing(CHAT);
  typing.sent(CHAT);
  typing.typing(CHAT);
  assert.equal(connection.sent.length, 2);
  await clock.pass(2_900);
  typing.typing(CHAT);
  assert.equal(connection.sent.length, 2);
});

test('typing without a connection is sent at the next key with a connection', () => {
  connection.status = 'connecting';
  typing.typing(CHAT);
  connection.status = 'online';
  typing.typing(CHAT);
  assert.equal(connection.sent.length, 1);
});

test('a user counts as typing until five seconds after the last event', async () => {
  typing.take({ conversation: CHAT, user: 'usr_ada' });
  await clock.pass(3_000);
  typing.take({ conversation: CHAT, user: 'usr_ada' });
  await clock.pass(4_900);
  assert.deepEqual(typing.in(CHAT), ['usr_ada']);
  await clock.pass(200);
  assert.deepEqual(typing.in(CHAT), []);
  assert.deepEqual(changes, [CHAT, CHAT]);
});

test('a message ends its sender’s typing and nobody else’s', async () => {
  typing.take({ conversation: CHAT, user: 'usr_ada' });
  typing.take({ conversation: CHAT, user: 'usr_bob' });
  typing.ended(CHAT, 'usr_ada');
  typing.ended('dm_1', 'usr_bob');
  assert.deepEqual(typing.in(CHAT), ['usr_bob']);
  await clock.pass(5_000);
  assert.equal(changes.length, 4);
});

test('the user’s own typing on another device is ignored', () => {
  typing.take({ conversation: CHAT, user: 'usr_me' });
  assert.deepEqual(typing.in(CHAT), []);
});

test('up to two are named', () => {
  const sentence = (...users) => phraseText(typingPhrase(users, (user) => user.toUpperCase()) ?? []);
  assert.deepEqual([sentence(), sentence('ada'), sentence('ada', 'bob'), sentence('ada', 'bob', 'joan')], ['', 'ADA is typing…', 'ADA and BOB are typing…', 'Several people are typing…']);
});

test('typing is announced once, however often it stops and continues', () => {
  let now = 0;
  const region = { textContent: '' };
  const announced = [];
  const announce = typingAnnouncer(region, () => now);
  for (const [at_ms, sentence] of [[0, 'A is typing…'], [1_000, 'A and B are typing…'], [6_000, ''], [8_000, 'A is typing…'], [12_000, ''], [40_000, 'A is typing…']]) {
    now = at_ms;
    announce(sentence);
    announced.push(region.textContent);
  }
  assert.deepEqual(announced, ['A is typing…', 'A is typing…', '', '', '', 'A is typing…']);
});
