import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batchOf, frameOf, outcomesOf } from '../confab/batches.js';
import { FRAME_BYTES_MAX, jsonBytes } from '../confab/frames.js';

const C = 'dm_1_2';
const entry = (number, text = `text ${number}`) => ({ client_message_id: `m${number}`, conversation: C, text, read_seq: number, order: number, state: 'pending' });
const entries = (count, text) => Array.from({ length: count }, (_, index) => entry(index, text));

test('one message is a `send`, several are a `send_many` of the same fields', () => {
  assert.deepEqual(frameOf([entry(1)]), { action: 'send', id: 'm1', to: C, text: 'text 1', read_seq: 1 });
  const { id, ...frame } = frameOf(entries(2));
  assert.deepEqual(frame, { action: 'send_many', to: C, messages: [{ id: 'm0', text: 'text 0', read_seq: 0 }, { id: 'm1', text: 'text 1', read_seq: 1 }] });
  assert.ok(id.length <= 64 && !['m0', 'm1'].includes(id));
});

test('a batch has at most 16 messages, the first ones, in order', () => {
  assert.deepEqual(batchOf([]), []);
  for (const count of [1, 2, 15, 16, 17, 40]) assert.deepEqual(batchOf(entries(count)), entries(Math.min(count, 16)));
});

test('a batch is as large as a frame may be, whatever the texts are, and no larger', () => {
  for (const letter of ['a', 'é', '😀', '"', '\u0001']) {
    for (const length of [1, 500, 1_800, 1_950, 2_100, 5_000, 9_000]) {
      const all = entries(20, letter.repeat(length));
      const batch = batchOf(all);
      assert.deepEqual(batch, all.slice(0, batch.length));
      if (batch.length > 1) assert.ok(jsonBytes(frameOf(batch)) <= FRAME_BYTES_MAX);
      if (batch.length < 16) assert.ok(jsonBytes(frameOf(all.slice(0, batch.length + 1))) > FRAME_BYTES_MAX, `${length} of ${letter}`);
    }
  }
});

test('a message that fits no frame is sent alone, and ends the batch before it', () => {
  const long = entry(2, 'é'.repeat(20_000));
  assert.deepEqual(batchOf([entry(1), long, entry(3)]), [entry(1)]);
  assert.deepEqual(batchOf([long, entry(3)]), [long]);
});

test('an answer has the outcome of each message, up to the first refused one', () => {
  const [one, two, three] = entries(3);
  const acks = [
    { id: 'm0', seq: 4, sent_at_ms: 9, duplicate: true },
    { id: 'm1', code: 'rate_limited', message: 'slowly', retry_after_ms: 250 },
  ];
  const [first, second, ...rest] = outcomesOf([one, two, three], { type: 'acks', acks });
  assert.deepEqual(first, { entry: one, ack: { id: 'm0', seq: 4, sent_at_ms: 9, duplicate: true, conversation: C } });
  assert.deepEqual([second.entry, second.error.code, second.error.retry_after_ms, second.error.retryable, rest], [two, 'rate_limited', 250, true, []]);
});

test('an answer without an outcome of any sent message is an error', () => {
  for (const answer of [{}, { acks: [] }, { acks: [{ id: 'other', seq: 1 }] }]) assert.throws(() => outcomesOf(entries(2), answer), { code: 'internal' });
});
