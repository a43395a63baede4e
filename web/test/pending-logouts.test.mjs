import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Accounts } from '../confab/accounts.js';
import { ConfabClient } from '../confab/client.js';
import { MemoryStore } from '../confab/memory-store.js';
import { PendingLogouts } from '../confab/pending-logouts.js';
import { SessionStore } from '../confab/session-store.js';
import { ManualClock, settled } from './manual-clock.mjs';

let clock;
let kept;
let calls;
let answers;
let bodies;

const session = (more) => ({ user: 'usr_1', device: 'dev_1', access_token: 'a1', refresh_token: 'r1', life_ms: 3_600_000, expires_at_ms: Date.now() + 3_600_000, ...more });

async function fetch(path, { headers, body: sent }) {
  calls.push([path, headers.Authorization?.slice('Bearer '.length)]);
  if (path === '/v1/logout') bodies.push(sent && JSON.parse(sent));
  const answer = answers[path]();
  if (answer === 'offline') throw new TypeError('failed');
  const [status, body] = answer;
  return new Response(status === 204 ? null : JSON.stringify(body ?? { error: { code: status === 401 ? 'unauthenticated' : 'unavailable', message: '' } }), { status });
}

const page = () => new PendingLogouts({ fetch, sessions: kept, alarms: clock, random: () => 1 });
const pending = async () => (await kept.all()).map(({ device }) => device);

beforeEach(() => {
  clock = new ManualClock();
  kept = new SessionStore({ database: 'pending', key: 'device' });
  calls = [];
  bodies = [];
  answers = { '/v1/logout': () => [204], '/v1/token/refresh': () => [401] };
});

test('a confirmed logout is no longer kept', async () => {
  await kept.save(session());
  const logouts = page();
  await logouts.settle();
  assert.deepEqual(calls, [['/v1/logout', 'a1']]);
  assert.deepEqual(await pending(), []);
  assert.equal(logouts.late, null);
});

for (const [what, answer] of [['no network', 'offline'], ['a busy server', [503]]]) {
  test(`with ${what} the tokens are kept, and the next page sends the logout`, async () => {
    await kept.save(session());
    answers['/v1/logout'] = () => answer;
    const logouts = page();
    await logouts.settle();
    assert.equal(logouts.late, 'here');
    assert.deepEqual(await pending(), ['dev_1']);
    answers['/v1/logout'] = () => [204];
    await page().start();
    assert.deepEqual(await pending(), []);
  });
}

test('a logout everywhere stays one, also when its tokens are renewed before it is sent', async () => {
  await kept.save(session({ expires_at_ms: 0, everywhere: true }));
  answers['/v1/token/refresh'] = () => [200, { user: 'usr_1', device: 'dev_1', access_token: 'a2', refresh_token: 'r2', expires_in_seconds: 3600 }];
  answers['/v1/logout'] = () => [503];
  const logouts = page();
  await logouts.settle();
  assert.equal(logouts.late, 'everywhere');
  answers['/v1/logout'] = () => [204];
  await page().start();
  assert.deepEqual([await pending(), bodies], [[], [{ everywhere: true }, { everywhere: true }]]);
});

test('an open page retries by itself', async () => {
  await kept.save(session());
  answers['/v1/logout'] = () => [503];
  const logouts = page();
  await logouts.settle();
  answers['/v1/logout'] = () => [204];
  await clock.pass(1_000);
  assert.deepEqual(await pending(), []);
  assert.equal(logouts.late, null);
});

test('an `online` event causes a retry', async () => {
  let online;
  globalThis.addEventListener = (type, listener) => (online = type === 'online' ? listener : online);
  await kept.save(session());
  answers['/v1/logout'] = () => 'offline';
  await page().start();
  delete globalThis.addEventListener;
  answers['/v1/logout'] = () => [204];
  await online();
  assert.deepEqual(await pending(), []);
});

test('a login that the server no longer has is no longer kept', async () => {
  await kept.save(session());
  answers['/v1/logout'] = () => [401];
  const logouts = page();
  await logouts.settle();
  assert.deepEqual(await pending(), []);
  assert.equal(logouts.late, null);
});

test('an expired access token is renewed first, and the new tokens are kept', async () => {
  await kept.save(session({ expires_at_ms: 0 }));
  answers['/v1/token/refresh'] = () => [200, { user: 'usr_1', device: 'dev_1', access_token: 'a2', refresh_token: 'r2', expires_in_seconds: 3600 }];
  answers['/v1/logout'] = () => [503];
  await page().settle();
  assert.equal((await kept.load('dev_1')).refresh_token, 'r2');
  assert.deepEqual(calls.at(-1), ['/v1/logout', 'a2']);
});

test('a login that cannot be ended does not prevent the end of another', async () => {
  await kept.save(session());
  await kept.save(session({ device: 'dev_2' }));
  answers['/v1/logout'] = () => (calls.length === 1 ? [503] : [204]);
  await page().settle();
  assert.deepEqual(await pending(), ['dev_1']);
});

for (const [late, where] of [['here', undefined], ['everywhere', { everywhere: true }]]) {
  test(`a client that logs out ${late} without a network is logged out immediately, and keeps a pending logout`, async () => {
    answers['/v1/logout'] = () => 'offline';
    const pendingLogouts = page();
    const accounts = new Accounts({ local: storage(), perWindow: storage(), pendingLogouts });
    await accounts.logIn(session(), { handle: 'ada' });
    const client = new ConfabClient({ user: 'usr_1', credentials: accounts.credentials('usr_1'), store: new MemoryStore() });
    const reasons = [];
    client.addEventListener('ended', ({ detail }) => {
      reasons.push(detail.reason);
      accounts.forget('usr_1');
    });
    await client.logout(where);
    await settled();
    assert.deepEqual(reasons, ['logout']);
    assert.equal(await accounts.sessions.load('usr_1'), null);
    assert.deepEqual(await pending(), ['dev_1']);
    assert.equal(pendingLogouts.late, late);
    assert.deepEqual(bodies, [where]);
  });
}

function storage() {
  const items = new Map();
  return {
    get length() {
      return items.size;
    },
    key: (index) => [...items.keys()][index],
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => items.set(key, value),
    removeItem: (key) => items.delete(key),
  };
}
