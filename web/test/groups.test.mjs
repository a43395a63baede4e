import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Chats } from '../confab/chats.js';
import { ConfabError } from '../confab/errors.js';
import { Groups } from '../confab/groups.js';
import { MemoryStore } from '../confab/memory-store.js';
import { GROUP, ME, entry, removed } from './fake-server.mjs';
import { ManualClock, settled } from './manual-clock.mjs';

const group = (name, ...members) => ({ group: GROUP, name, created_at_ms: 0, members: members.map(([user, role]) => ({ user, role, joined_at_ms: 0 })) });

let clock;
let chats;
let groups;
let asked;
let refused;
/** Answers of each call, by name. A function is called; an error is thrown. */
let answers;

beforeEach(() => {
  clock = new ManualClock();
  chats = new Chats({ user: ME, store: new MemoryStore() });
  asked = [];
  refused = 0;
  answers = { group: group('Climbing', [ME, 'owner'], ['usr_bob', 'member']) };
  const call = (name) => async (...args) => {
    asked.push([name, ...args]);
    const answer = typeof answers[name] === 'function' ? answers[name]() : answers[name];
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const http = Object.fromEntries(['createGroup', 'group', 'patchGroup', 'deleteGroup', 'putMember', 'removeMember', 'patchConversation'].map((name) => [name, call(name)]));
  groups = new Groups({ user: ME, http, chats, alarms: clock, onRefused: () => (refused += 1) });
  chats.addEventListener('released', ({ detail }) => groups.released(detail.chat, detail.messages));
});

const loads = () => asked.filter(([name]) => name === 'group').length;
const busy = () => new ConfabError('unavailable', 'Try again.');

test('a watched group is loaded, and reloaded after a system entry of its log', async () => {
  const unwatch = groups.watch(GROUP);
  await settled();
  assert.equal(groups.roleIn(GROUP), 'owner');
  chats.offer(entry(1));
  await settled();
  assert.equal(loads(), 1);
  chats.offer(entry(2, { kind: 'member_added', mentions: ['usr_joan'] }));
  await settled();
  assert.equal(loads(), 2);
  unwatch();
  chats.offer(entry(3, { kind: 'role_changed', mentions: ['usr_joan'], text: 'admin' }));
  await settled();
  assert.equal(loads(), 2);
});

test('a group that the user has left is not loaded', async () => {
  groups.watch(GROUP);
  await settled();
  chats.offer(entry(1));
  chats.offer(removed(2));
  await settled();
  assert.equal(loads(), 1);
  assert.equal(groups.get(GROUP), null);
});

test('a load is repeated while the server is busy', async () => {
  const loaded = answers.group;
  answers.group = busy();
  groups.watch(GROUP);
  await settled();
  assert.equal(groups.errorOf(GROUP).code, 'unavailable');
  answers.group = loaded;
  await clock.pass(1_000);
  assert.equal(groups.errorOf(GROUP), null);
  assert.equal(groups.get(GROUP).name, 'Climbing');
});

test('a group without the user, opened by its address, has the reason `outside`', async () => {
  answers.group = new ConfabError('forbidden', 'no');
  groups.watch(GROUP);
  await settled();
  assert.deepEqual([chats.get(GROUP).left.reason, refused], ['outside', 0]);
});

test('a refusal for a listed group reloads the list', async () => {
  chats.offer(entry(1));
  answers.group = new ConfabError('forbidden', 'no');
  groups.watch(GROUP);
  await settled();
  assert.deepEqual([chats.get(GROUP).left, refused], [null, 1]);
});

test('a new group is in the list before its log arrives', async () => {
  answers.createGroup = answers.group;
  assert.equal(await groups.create('Climbing', ['usr_bob']), GROUP);
  assert.deepEqual([chats.get(GROUP).listed, chats.get(GROUP).name], [true, 'Climbing']);
});

test('the creation of a group is not repeated', async () => {
  answers.createGroup = busy();
  await assert.rejects(groups.create('Climbing', []), { code: 'unavailable' });
  await clock.pass(60_000);
  assert.equal(asked.length, 1);
});

test('a change whose outcome is unknown is repeated, and given up after some attempts', async () => {
  let tries = 0;
  answers.patchGroup = () => ((tries += 1) === 1 ? busy() : group('Bouldering', [ME, 'owner']));
  const renamed = groups.rename(GROUP, 'Bouldering');
  await clock.pass(10_000);
  await renamed;
  assert.equal(groups.get(GROUP).name, 'Bouldering');
  answers.putMember = busy();
  const rejected = assert.rejects(groups.putMember(GROUP, 'usr_joan'), { code: 'unavailable' });
  await clock.pass(60_000);
  await rejected;
});

test('a repeated removal succeeds with `not_found`; a first one fails', async () => {
  let tries = 0;
  answers.removeMember = () => ((tries += 1) === 1 ? busy() : new ConfabError('not_found', 'no such member'));
  const removal = groups.removeMember(GROUP, 'usr_bob');
  await clock.pass(10_000);
  await removal;
  await assert.rejects(groups.removeMember(GROUP, 'usr_bob'), { code: 'not_found' });
});

test('leaving and deleting end the membership without waiting for the log', async () => {
  chats.offer(entry(1));
  await groups.leave(GROUP);
  assert.deepEqual(asked.at(-1), ['removeMember', GROUP, ME]);
  assert.deepEqual([chats.get(GROUP).listed, chats.get(GROUP).left.reason], [false, 'left']);
});

test('a refused change changes nothing', async () => {
  chats.offer(entry(1));
  answers.removeMember = new ConfabError('forbidden', 'Name another owner first.');
  await assert.rejects(groups.leave(GROUP), { message: 'Name another owner first.' });
  assert.equal(chats.get(GROUP).left, null);
});

test('a user who has left lets others add them again, which is stored until they are back', async () => {
  const store = new MemoryStore();
  chats = new Chats({ user: ME, store });
  groups = new Groups({ user: ME, http: { patchConversation: async (...args) => asked.push(args) }, chats, alarms: clock, onRefused: () => {} });
  chats.offer(entry(1));
  chats.offer(removed(2, ME, ME));
  const chat = chats.get(GROUP);
  await groups.acceptAdds(GROUP);
  assert.deepEqual(asked, [[GROUP, { accept_adds: true }]]);
  assert.deepEqual(chat.left, { reason: 'left', seq: 2, accepts_adds: true });
  const later = new Chats({ user: ME, store });
  await settled();
  await later.load();
  assert.equal(later.get(GROUP).left.accepts_adds, true);
  chats.offer(entry(3, { kind: 'member_added', mentions: [ME] }));
  chats.offer(removed(4, ME, ME));
  assert.deepEqual(chat.left, { reason: 'left', seq: 4 });
});

test('a refused permission to be added again changes nothing', async () => {
  chats.offer(entry(1));
  chats.offer(removed(2, ME, ME));
  answers.patchConversation = new ConfabError('forbidden', 'no');
  await assert.rejects(groups.acceptAdds(GROUP), { code: 'forbidden' });
  assert.equal(chats.get(GROUP).left.accepts_adds, undefined);
});
