import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Chats } from '../confab/chats.js';
import { ConfabError } from '../confab/errors.js';
import { MemoryStore } from '../confab/memory-store.js';
import { Synchronizer } from '../confab/synchronizer.js';
import { ManualClock, settled } from './manual-clock.mjs';

const C = 'dm_1_2';
const message = (seq) => ({ conversation: C, seq, sender: 'usr_2', client_message_id: `m${seq}`, text: `${seq}`, kind: 'text', sent_at_ms: seq });
const listed = (more) => ({ conversation: C, kind: 'dm', last_seq: 0, read_seq: 0, unread_count: 0, ...more });

let clock;
let connection;
let store;
let chats;
let synchronizer;
let released;

class FakeConnection extends EventTarget {
  status = 'online';
  log = [];
  synced = [];
  asked = [];
  /** A promise for which `history` answers wait. */
  gate = null;

  async request(frame, onPart) {
    if (frame.action === 'sync') {
      for (const conversations of this.synced) onPart({ conversations });
      return {};
    }
    this.asked.push(frame.after);
    const messages = this.log.filter((seq) => seq > frame.after).slice(0, frame.limit).map(message);
    await this.gate;
    return { messages, more: false };
  }

  open() {
    this.dispatchEvent(new Event('open'));
    return settled();
  }
}

beforeEach(() => {
  clock = new ManualClock();
  connection = new FakeConnection();
  store = new MemoryStore();
  chats = new Chats({ user: 'usr_1', store });
  released = [];
  chats.addEventListener('released', ({ detail }) => released.push(...detail.messages.map(({ seq }) => seq)));
  synchronizer = new Synchronizer({ connection, http: { conversations: async () => [] }, chats, alarms: clock });
});

const sync = (last_seq, seqs, more) => [listed({ last_seq, messages: seqs.map(message), ...more })];
const chat = () => chats.get(C);

test('messages that a sync answer leaves out are fetched', async () => {
  connection.log = [1, 2, 3, 4];
  connection.synced = [sync(4, [1, 2])];
  await connection.open();
  assert.deepEqual(connection.asked, [2]);
  assert.deepEqual(released, [1, 2, 3, 4]);
});

test('the highest `last_seq` of the parts of an answer counts', async () => {
  connection.log = [1, 2, 3, 4];
  connection.synced = [sync(4, [1]), sync(2, [2])];
  await connection.open();
  assert.deepEqual(released, [1, 2, 3, 4]);
});

test('messages that a sync answer leaves out are fetched also while a hole is being filled', async () => {
  let open;
  connection.gate = new Promise((resolve) => (open = resolve));
  connection.log = [1, 2];
  synchronizer.take(message(2));
  await clock.pass(1_000);
  connection.log = [1, 2, 3, 4];
  connection.synced = [sync(4, [1, 2])];
  await connection.open();
  open();
  await settled();
  assert.deepEqual(released, [1, 2, 3, 4]);
});

test('a `last_seq` that the history does not reach skips nothing', async () => {
  connection.log = [1, 2];
  connection.synced = [sync(4, [1, 2])];
  await connection.open();
  await clock.pass(120_000);
  assert.equal(chat().log.cursor, 2);
  for (const seq of [3, 4]) synchronizer.take(message(seq));
  assert.deepEqual(released, [1, 2, 3, 4]);
});

test('a hole before a message that is there is skipped once the history is known to lack it', async () => {
  connection.log = [5, 6];
  connection.synced = [sync(6, [5, 6])];
  await connection.open();
  assert.deepEqual(released, [5, 6]);
  connection.log = [];
  synchronizer.take(message(9));
  await clock.pass(120_000);
  assert.deepEqual(released, [5, 6, 9]);
});

for (const last_seq of [0, 2]) {
  test(`a \`last_seq\` of ${last_seq} below the cursor changes nothing`, async () => {
    for (const seq of [1, 2, 3]) chats.offer(message(seq));
    let skipped = 0;
    chats.addEventListener('skipped', () => (skipped += 1));
    await chats.takeList([listed({ last_seq })]);
    connection.synced = [sync(last_seq, [])];
    await connection.open();
    await clock.pass(120_000);
    assert.equal(chat().log.cursor, 3);
    assert.equal(chat().last_message.seq, 3);
    assert.equal(chat().unread_count, 3, 'they are stored here and can still be read');
    assert.deepEqual([connection.asked, skipped], [[], 0]);
    synchronizer.take(message(4));
    assert.deepEqual(released, [1, 2, 3, 4]);
  });
}

test('expired messages that are not stored here are no longer unread', async () => {
  await chats.takeList([listed({ last_seq: 7, unread_count: 7, last_message: message(7) })]);
  assert.equal(chat().unread_count, 7);
  chats.offer(message(8));
  await chats.takeList([listed({ last_seq: 0 })]);
  assert.equal(chat().unread_count, 1);
});

test('expired messages are no longer unread if some of them were read elsewhere', async () => {
  await chats.takeList([listed({ last_seq: 7, unread_count: 7, last_message: message(7) })]);
  chats.offer(message(8));
  await chats.takeList([listed({ last_seq: 3, read_seq: 3 })]);
  assert.deepEqual([chat().unread_count, chat().read_seq, chat().log.cursor], [1, 3, 8]);
});

test('a chat whose every message has expired continues at a higher seq', async () => {
  await chats.takeList([listed()]);
  assert.deepEqual(chats.cursors(), { [C]: 0 });
  connection.log = [57];
  synchronizer.take(message(57));
  await clock.pass(1_000);
  assert.deepEqual(released, [57]);
});

/** Makes one function answer every `sync`. It gets the frame and returns `{conversations, next?}`. */
function answerSync(answer) {
  connection.frames = [];
  const others = connection.request.bind(connection);
  connection.request = async (frame, onPart) => {
    if (frame.action !== 'sync') return others(frame, onPart);
    connection.frames.push(frame);
    const { conversations, next } = answer(frame, connection.frames.length);
    onPart({ conversations });
    return { complete: next === undefined, next };
  };
}

test('an incomplete answer is continued from where it ended, until it is complete', async () => {
  const tokens = ['t1', 't2', undefined];
  connection = new FakeConnection();
  answerSync((_, time) => ({ conversations: sync(time * 2, [time * 2 - 1, time * 2]), next: tokens[time - 1] }));
  let synced = 0;
  synchronizer = new Synchronizer({ connection, http: { conversations: async () => [] }, chats, alarms: clock, onSynced: () => (synced += 1) });
  await connection.open();
  await clock.pass(1_000);
  assert.deepEqual(connection.frames.map(({ after }) => after), [undefined, 't1', 't2']);
  assert.deepEqual(connection.frames.map(({ cursors }) => cursors), [{}, {}, {}], 'the same again');
  assert.equal(new Set(connection.frames.map(({ id }) => id)).size, connection.frames.length);
  assert.deepEqual([released, chat().log.cursor, synced], [[1, 2, 3, 4, 5, 6], 6, 1]);
});

test('the messages of an incomplete answer are on the screen before the others', async () => {
  let more;
  answerSync((_, time) => ({ conversations: sync(9, time === 1 ? [1, 2] : []), next: time === 1 ? 't1' : undefined }));
  const request = connection.request;
  connection.request = (frame, onPart) => (frame.after ? new Promise((resolve) => (more = resolve)) : request(frame, onPart));
  await connection.open();
  assert.deepEqual([released, chat().log.cursor, chats.cursors()], [[1, 2], 2, { [C]: 2 }]);
  assert.ok(more);
  assert.deepEqual(connection.asked, [], 'nothing else is fetched meanwhile');
});

test('requests to a server that never completes and brings nothing have growing delays', async () => {
  answerSync(() => ({ conversations: [], next: 'again' }));
  await connection.open();
  await clock.pass(10 * 60_000);
  // Waits of up to 20 s; ten seconds on average.
  assert.ok(connection.frames.length > 20 && connection.frames.length < 150, `${connection.frames.length} requests`);
});

test('requests to a server that never completes and repeats itself have growing delays', async () => {
  answerSync((_, time) => ({ conversations: sync(9, [1, 2, 8, 9]), next: `t${time}` }));
  await connection.open();
  await clock.pass(10 * 60_000);
  assert.ok(connection.frames.length > 20 && connection.frames.length < 150, `${connection.frames.length} requests`);
});

test('a refused token restarts the sync, with the current cursors', async () => {
  let refused = 0;
  answerSync(({ after, cursors }) => {
    if (after) {
      refused += 1;
      throw new ConfabError('bad_request', 'after is no token of this server');
    }
    return refused ? { conversations: sync(3, [3]) } : { conversations: sync(3, [1, 2]), next: 'old' };
  });
  connection.log = [1, 2, 3];
  await connection.open();
  await clock.pass(30_000);
  assert.deepEqual(connection.frames.at(-1).cursors, { [C]: connection.frames.at(-1).cursors[C] });
  assert.ok(connection.frames.at(-1).cursors[C] >= 2);
  assert.deepEqual(released, [1, 2, 3]);
});

test('`rate_limited` waits as long as the server says, for a sync, a hole and the chat list', async () => {
  const limited = () => {
    throw new ConfabError('rate_limited', '', { retry_after_ms: 30_000 });
  };
  let syncs = 0;
  connection.request = async () => {
    syncs += 1;
    return limited();
  };
  await connection.open();
  await clock.pass(29_900);
  assert.equal(syncs, 1);
  await clock.pass(200);
  assert.equal(syncs, 2);

  connection = new FakeConnection();
  let lists = 0;
  const listing = async () => {
    lists += 1;
    return limited();
  };
  synchronizer = new Synchronizer({ connection, http: { conversations: listing }, chats, alarms: clock });
  synchronizer.refreshList();
  let fetches = 0;
  connection.request = async () => {
    fetches += 1;
    return limited();
  };
  synchronizer.take(message(2));
  await clock.pass(700 + 29_900);
  assert.deepEqual([lists, fetches], [2, 1]);
  await clock.pass(200);
  assert.equal(fetches, 2);
});

const G = 'grp_1';
const inGroup = (seq, more) => ({ ...message(seq), conversation: G, ...more });

test('a sync has the readable messages of a group that the user is no longer in, and its cursor is dropped', async () => {
  chats.offer(inGroup(1, { kind: 'group_created', mentions: ['usr_1'], text: 'Climbing' }));
  answerSync(({ cursors }) => ({ conversations: G in cursors ? [{ conversation: G, left: true, messages: [inGroup(2), inGroup(3, { kind: 'member_removed', mentions: ['usr_1'] })] }] : [] }));
  await connection.open();
  assert.deepEqual(released, [1, 2, 3]);
  assert.deepEqual([chats.get(G).left.reason, chats.get(G).listed, chats.get(G).kind, chats.get(G).read_seq], ['removed', false, 'group', 0]);
  assert.deepEqual(chats.cursors(), {});
});

test('a group that has ended is recognised although its last entry has expired', async () => {
  chats.offer(inGroup(1, { kind: 'group_created', mentions: ['usr_1'], text: 'Climbing' }));
  answerSync(() => ({ conversations: [{ conversation: G, deleted: true, messages: [] }] }));
  await connection.open();
  assert.deepEqual([chats.get(G).left.reason, chats.get(G).listed], ['deleted', false]);
});

test('the cursor of a group that the user is no longer in is named until all readable messages have come', async () => {
  chats.offer(inGroup(1, { kind: 'group_created', mentions: ['usr_1'], text: 'Climbing' }));
  const left = { conversation: G, left: true, last_seq: 4, messages: [inGroup(2)] };
  let isCut = true;
  const asked = [];
  connection.request = async (frame, onPart) => {
    if (frame.action === 'sync') {
      asked.push(frame.cursors);
      if (G in frame.cursors) onPart({ conversations: [left] });
      return {};
    }
    if (isCut) throw new ConfabError('network', 'cut');
    return { messages: [inGroup(3), inGroup(4, { kind: 'member_removed', mentions: ['usr_1'] })].filter(({ seq }) => seq > frame.after) };
  };
  await connection.open();
  assert.deepEqual(released, [1, 2]);
  assert.equal(chats.get(G).left, null);
  isCut = false;
  await connection.open();
  assert.deepEqual(released, [1, 2, 3, 4]);
  assert.equal(chats.get(G).left.reason, 'removed');
  await connection.open();
  assert.deepEqual(asked, [{ [G]: 1 }, { [G]: 2 }, {}]);
});

test('a group that the user is no longer in is left although its end has expired meanwhile', async () => {
  chats.offer(inGroup(1, { kind: 'group_created', mentions: ['usr_1'], text: 'Climbing' }));
  answerSync(() => ({ conversations: [{ conversation: G, left: true, last_seq: 4, messages: [] }] }));
  await connection.open();
  await clock.pass(120_000);
  assert.deepEqual([chats.get(G).left.reason, chats.cursors()], ['removed', {}]);
});

test('parts about a group that the user is no longer in may overtake each other', async () => {
  chats.offer(inGroup(1, { kind: 'group_created', mentions: ['usr_1'], text: 'Climbing' }));
  connection.request = async (frame, onPart) => {
    if (frame.action !== 'sync') return { messages: [] };
    onPart({ conversations: [{ conversation: G, left: true, messages: [inGroup(3, { kind: 'member_removed', mentions: ['usr_1'] })] }] });
    onPart({ conversations: [{ conversation: G, left: true, messages: [inGroup(2)] }] });
    return {};
  };
  await connection.open();
  assert.deepEqual(released, [1, 2, 3]);
});

test('a token is not carried over to another socket', async () => {
  answerSync((_, time) => (time === 1 ? { conversations: [], next: 'of the first socket' } : { conversations: sync(2, [1, 2]) }));
  await connection.open();
  assert.equal(connection.frames.length, 1, 'the next request waits a little');
  await connection.open();
  await clock.pass(60_000);
  assert.deepEqual(connection.frames.map(({ after }) => after), [undefined, undefined]);
  assert.deepEqual(released, [1, 2]);
});
