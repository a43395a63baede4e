import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { FakeServer, added, entry, removed, row, seqsOf } from './fake-server.mjs';

const upTo = (last, first = 1) => Array.from({ length: last - first + 1 }, (_, index) => first + index);

let server;
let timeline;

beforeEach(() => {
  server = new FakeServer();
  timeline = server.openTimeline();
});

/** Returns a generator of pseudo-random numbers in [0, 1). */
function numbersFrom(seed) {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

test('the shown messages only grow at their end, in any order of events', async () => {
  for (let seed = 1; seed <= 100; seed += 1) {
    const random = numbersFrom(seed);
    server = new FakeServer();
    timeline = server.openTimeline();
    const arrivals = upTo(20).flatMap((seq) => (random() < 0.3 ? [seq, seq] : [seq]));
    arrivals.sort(() => random() - 0.5);
    let shown = [];
    for (const seq of arrivals) {
      server.deliver(entry(seq));
      const now = seqsOf(timeline.messages);
      assert.deepEqual(now.slice(0, shown.length), shown);
      assert.deepEqual(now, upTo(now.length));
      shown = now;
    }
    assert.deepEqual(shown, upTo(20), `seed ${seed}`);
    await server.clock.pass(1_000);
    assert.deepEqual(server.asked, [], 'no hole is left to be fetched');
  }
});

test('with some events lost, everything is shown once and in order within a second', async () => {
  for (let seed = 1; seed <= 50; seed += 1) {
    const random = numbersFrom(seed);
    server = new FakeServer();
    timeline = server.openTimeline();
    server.log = upTo(30).map((seq) => entry(seq));
    const arrivals = upTo(30).filter((seq) => seq === 30 || random() < 0.6);
    arrivals.sort(() => random() - 0.5);
    for (const seq of arrivals) server.deliver(entry(seq));
    await server.clock.pass(1_000);
    assert.deepEqual(seqsOf(timeline.messages), upTo(30), `seed ${seed}`);
  }
});

test('a message waits for the one before it, and is shown with it', async () => {
  server.log = [entry(1), entry(2), entry(3)];
  server.deliver(entry(1), entry(3));
  assert.deepEqual(seqsOf(timeline.messages), [1]);
  server.deliver(entry(2), entry(3), entry(2));
  assert.deepEqual(seqsOf(timeline.messages), [1, 2, 3]);
  await server.clock.pass(1_000);
  assert.deepEqual(server.asked, []);
});

test('an event that comes after its hole was skipped is not shown', async () => {
  server.log = [entry(1), entry(4)];
  server.deliver(entry(1), entry(4));
  await server.clock.pass(1_000);
  assert.deepEqual(seqsOf(timeline.messages), [1, 4]);
  server.deliver(entry(2), entry(3));
  assert.deepEqual(seqsOf(timeline.messages), [1, 4]);
});

test('a user who is added later sees messages from their joining on', async () => {
  server.log = [added(50), entry(51)];
  server.deliver(entry(51), added(50));
  await server.clock.pass(1_000);
  assert.deepEqual(seqsOf(timeline.messages), [50, 51]);
  assert.equal(server.asked.filter((what) => what === 'history').length, 1);
});

test('a user who comes back sees both memberships, and the gap between delays nothing', async () => {
  server.log = [added(10), entry(11), removed(12), added(30), entry(31)];
  server.deliver(added(10), entry(11), removed(12));
  await server.clock.pass(1_000);
  server.deliver(entry(31));
  server.deliver(added(30));
  await server.clock.pass(1_000);
  assert.deepEqual(seqsOf(timeline.messages), [10, 11, 12, 30, 31]);
  server.deliver(entry(32));
  assert.deepEqual(seqsOf(timeline.messages), [10, 11, 12, 30, 31, 32]);
});

test('scrolling up skips the messages before and between memberships', async () => {
  server.log = [added(10), entry(11), removed(12), added(30), entry(31), entry(32)];
  server.rows = [row(32)];
  await server.start();
  assert.equal(timeline.low, 33);
  await timeline.loadOlder();
  assert.deepEqual(seqsOf(timeline.messages), [10, 11, 12, 30, 31, 32]);
  assert.equal(timeline.hasOlder, false);
  server.deliver(entry(33));
  assert.deepEqual(seqsOf(timeline.messages), [10, 11, 12, 30, 31, 32, 33]);
});

test('a sync with a gap is shown as soon as its hole was fetched', async () => {
  server.log = [added(10), removed(12), added(30), entry(31)];
  server.deliver(added(10));
  await server.clock.pass(1_000);
  server.rows = [row(31)];
  await server.start();
  assert.deepEqual(seqsOf(timeline.messages), [10, 12, 30, 31]);
  assert.equal(server.chat.left, null);
});

test('in a group that has been deleted, a hole is skipped at the first refusal', async () => {
  server.deliver(entry(1));
  server.refusal = 'not_found';
  server.deliver(entry(3), entry(5, { kind: 'group_deleted', text: undefined }));
  await server.clock.pass(1_000);
  assert.deepEqual(seqsOf(timeline.messages), [1, 3, 5]);
  assert.equal(server.chat.left.reason, 'deleted');
});

test('older messages of a deleted group are not fetched', async () => {
  server.rows = [row(7)];
  await server.start();
  await server.chats.leave(server.chat, 'deleted');
  server.refusal = 'not_found';
  await timeline.loadOlder();
  assert.deepEqual(timeline.messages, []);
  assert.equal(timeline.hasOlder, false);
});

test('a hole that was left by a cut connection is filled after the next connect', async () => {
  server.log = [entry(1), entry(2), removed(3)];
  server.deliver(entry(1), removed(3));
  await server.connect();
  assert.deepEqual(seqsOf(timeline.messages), [1, 2, 3]);
});
