import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { ConfabError } from '../confab/errors.js';
import { MemoryStore } from '../confab/memory-store.js';
import { Outbox } from '../confab/outbox.js';
import { ManualClock, settled } from './manual-clock.mjs';

const C = 'dm_1_2';
let clock;
let store;
let connection;
let posted;
let acks;
let outbox;

class FakeConnection extends EventTarget {
  status = 'online';
  requests = [];

  request(frame) {
    return new Promise((resolve, reject) => this.requests.push({ frame, resolve, reject }));
  }

  cut() {
    this.status = 'connecting';
    for (const { reject } of this.requests.splice(0)) reject(new ConfabError('network', 'cut'));
  }

  open() {
    this.status = 'online';
    this.dispatchEvent(new Event('open'));
  }

  ids() {
    return this.requests.map(({ frame }) => frame.id);
  }
}

beforeEach(() => {
  clock = new ManualClock();
  store = new MemoryStore();
  connection = new FakeConnection();
  posted = [];
  acks = [];
  outbox = makeOutbox();
});

function makeOutbox() {
  const http = {
    postMessage: async (conversation, body) => {
      posted.push(body);
      return { id: body.client_message_id, conversation, seq: 9, sent_at_ms: 1 };
    },
  };
  return new Outbox({ store, connection, http, alarms: clock, random: () => 1, onAck: (entry, ack) => acks.push([entry.text, ack.seq]) });
}

test('one message is in flight per conversation, in the order written', async () => {
  const first = await outbox.add(C, 'one');
  const second = await outbox.add(C, 'two');
  await outbox.add('dm_3_4', 'elsewhere');
  await settled();
  assert.equal(connection.requests.length, 2);
  assert.equal(connection.requests[0].frame.id, first.client_message_id);
  connection.requests.shift().resolve({ conversation: C, seq: 1, sent_at_ms: 1 });
  await settled();
  assert.equal(connection.requests.at(-1).frame.id, second.client_message_id);
  assert.deepEqual(acks, [['one', 1]]);
});

test('a lost connection repeats the same id after the next one opens', async () => {
  const { client_message_id } = await outbox.add(C, 'one');
  await settled();
  connection.cut();
  await clock.pass(60_000);
  assert.equal(connection.requests.length, 0);
  connection.open();
  await settled();
  assert.deepEqual(connection.ids(), [client_message_id]);
});

test('a refusal fails the message and lets the next one go', async () => {
  await outbox.add(C, 'one');
  await outbox.add(C, 'two');
  await settled();
  connection.requests.shift().reject(new ConfabError('forbidden', 'no'));
  await settled();
  assert.deepEqual(outbox.of(C).map(({ state }) => state), ['failed', 'pending']);
  assert.equal(connection.requests[0].frame.text, 'two');
});

test('a failed message is retried last under its own id, or deleted', async () => {
  const { client_message_id: id } = await outbox.add(C, 'one');
  await settled();
  connection.requests.shift().reject(new ConfabError('bad_request', 'no'));
  await settled();
  await outbox.add(C, 'two');
  await outbox.retry(id);
  assert.deepEqual(outbox.of(C).map(({ text }) => text), ['two', 'one']);
  await outbox.discard(id);
  assert.equal(outbox.of(C).length, 2, 'only a failed message can be deleted');
});

test('`rate_limited` waits as long as the server says', async () => {
  await outbox.add(C, 'one');
  await settled();
  connection.requests.shift().reject(new ConfabError('rate_limited', '', { retry_after_ms: 3_000 }));
  await clock.pass(2_900);
  assert.equal(connection.requests.length, 0);
  await clock.pass(200);
  assert.equal(connection.requests.length, 1);
});

test('a text that fits no frame goes by HTTP', async () => {
  const { client_message_id } = await outbox.add(C, 'é'.repeat(20_000));
  await settled();
  assert.equal(connection.requests.length, 0);
  assert.equal(posted[0].client_message_id, client_message_id);
  assert.deepEqual(acks.map(([, seq]) => seq), [9]);
});

test('a message seen in the log needs no acknowledgement', async () => {
  const { client_message_id } = await outbox.add(C, 'one');
  await outbox.add(C, 'two');
  await settled();
  await outbox.released(client_message_id);
  await settled();
  assert.deepEqual(outbox.of(C).map(({ text }) => text), ['two']);
  assert.equal(connection.requests.at(-1).frame.text, 'two');
});

test('what a closed window left unsent is taken over, what an open one has is not', async () => {
  await outbox.add(C, 'one');
  const next = makeOutbox();
  await next.adopt(() => true);
  assert.equal(next.of(C).length, 0);
  await next.adopt(() => false);
  assert.deepEqual(next.of(C).map(({ text }) => text), ['one']);
});

test('an acknowledged message is no longer stored, and shown until the log releases it', async () => {
  const { client_message_id } = await outbox.add(C, 'one');
  await settled();
  connection.requests.shift().resolve({ conversation: C, seq: 5, sent_at_ms: 1 });
  await settled();
  assert.deepEqual(await store.outbox(), []);
  assert.deepEqual(outbox.of(C).map(({ state }) => state), ['sent']);
  await outbox.released(client_message_id);
  assert.deepEqual(outbox.of(C), []);
});

async function refuseTimes(times, error = new ConfabError('internal', 'a fault')) {
  for (let time = 0; time < times; time += 1) {
    connection.requests.shift().reject(error);
    await clock.pass(30_000);
  }
}

test('a message that the server fails on five times lets the next one go', async () => {
  await outbox.add(C, 'one');
  await outbox.add(C, 'two');
  await settled();
  await refuseTimes(4);
  assert.deepEqual(outbox.of(C).map(({ state }) => state), ['pending', 'pending']);
  await refuseTimes(1);
  assert.deepEqual(outbox.of(C).map(({ state }) => state), ['failed', 'pending']);
  assert.equal(outbox.of(C)[0].error.code, 'internal');
  assert.deepEqual(connection.requests.map(({ frame }) => frame.text), ['two']);
});

test('a retry after faults keeps the id and has as many tries again', async () => {
  const { client_message_id: id } = await outbox.add(C, 'one');
  await settled();
  await refuseTimes(5);
  await outbox.retry(id);
  await settled();
  assert.deepEqual(connection.ids(), [id]);
  await refuseTimes(4);
  assert.equal(outbox.of(C)[0].state, 'pending');
});

test('faults are counted over reloads, and nothing else counts as one', async () => {
  await outbox.add(C, 'one');
  await settled();
  await refuseTimes(3);
  await refuseTimes(5, new ConfabError('unavailable', ''));
  outbox.stop();
  outbox = makeOutbox();
  await outbox.adopt(() => false);
  await settled();
  connection.requests.shift();
  await refuseTimes(2);
  assert.equal(outbox.of(C)[0].state, 'failed');
});
