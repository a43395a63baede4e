import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { ConfabHttp } from '../confab/http.js';
import { ManualClock } from './manual-clock.mjs';

let session;
let calls;
let answers;
let queue;

beforeEach(() => {
  session = { access_token: 'a1', refresh_token: 'r1', life_ms: 900_000, expires_at_ms: Date.now() + 900_000 };
  calls = [];
  queue = Promise.resolve();
  answers = {
    '/v1/me': ({ token }) => (token === session?.access_token ? [200, { user: 'usr_1' }] : [401, refusal('unauthenticated')]),
    '/v1/token/refresh': () => [200, { access_token: 'a2', refresh_token: 'r2', expires_in_seconds: 900 }],
  };
});

const refusal = (code, more) => ({ error: { code, message: 'a sentence', ...more } });

const credentials = {
  load: () => session,
  save: (fresh) => {
    session = fresh;
  },
  end: () => {
    session = null;
    return true;
  },
  exclusively: (work) => {
    queue = queue.then(work, work);
    return queue;
  },
};

async function fetch(path, { headers, body }) {
  calls.push(path);
  const [status, answer] = answers[path]({ token: headers.Authorization?.slice(7), body: body && JSON.parse(body) });
  return new Response(JSON.stringify(answer), { status });
}

const open = () => new ConfabHttp({ credentials, fetch });

test('a token about to end is renewed first', async () => {
  session.expires_at_ms = Date.now() + 20_000;
  await open().me();
  assert.deepEqual(calls, ['/v1/token/refresh', '/v1/me']);
});

test('a refused token is renewed once and the call repeated', async () => {
  const refused = session.access_token;
  answers['/v1/me'] = ({ token }) => (token === refused ? [401, refusal('unauthenticated')] : [200, {}]);
  await open().me();
  assert.deepEqual(calls, ['/v1/me', '/v1/token/refresh', '/v1/me']);
});

test('windows that share a session renew it once', async () => {
  session.expires_at_ms = 0;
  await Promise.all([open().me(), open().me(), open().me()]);
  assert.equal(calls.filter((path) => path === '/v1/token/refresh').length, 1);
});

test('a refused refresh ends the session', async () => {
  session.expires_at_ms = 0;
  answers['/v1/token/refresh'] = () => [401, refusal('unauthenticated')];
  await assert.rejects(open().me(), { code: 'session_ended' });
  assert.equal(session, null);
});

test('a refresh with a temporary failure keeps the session', async () => {
  session.expires_at_ms = 0;
  answers['/v1/token/refresh'] = () => [503, refusal('unavailable')];
  await assert.rejects(open().me(), { code: 'unavailable' });
  assert.equal(session.refresh_token, 'r1');
});

test('errors carry code, status and wait', async () => {
  answers['/v1/me'] = () => [429, refusal('rate_limited', { retry_after_ms: 1_500 })];
  await assert.rejects(open().me(), { code: 'rate_limited', status: 429, retry_after_ms: 1_500, message: 'a sentence' });
});

test('a missing answer is a network error', async () => {
  const http = new ConfabHttp({ credentials, fetch: () => Promise.reject(new TypeError('failed')) });
  await assert.rejects(http.me(), { code: 'network', status: 0 });
});

test('the chat list is read to its last page', async () => {
  answers['/v1/conversations'] = () => [200, { conversations: [1], next: 'x y' }];
  answers['/v1/conversations?cursor=x%20y'] = () => [200, { conversations: [2] }];
  assert.deepEqual(await open().conversations(), [1, 2]);
});

test('a `rate_limited` call is repeated after the wait that the server asks for', async () => {
  const clock = new ManualClock();
  const limits = [1_500, 2_500];
  answers['/v1/me'] = () => (limits.length ? [429, refusal('rate_limited', { retry_after_ms: limits.shift() })] : [200, { user: 'usr_1' }]);
  const answer = new ConfabHttp({ credentials, fetch, alarms: clock }).me();
  await clock.pass(1_400);
  assert.equal(calls.length, 1);
  await clock.pass(2_000);
  assert.equal(calls.length, 2);
  await clock.pass(2_000);
  assert.equal((await answer).user, 'usr_1');
});

test('a long wait is thrown to the caller, and so is a repeated short one', async () => {
  const clock = new ManualClock();
  answers['/v1/me'] = () => [429, refusal('rate_limited', { retry_after_ms: 60_000 })];
  await assert.rejects(new ConfabHttp({ credentials, fetch, alarms: clock }).me(), { code: 'rate_limited', retry_after_ms: 60_000 });
  assert.equal(calls.length, 1);
  answers['/v1/me'] = () => [429, refusal('rate_limited', { retry_after_ms: 100 })];
  const refused = assert.rejects(new ConfabHttp({ credentials, fetch, alarms: clock }).me(), { code: 'rate_limited' });
  await clock.pass(60_000);
  await refused;
  assert.equal(calls.length, 5);
});

test('a renewed session keeps the name of its login', async () => {
  Object.assign(session, { expires_at_ms: 0, login: 'first' });
  const http = open();
  await http.me();
  assert.deepEqual([session.access_token, session.login, http.currentLogin], ['a2', 'first', 'first']);
});

test('a refresh whose answer is lost is repeated with the same attempt id, also after a reload', async () => {
  session.expires_at_ms = 0;
  const attempts = [];
  const { '/v1/token/refresh': refresh } = answers;
  answers['/v1/token/refresh'] = ({ body }) => {
    attempts.push(body);
    throw new TypeError('the answer is lost');
  };
  const http = open();
  await assert.rejects(http.me(), { code: 'network' });
  await assert.rejects(http.me(), { code: 'network' });
  await assert.rejects(open().me(), { code: 'network' });
  assert.equal(typeof attempts[0].attempt, 'string');
  assert.deepEqual(attempts, Array(3).fill({ refresh_token: 'r1', attempt: attempts[0].attempt }));
  answers['/v1/token/refresh'] = ({ body }) => {
    attempts.push(body);
    return refresh();
  };
  await open().me();
  session.expires_at_ms = 0;
  await open().me();
  assert.equal(attempts[3].attempt, attempts[0].attempt);
  assert.equal(attempts[4].refresh_token, 'r2');
  assert.notEqual(attempts[4].attempt, attempts[0].attempt, 'another refresh has another attempt id');
});

test('a session that cannot be stored is still renewed', async () => {
  session.expires_at_ms = 0;
  const { save } = credentials;
  const saves = [() => Promise.reject(new DOMException('full', 'QuotaExceededError')), save];
  const http = new ConfabHttp({ credentials: { ...credentials, save: (fresh) => saves.shift()(fresh) }, fetch });
  await http.me();
  assert.equal(session.access_token, 'a2');
});
