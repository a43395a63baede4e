import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConversationLog } from '../confab/log.js';

const message = (seq) => ({ seq });
const seqs = (messages) => messages.map(({ seq }) => seq);

test('messages in order are released immediately', () => {
  const log = new ConversationLog();
  assert.deepEqual(seqs(log.offer(message(1))), [1]);
  assert.deepEqual(seqs(log.offer(message(2))), [2]);
  assert.equal(log.cursor, 2);
  assert.deepEqual(log.held, [[1, 2]]);
});

test('a message beyond a hole waits until the hole is filled', () => {
  const log = new ConversationLog(4);
  assert.deepEqual(log.offer(message(6)), []);
  assert.deepEqual(log.offer(message(7)), []);
  assert.deepEqual(log.hole, { after: 4, before: 6 });
  assert.deepEqual(seqs(log.offer(message(5))), [5, 6, 7]);
  assert.equal(log.hole, null);
});

test('duplicates are released once', () => {
  const log = new ConversationLog();
  log.offer(message(2));
  assert.deepEqual(log.offer(message(2)), []);
  assert.deepEqual(seqs(log.offer(message(1))), [1, 2]);
  assert.deepEqual(log.offer(message(1)), []);
});

test('a page that starts at the cursor fills the hole', () => {
  const log = new ConversationLog(4);
  log.offer(message(8));
  assert.deepEqual(seqs(log.cover(5, 7, [5, 6, 7].map(message))), [5, 6, 7, 8]);
  assert.deepEqual(log.held, [[5, 8]]);
});

test('expired positions within a page are no holes', () => {
  const log = new ConversationLog();
  log.offer(message(9));
  assert.deepEqual(seqs(log.cover(1, 9, [message(7), message(9)])), [7, 9]);
  assert.equal(log.cursor, 9);
  assert.equal(log.hole, null);
});

test('a page of older messages releases nothing and is held', () => {
  const log = new ConversationLog(100);
  assert.deepEqual(log.cover(51, 100, [message(51), message(100)]), []);
  assert.deepEqual(log.heldBefore(101), [51, 100]);
  assert.deepEqual(log.heldBefore(80), [51, 79]);
  assert.equal(log.heldBefore(51), null);
});

test('a page beyond a hole fills nothing and is held', () => {
  const log = new ConversationLog(4);
  assert.deepEqual(log.cover(8, 10, [8, 9, 10].map(message)), []);
  assert.deepEqual([log.cursor, log.heldBefore(11)], [4, [8, 10]]);
});

test('skipping ahead leaves a gap and releases what waited beyond it', () => {
  const log = new ConversationLog(10, [[1, 10]]);
  log.offer(message(501));
  assert.deepEqual(seqs(log.skipTo(500)), [501]);
  assert.deepEqual(log.held, [[1, 10], [501, 501]]);
  assert.equal(log.heldBefore(501), null);
  assert.deepEqual(log.skipTo(3), []);
});

test('any arrival order with duplicates gives 1..n', () => {
  let state = 7;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  for (let round = 0; round < 200; round += 1) {
    const arrivals = Array.from({ length: 20 }, (_, index) => index + 1).flatMap((seq) => (random() < 0.3 ? [seq, seq] : [seq]));
    arrivals.sort(() => random() - 0.5);
    const log = new ConversationLog();
    const released = arrivals.flatMap((seq) => seqs(log.offer(message(seq))));
    assert.deepEqual(released, Array.from({ length: 20 }, (_, index) => index + 1));
  }
});
