import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Contacts } from '../confab/contacts.js';
import { ConfabError } from '../confab/errors.js';
import { ConfabHttp } from '../confab/http.js';
import { MemoryStore } from '../confab/memory-store.js';
import { Presence } from '../confab/presence.js';
import { Profiles } from '../confab/profiles.js';
import { FakeConnection } from './fake-connection.mjs';
import { ManualClock, settled } from './manual-clock.mjs';

const profile = (name) => ({ user: `usr_${name}`, handle: name, display_name: name.toUpperCase() });
const contact = (name, status = 'online') => ({ ...profile(name), status, last_active_at_ms: 1_000 });

let clock;
let contacts;
let presence;
let profiles;
let connection;
let asked;
/** What the server's lists hold. */
let lists;
/** Errors that the next calls meet, the first first. */
let troubles;

beforeEach(() => {
  clock = new ManualClock();
  connection = new FakeConnection();
  asked = [];
  troubles = [];
  lists = { contacts: [], requests: [], requested: [], blocks: [] };
  const call = (name, answer) => async (...args) => {
    asked.push([name, ...args]);
    const trouble = troubles.shift();
    if (trouble) throw trouble;
    return answer();
  };
  const http = {
    contacts: call('contacts', () => lists),
    user: call('user', () => profile('new')),
    blocks: call('blocks', () => lists.blocks),
    putContact: call('putContact', () => ({ friends: lists.contacts.length > 0 })),
    deleteContact: call('deleteContact', () => null),
    putBlock: call('putBlock', () => null),
    deleteBlock: call('deleteBlock', () => null),
  };
  presence = new Presence({ user: 'usr_me', connection, people: () => [], alarms: clock });
  profiles = new Profiles({ http, store: new MemoryStore() });
  contacts = new Contacts({ http, profiles, presence, alarms: clock });
});

const names = () => asked.map(([name]) => name);

test('the list brings names and statuses with it', async () => {
  lists = { ...lists, contacts: [contact('ada')], requests: [profile('bob')], requested: [profile('joan')] };
  await contacts.refresh();
  assert.deepEqual(contacts.friends, [profile('ada')]);
  assert.equal(presence.get('usr_ada').status, 'online');
  assert.equal(profiles.get('usr_bob').display_name, 'BOB');
  assert.ok(contacts.loaded);
});

test('a friend of whom nothing is told is offline, since who knows when', async () => {
  lists.contacts = [{ ...profile('ada'), status: 'offline' }];
  await contacts.refresh();
  assert.deepEqual(presence.get('usr_ada'), { status: 'offline' });
});

test('somebody is one thing to the user, and blocked before all', async () => {
  lists = { contacts: [contact('ada')], requests: [profile('bob')], requested: [profile('joan')], blocks: [{ ...profile('mallory'), blocked_at_ms: 1 }] };
  await contacts.refreshAll();
  const relations = ['ada', 'bob', 'joan', 'mallory', 'alan'].map((name) => contacts.relationTo(`usr_${name}`));
  assert.deepEqual(relations, ['friend', 'request', 'requested', 'blocked', 'none']);
});

test('a change is followed by a look at the lists and at the other’s status', async () => {
  let here = 0;
  contacts.addEventListener('changed-here', () => (here += 1));
  lists.contacts = [contact('ada')];
  assert.equal(await contacts.put('usr_ada'), true);
  assert.deepEqual(asked[0], ['putContact', 'usr_ada']);
  assert.deepEqual(names().slice(1).sort(), ['blocks', 'contacts']);
  assert.deepEqual(connection.sent.at(-1).users, ['usr_ada']);
  assert.equal(here, 1);
});

test('removing, blocking and unblocking are one call each', async () => {
  await contacts.remove('usr_ada');
  await contacts.block('usr_ada');
  await contacts.unblock('usr_ada');
  assert.deepEqual(names().filter((name) => name.startsWith('put') || name.startsWith('delete')), ['deleteContact', 'putBlock', 'deleteBlock']);
});

test('a change whose outcome is unknown is made again; a refusal is not', async () => {
  troubles = [new ConfabError('unavailable', '')];
  const put = contacts.put('usr_ada');
  await clock.pass(5_000);
  await put;
  assert.deepEqual(names().slice(0, 2), ['putContact', 'putContact']);
  troubles = [new ConfabError('not_found', 'no such user')];
  await assert.rejects(contacts.put('usr_nobody'), { code: 'not_found' });
});

test('a list that is watched is loaded every minute', async () => {
  const unwatch = contacts.watch();
  await clock.pass(61_000);
  assert.equal(names().filter((name) => name === 'contacts').length, 2);
  unwatch();
  await clock.pass(200_000);
  assert.equal(names().filter((name) => name === 'contacts').length, 2);
});

test('a list that could not be loaded says why, and keeps what it had', async () => {
  lists.contacts = [contact('ada')];
  await contacts.refresh();
  troubles = [new ConfabError('network', 'The server cannot be reached.')];
  await contacts.refresh();
  assert.equal(contacts.error.code, 'network');
  assert.equal(contacts.friends.length, 1);
  await contacts.refresh();
  assert.equal(contacts.error, null);
});

test('a change by another loads the lists, and again where the server is busy', async () => {
  troubles = [new ConfabError('unavailable', '')];
  lists.requests = [profile('bob')];
  await contacts.changed();
  assert.equal(contacts.error.code, 'unavailable');
  await clock.pass(5_000);
  assert.deepEqual([contacts.relationTo('usr_bob'), names().length], ['request', 2]);
});

test('many changes by others at once load the lists twice at most', async () => {
  await Promise.all(Array.from({ length: 20 }, () => contacts.changed()));
  assert.ok(names().length <= 2, names().join());
});

test('a new name is taken from the event, and of somebody unknown the profile is asked for', async () => {
  lists.contacts = [contact('ada')];
  await contacts.refresh();
  profiles.take({ type: 'profile', user: 'usr_ada', display_name: 'Countess', avatar: 'med_1' });
  assert.deepEqual(profiles.get('usr_ada'), { user: 'usr_ada', handle: 'ada', display_name: 'Countess', avatar: 'med_1' });
  profiles.take({ type: 'profile', user: 'usr_ada', display_name: 'Countess' });
  assert.equal(profiles.get('usr_ada').avatar, undefined);
  profiles.take({ type: 'profile', user: 'usr_new', display_name: 'Newcomer' });
  await settled();
  assert.deepEqual(asked.at(-1), ['user', 'usr_new']);
});

test('all pages make one list, empty ones among them', async () => {
  const pages = {
    '/v1/contacts': { contacts: [contact('ada')], requests: [], requested: [], next: 'usr ada' },
    '/v1/contacts?cursor=usr%20ada': { contacts: [], requests: [], requested: [], next: 'usr_b' },
    '/v1/contacts?cursor=usr_b': { contacts: [contact('joan')], requests: [profile('bob')], requested: [] },
  };
  const credentials = { load: async () => ({ access_token: 't', expires_at_ms: Date.now() + 3_600_000, life_ms: 3_600_000 }), exclusively: (work) => work() };
  const http = new ConfabHttp({ credentials, fetch: async (path) => new Response(JSON.stringify(pages[path])) });
  const { contacts: friends, requests, requested } = await http.contacts();
  await settled();
  assert.deepEqual([friends.map(({ handle }) => handle), requests.length, requested.length], [['ada', 'joan'], 1, 0]);
});
