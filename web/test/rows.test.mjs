import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rowsOf } from '../app/rows.js';

const NOON = new Date(2026, 2, 10, 12).getTime();
const MINUTE = 60_000;
const message = (seq, sender, at_ms, id = `id-${seq}`) => ({ seq, sender, client_message_id: id, text: `text ${seq}`, kind: 'text', sent_at_ms: at_ms });
const entry = (id, state = 'pending') => ({ client_message_id: id, text: id, state, created_at_ms: NOON, order: 1 });
const view = (changes) => rowsOf({ messages: [], entries: [], user: 'me', markers: [], unreadAfter: null, ...changes });
const kinds = (rows) => rows.map((row) => (row.type === 'message' ? row.seq ?? row.state : row.type));

test('a new day has a line', () => {
  const messages = [message(1, 'me', NOON), message(2, 'me', NOON + 24 * 60 * MINUTE)];
  assert.deepEqual(kinds(view({ messages })), ['day', 1, 'day', 2]);
});

test('a clock that steps back over midnight causes no second line', () => {
  const messages = [message(1, 'a', NOON), message(2, 'b', NOON - 24 * 60 * MINUTE), message(3, 'a', NOON)];
  assert.deepEqual(kinds(view({ messages })), ['day', 1, 2, 3]);
});

test('unsent messages come last, whatever their time', () => {
  const messages = [message(1, 'you', NOON + MINUTE)];
  assert.deepEqual(kinds(view({ messages, entries: [entry('x'), entry('y', 'failed')] })), ['day', 1, 'pending', 'failed']);
});

test('an outbox entry whose message is in the log is shown once, under one key', () => {
  const entries = [entry('x')];
  const before = view({ entries }).at(-1);
  const after = view({ entries, messages: [message(1, 'me', NOON, 'x')] });
  assert.deepEqual(kinds(after), ['day', 1]);
  assert.equal(after.at(-1).key, before.key);
});

test('the same client_message_id of two senders is two messages', () => {
  const rows = view({ messages: [message(1, 'me', NOON, 'x'), message(2, 'you', NOON, 'x')] });
  assert.equal(new Set(rows.map((row) => row.key)).size, 3);
});

test('the unread line is above the first unread message of another', () => {
  const messages = [message(1, 'you', NOON), message(2, 'me', NOON), message(3, 'you', NOON), message(4, 'you', NOON)];
  assert.deepEqual(kinds(view({ messages, unreadAfter: 1 })), ['day', 1, 2, 'unread', 3, 4]);
});

test('messages of one sender within minutes form a group', () => {
  const messages = [message(1, 'you', NOON), message(2, 'you', NOON + MINUTE), message(3, 'you', NOON + 20 * MINUTE)];
  const rows = view({ messages }).filter((row) => row.type === 'message');
  assert.deepEqual(rows.map(({ first, last }) => [first, last]), [[true, false], [false, true], [true, true]]);
});

test('only the newest own message says that it was read', () => {
  const messages = [message(1, 'me', NOON), message(2, 'me', NOON), message(3, 'you', NOON)];
  const rows = view({ messages, markers: [2, 0] }).filter((row) => row.type === 'message');
  assert.deepEqual(rows.map((row) => row.state), ['read', 'read', 'received']);
  assert.deepEqual(rows.map((row) => row.saysRead), [false, true, false]);
});

test('a system entry is no message, and ends a group of messages', () => {
  const happened = { ...message(2, 'you', NOON), kind: 'member_added', mentions: ['joan'] };
  const rows = view({ messages: [message(1, 'you', NOON), happened, message(3, 'you', NOON)] });
  assert.deepEqual(rows.map(({ type }) => type), ['day', 'message', 'system', 'message']);
  assert.deepEqual(rows[2].mentions, ['joan']);
  assert.equal(rows[3].first, true);
});

test('the user’s own system entry does not remove "Read" from the last message', () => {
  const renamed = { ...message(2, 'me', NOON), kind: 'group_renamed' };
  const rows = view({ messages: [message(1, 'me', NOON), renamed], markers: [2] });
  assert.deepEqual(rows.filter(({ type }) => type === 'message').map(({ saysRead }) => saysRead), [true]);
});

test('a message has the number of its readers', () => {
  const rows = view({ messages: [message(1, 'me', NOON), message(2, 'me', NOON)], markers: [2, 1, 0] });
  assert.deepEqual(rows.filter(({ type }) => type === 'message').map(({ readers }) => readers), [2, 1]);
});
