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

test('a refusal fails the message and does not delay the next one', async () => {
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

test('a text that fits no frame is sent by HTTP', async () => {
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

test('unsent messages of a closed window are taken over, those of an open one are not', async () => {
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

test('a message on which the server fails five times no longer delays the next one', async () => {
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

test('a retry after faults keeps the id and allows as many faults again', async () => {
  const { client_message_id: id } = await outbox.add(C, 'one');
  await settled();
  await refuseTimes(5);
  await outbox.retry(id);
  await settled();
  assert.deepEqual(connection.ids(), [id]);
  await refuseTimes(4);
  assert.equal(outbox.of(C)[0].state, 'pending');
});

test('faults are counted across reloads, and other errors are not counted', async () => {
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

test('over all windows at most 16 messages of a conversation are unanswered', async () => {
  const windows = Array.from({ length: 20 }, makeOutbox);
  for (const [index, window] of windows.entries()) await window.add(C, `text ${index}`);
  await windows[0].add('dm_3_4', 'elsewhere');
  await settled();
  const open = () => connection.requests.filter(({ frame }) => frame.to === C).length;
  assert.deepEqual([open(), connection.requests.length], [16, 17]);
  await clock.pass(5_000);
  assert.equal(open(), 16);
  const sent = new Set(connection.requests.filter(({ frame }) => frame.to === C).map(({ frame }) => frame.id));
  for (let seq = 1; seq <= 20; seq += 1) {
    const at = connection.requests.findIndex(({ frame }) => frame.to === C);
    connection.requests.splice(at, 1)[0].resolve({ conversation: C, seq, sent_at_ms: 1 });
    await clock.pass(1_100);
    assert.ok(open() <= 16);
    for (const { frame } of connection.requests.filter(({ frame }) => frame.to === C)) sent.add(frame.id);
  }
  assert.deepEqual([sent.size, acks.length], [20, 20]);
});

test('messages that the server may have are sent again, however many there are', async () => {
  for (let index = 0; index < 20; index += 1) {
    await store.putOutbox({ client_message_id: `m${index}`, conversation: C, text: `${index}`, order: index, state: 'pending', window: 'closed', tried: true });
  }
  await outbox.adopt(() => false);
  for (let seq = 0; seq < 20; ) {
    await settled();
    const { frame, resolve } = connection.requests.shift();
    const ack = (id) => ({ id, seq: (seq += 1), sent_at_ms: 1 });
    if (frame.action === 'send') resolve({ ...ack(frame.id), conversation: C });
    else resolve({ acks: frame.messages.map(({ id }) => ack(id)) });
  }
  await settled();
  assert.deepEqual(acks.map(([text]) => text), Array.from({ length: 20 }, (_, index) => `${index}`));
});

test('a message that is not sent without a connection does not count as tried', async () => {
  connection.status = 'offline';
  await outbox.add(C, 'one');
  await settled();
  assert.ok(!(await store.outbox())[0].tried);
});

test('after `rate_limited` in one conversation the others wait too, and all continue in order', async () => {
  await outbox.add(C, 'one');
  await outbox.add(C, 'two');
  await settled();
  connection.requests.shift().reject(new ConfabError('rate_limited', '', { retry_after_ms: 4_000 }));
  await settled();
  await outbox.add('dm_3_4', 'elsewhere');
  await clock.pass(3_900);
  assert.deepEqual(connection.ids(), []);
  await clock.pass(200);
  const [together] = connection.requests.filter(({ frame }) => frame.to === C);
  assert.deepEqual([connection.requests.length, together.frame.messages.map(({ text }) => text)], [2, ['one', 'two']]);
  together.resolve({ acks: [{ id: together.frame.messages[0].id, seq: 1, sent_at_ms: 1 }] });
  await settled();
  assert.equal(connection.requests.at(-1).frame.text, 'two');
  assert.deepEqual(outbox.of(C).map(({ state }) => state), ['sent', 'pending']);
});

test('`slowed` is set after a long limit, until a message is sent', async () => {
  const news = [];
  outbox.addEventListener('slowed', () => news.push(outbox.slowed));
  await outbox.add(C, 'one');
  await settled();
  const limited = () => connection.requests.shift().reject(new ConfabError('rate_limited', '', { retry_after_ms: 2_000 }));
  limited();
  await clock.pass(2_100);
  limited();
  await clock.pass(2_800);
  assert.deepEqual(news, []);
  await clock.pass(200);
  assert.deepEqual(news, [true]);
  connection.requests.shift().resolve({ conversation: C, seq: 1, sent_at_ms: 1 });
  await settled();
  assert.deepEqual(news, [true, false]);
});

test('a message whose id belongs to another one is permanently refused', async () => {
  const { client_message_id: id } = await outbox.add(C, 'one');
  await outbox.add(C, 'two');
  await settled();
  connection.requests.shift().reject(new ConfabError('conflict', 'another message has this id'));
  await settled();
  assert.deepEqual(outbox.of(C).map(({ state, error }) => [state, error?.code]), [['failed', 'conflict'], ['pending', undefined]]);
  await outbox.retry(id);
  await settled();
  assert.deepEqual([outbox.of(C)[0].state, connection.ids().includes(id)], ['failed', false]);
  await outbox.discard(id);
  assert.equal(outbox.of(C).length, 1);
});

test('one of two windows that take over the same message gets it', async () => {
  await outbox.add(C, 'one');
  outbox.stop();
  connection.requests.length = 0;
  const [second, third] = [makeOutbox(), makeOutbox()];
  await Promise.all([second, third].map((window) => window.adopt(() => false)));
  await settled();
  assert.equal(second.of(C).length + third.of(C).length, 1);
  assert.equal(connection.requests.length, 1);
});

test('a message carries its author’s read mark, also after a reload and by HTTP', async () => {
  await outbox.add(C, 'one', { read_seq: 7 });
  await outbox.add('dm_3_4', 'é'.repeat(20_000), { read_seq: 5 });
  await settled();
  assert.deepEqual([connection.requests[0].frame.read_seq, posted[0].read_seq], [7, 5]);
  const later = makeOutbox();
  outbox.stop();
  connection.requests.length = 0;
  await later.adopt(() => false);
  await settled();
  assert.equal(connection.requests[0].frame.read_seq, 7);
});

/** Makes three messages wait for one that is being sent, and returns the frame in which they are sent. */
async function threeTogether() {
  await outbox.add(C, 'first');
  for (const text of ['one', 'two', 'three']) await outbox.add(C, text);
  await settled();
  connection.requests.shift().resolve({ conversation: C, seq: 1, sent_at_ms: 1 });
  await settled();
  await outbox.released(outbox.of(C)[0].client_message_id);
  return connection.requests.shift();
}

const textsOf = ({ frame }) => (frame.messages ?? [frame]).map(({ text }) => text);

test('messages that wait for an answer are sent together after it, with the same ids', async () => {
  const { frame, resolve } = await threeTogether();
  assert.deepEqual([frame.action, textsOf({ frame })], ['send_many', ['one', 'two', 'three']]);
  assert.deepEqual(frame.messages.map(({ id }) => id), outbox.of(C).map(({ client_message_id }) => client_message_id));
  resolve({ acks: frame.messages.map(({ id }, index) => ({ id, seq: index + 2, sent_at_ms: 1 })) });
  await settled();
  assert.deepEqual(acks, [['first', 1], ['one', 2], ['two', 3], ['three', 4]]);
  assert.deepEqual([await store.outbox(), connection.requests], [[], []]);
});

for (const code of ['bad_request', 'unknown_action', 'too_large', 'internal', 'timeout', 'unavailable']) {
  test(`a frame that is refused as a whole with \`${code}\` fails no message: each is sent alone`, async () => {
    const { frame, reject } = await threeTogether();
    reject(new ConfabError(code, ''));
    await clock.pass(1_000);
    const ids = frame.messages.map(({ id }) => id);
    for (const [index, text] of ['one', 'two', 'three'].entries()) {
      const [request] = connection.requests.splice(0);
      assert.deepEqual([request.frame.action, request.frame.text, request.frame.id], ['send', text, ids[index]]);
      if (text === 'two') request.reject(new ConfabError('bad_request', 'text'));
      else request.resolve({ conversation: C, seq: index + 2, sent_at_ms: 1 });
      await settled();
    }
    assert.deepEqual(outbox.of(C).map(({ text, state }) => [text, state]), [['one', 'sent'], ['two', 'failed'], ['three', 'sent']]);
  });
}

for (const [code, more] of [['network', {}], ['rate_limited', { retry_after_ms: 200 }]]) {
  test(`a frame that is refused with \`${code}\`, independently of its messages, is sent again`, async () => {
    const { frame, reject } = await threeTogether();
    await outbox.add(C, 'four');
    reject(new ConfabError(code, '', more));
    await clock.pass(1_000);
    const [request] = connection.requests;
    assert.deepEqual(textsOf(request), ['one', 'two', 'three', 'four']);
    assert.deepEqual(request.frame.messages.slice(0, 3), frame.messages);
  });
}

test('messages of a frame that are all seen in the log need no acknowledgement, and the next is sent', async () => {
  const { frame } = await threeTogether();
  await outbox.add(C, 'four');
  await outbox.released(frame.messages[0].id);
  await settled();
  assert.deepEqual(connection.requests, []);
  for (const { id } of frame.messages.slice(1)) await outbox.released(id);
  await settled();
  assert.deepEqual(connection.requests.map(textsOf), [['four']]);
  assert.deepEqual(outbox.of(C).map(({ text }) => text), ['four']);
});

test('a frame has only as many messages as may be unanswered over all windows', async () => {
  for (let index = 0; index < 13; index += 1) {
    await store.putOutbox({ client_message_id: `m${index}`, conversation: C, text: '', order: index, state: 'pending', window: 'another', tried: true });
  }
  connection.status = 'offline';
  for (const text of ['one', 'two', 'three', 'four']) await outbox.add(C, text);
  connection.open();
  await settled();
  assert.deepEqual(connection.requests.map(textsOf), [['one', 'two', 'three']]);
  assert.deepEqual((await store.outbox()).filter(({ tried }) => !tried).map(({ text }) => text), ['four']);
});
