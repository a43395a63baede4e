import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Chats } from '../confab/chats.js';
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
  /** What a `history` answer waits for. */
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

test('what a sync answer leaves out is asked for', async () => {
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

test('what a sync answer leaves out is asked for while a hole is being filled, too', async () => {
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

test('a `last_seq` that the history does not bear out skips nothing', async () => {
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

test('a chat of which everything has expired goes on at a higher seq', async () => {
  await chats.takeList([listed()]);
  assert.deepEqual(chats.cursors(), { [C]: 0 });
  connection.log = [57];
  synchronizer.take(message(57));
  await clock.pass(1_000);
  assert.deepEqual(released, [57]);
});
