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
/** The server's lists. */
let lists;
/** Errors of the next calls, in order. */
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

test('the list contains profiles and presence', async () => {
  lists = { ...lists, contacts: [contact('ada')], requests: [profile('bob')], requested: [profile('joan')] };
  await contacts.refresh();
  assert.deepEqual(contacts.friends, [profile('ada')]);
  assert.equal(presence.get('usr_ada').status, 'online');
  assert.equal(profiles.get('usr_bob').display_name, 'BOB');
  assert.ok(contacts.loaded);
});

test('a friend without a time is offline without a last time', async () => {
  lists.contacts = [{ ...profile('ada'), status: 'offline' }];
  await contacts.refresh();
  assert.deepEqual(presence.get('usr_ada'), { status: 'offline' });
});

test('another user has one relation to the user, and `blocked` takes precedence', async () => {
  lists = { contacts: [contact('ada')], requests: [profile('bob')], requested: [profile('joan')], blocks: [{ ...profile('mallory'), blocked_at_ms: 1 }] };
  await contacts.refreshAll();
  const relations = ['ada', 'bob', 'joan', 'mallory', 'alan'].map((name) => contacts.relationTo(`usr_${name}`));
  assert.deepEqual(relations, ['friend', 'request', 'requested', 'blocked', 'none']);
});

test('after a change the lists and the other user’s presence are loaded', async () => {
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

test('a change whose outcome is unknown is repeated; a refused one is not', async () => {
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

test('a list that could not be loaded has an error, and keeps its content', async () => {
  lists.contacts = [contact('ada')];
  await contacts.refresh();
  troubles = [new ConfabError('network', 'The server cannot be reached.')];
  await contacts.refresh();
  assert.equal(contacts.error.code, 'network');
  assert.equal(contacts.friends.length, 1);
  await contacts.refresh();
  assert.equal(contacts.error, null);
});

test('a change by another user loads the lists, repeatedly while the server is busy', async () => {
  troubles = [new ConfabError('unavailable', '')];
  lists.requests = [profile('bob')];
  await contacts.changed();
  assert.equal(contacts.error.code, 'unavailable');
  await clock.pass(5_000);
  assert.deepEqual([contacts.relationTo('usr_bob'), names().length], ['request', 2]);
});

test('many concurrent changes by other users load the lists at most twice', async () => {
  await Promise.all(Array.from({ length: 20 }, () => contacts.changed()));
  assert.ok(names().length <= 2, names().join());
});

test('a new name is taken from the event, and an unknown user’s profile is requested', async () => {
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

test('all pages form one list, also with empty pages', async () => {
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
