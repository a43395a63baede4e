import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { countsAsUnread, membershipAfter, nameGivenBy } from '../confab/entries.js';
import { FakeServer, GROUP, ME, added, entry, removed, row } from './fake-server.mjs';

let server;

beforeEach(() => {
  server = new FakeServer();
});

const hint = (change, name = 'Climbing') => server.synchronizer.hint({ conversation: GROUP, change, name });
const created = (seq, more) => entry(seq, { kind: 'group_created', mentions: [ME], text: 'Climbing', ...more });
const isListed = () => server.chat.listed;

for (const [what, of, expected] of [
  ['being named at creation', created(1), 'joined'],
  ['making the group', created(1, { sender: ME, mentions: [] }), 'joined'],
  ['being added', added(5), 'joined'],
  ['being removed', removed(5), 'removed'],
  ['leaving', removed(5, ME, ME), 'left'],
  ['the end of the group', entry(5, { kind: 'group_deleted' }), 'deleted'],
  ['another who is added', added(5, 'usr_bob'), null],
  ['another who leaves', removed(5, 'usr_bob', 'usr_bob'), null],
  ['removing another', removed(5, 'usr_bob', ME), null],
  ['a role', entry(5, { kind: 'role_changed', mentions: [ME], text: 'admin' }), null],
  ['being mentioned', entry(5, { mentions: [ME] }), null],
  ['a kind that is not known', entry(5, { kind: 'moon_rose', mentions: [ME] }), null],
]) {
  test(`${what} means ${expected ?? 'no change of membership'}`, () => assert.equal(membershipAfter(of, ME), expected));
}

test('only messages of others count as unread', () => {
  assert.deepEqual([entry(1), entry(2, { sender: ME }), added(3), entry(4, { kind: 'moon_rose' })].map((of) => countsAsUnread(of, ME)), [true, false, false, false]);
});

test('a group’s name comes from its creation or the latest renaming', () => {
  assert.equal(nameGivenBy(created(1)), 'Climbing');
  assert.equal(nameGivenBy(entry(2, { kind: 'group_renamed', text: 'Bouldering' })), 'Bouldering');
  assert.equal(nameGivenBy(entry(3)), null);
});

test('a new group appears by its first entry, with its name and nothing unread', () => {
  server.deliver(created(1), entry(2), added(3, 'usr_bob'));
  assert.deepEqual([isListed(), server.chat.name, server.chat.unread_count], [true, 'Climbing', 1]);
});

test('an added user gets the chat list’s row', async () => {
  await server.start();
  server.rows = [row(50, { last_message: added(50) })];
  server.log = [added(50)];
  hint('added');
  await server.clock.pass(100);
  assert.deepEqual([isListed(), server.chat.name, server.chat.log.cursor], [true, 'Climbing', 50]);
  server.deliver(added(50), entry(51));
  assert.deepEqual(server.released, [51]);
});

test('many concurrent hints cause at most two requests', async () => {
  await server.start();
  server.asked = [];
  server.rows = [row(1)];
  for (let times = 0; times < 20; times += 1) hint('added');
  await server.clock.pass(100);
  assert.ok(server.asked.filter((what) => what === 'list').length <= 2, server.asked.join());
});

test('a group leaves the list immediately when the user is removed, without a request', async () => {
  server.rows = [row(1)];
  server.log = [created(1)];
  await server.start();
  server.asked = [];
  hint('removed');
  server.deliver(entry(2), removed(3));
  assert.deepEqual([isListed(), server.chat.left, server.chat.unread_count], [false, { reason: 'removed', seq: 3 }, 0]);
  await server.clock.pass(5_000);
  assert.deepEqual(server.asked, []);
});

test('a removal whose entry is lost is detected', async () => {
  server.rows = [row(1)];
  server.log = [created(1)];
  await server.start();
  Object.assign(server, { rows: [], refusal: 'forbidden' });
  hint('removed');
  assert.ok(isListed());
  await server.clock.pass(1_000);
  assert.deepEqual([isListed(), server.chat.left.reason], [false, 'removed']);
});

test('a group leaves the list when the user was removed while offline, and shows its last messages', async () => {
  server.rows = [row(1)];
  server.log = [created(1)];
  await server.start();
  server.rows = [];
  server.log.push(entry(2), removed(3));
  server.http.group = async () => Promise.reject(Object.assign(new Error('no'), { code: 'forbidden' }));
  await server.connect();
  await server.clock.pass(100);
  assert.deepEqual(server.released, [2, 3]);
  assert.deepEqual([isListed(), server.chat.left], [false, { reason: 'removed', seq: 3 }]);
});

test('a group that was deleted meanwhile leaves the list', async () => {
  server.rows = [row(1)];
  await server.start();
  Object.assign(server, { rows: [], refusal: 'not_found' });
  await server.connect();
  await server.clock.pass(100);
  assert.deepEqual([isListed(), server.chat.left.reason], [false, 'deleted']);
});

test('a list that is older than the user’s joining does not remove the group', async () => {
  server.deliver(created(1));
  server.rows = [];
  await server.start();
  assert.ok(isListed());
  assert.ok(server.asked.includes('group'));
});

test('a list that is older than the user’s leaving does not restore the group', async () => {
  server.deliver(created(1), removed(2));
  server.rows = [row(1)];
  await server.synchronizer.prepare();
  assert.equal(isListed(), false);
});

test('the group is listed again when the user comes back', async () => {
  server.deliver(created(1), removed(2));
  server.log = [created(1), removed(2), added(9), entry(10)];
  server.rows = [row(10, { unread_count: 1 })];
  hint('added');
  server.deliver(entry(10), added(9));
  await server.clock.pass(1_000);
  assert.deepEqual([isListed(), server.chat.left, server.chat.unread_count], [true, null, 1]);
  assert.deepEqual(server.released, [1, 2, 9, 10]);
});

test('the end of a membership is stored', async () => {
  server.deliver(created(1), removed(2));
  await server.clock.pass(0);
  const [record] = await server.store.conversations();
  assert.deepEqual([record.listed, record.left], [false, { reason: 'removed', seq: 2 }]);
});

test('of two renamings the later one counts, whichever arrives first', () => {
  const renamed = (seq, text) => entry(seq, { kind: 'group_renamed', text });
  server.deliver(created(1), renamed(3, 'Third'), renamed(2, 'Second'));
  assert.equal(server.chat.name, 'Third');
});

test('an older entry or list does not undo the name of a newer list', async () => {
  server.deliver(created(1));
  await server.chats.takeList([row(5, { name: 'Fifth' })]);
  server.deliver(entry(2), entry(3, { kind: 'group_renamed', text: 'Third' }));
  assert.equal(server.chat.name, 'Fifth');
  await server.chats.takeList([row(2)]);
  assert.equal(server.chat.name, 'Fifth');
});

test('messages that a list implies and no event has brought are fetched', async () => {
  server.deliver(created(1));
  server.log = [created(1), entry(2), entry(3)];
  server.rows = [row(3)];
  await server.synchronizer.refreshList();
  await server.clock.pass(1_000);
  assert.deepEqual(server.released, [1, 2, 3]);
});

test('a renaming whose entry is lost is detected', async () => {
  server.rows = [row(1)];
  await server.start();
  server.rows = [row(2, { name: 'Bouldering' })];
  hint('renamed', 'Bouldering');
  await server.clock.pass(1_000);
  assert.equal(server.chat.name, 'Bouldering');
});
