import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { ConfabHttp } from '../confab/http.js';

const PASSWORDS = { old_password: 'correct horse', new_password: 'battery staple' };
let server;
let session;
let queue;

/** The tokens of one login, as the server checks them. */
class FakeLogin {
  generation = 1;
  /** The attempt id of the refresh that created the generation. */
  madeBy = undefined;
  password = PASSWORDS.old_password;
  ended = false;
  calls = [];
  /** Paths whose next answer is lost after the call took effect. */
  lost = [];

  session(generation = this.generation) {
    return { user: 'usr_1', device: 'dev_1', access_token: `a${generation}`, refresh_token: `r${generation}`, expires_in_seconds: 3_600 };
  }

  fetch = async (path, { headers, body }) => {
    const token = headers.Authorization?.slice('Bearer '.length);
    const [status, answer] = this.#answer(path, token, body && JSON.parse(body));
    this.calls.push(`${path} ${status}`);
    if (this.lost[0] === path) {
      this.lost.shift();
      throw new TypeError('the answer is lost');
    }
    return new Response(JSON.stringify(answer ?? { error: { code: { 401: 'unauthenticated', 403: 'forbidden', 429: 'rate_limited' }[status], message: 'no' } }), { status });
  };

  #answer(path, token, body) {
    if (path === '/v1/token/refresh') return this.#refresh(body);
    if (this.ended || !token) return [401];
    if (path === '/v1/me') return [200, { user: 'usr_1' }];
    if (this.limited) return [429];
    if (body.old_password !== this.password) return [403];
    this.password = body.new_password;
    this.generation += 1;
    this.madeBy = 'none';
    return [200, this.session()];
  }

  #refresh({ refresh_token, attempt = 'none' }) {
    const generation = Number(refresh_token.slice(1));
    if (generation === this.generation) {
      this.generation += 1;
      this.madeBy = attempt;
    } else if (generation + 1 !== this.generation || attempt !== this.madeBy) {
      this.ended = true;
    }
    return this.ended ? [401] : [200, this.session()];
  }
}

beforeEach(() => {
  server = new FakeLogin();
  session = { ...server.session(), login: 'first', life_ms: 3_600_000, expires_at_ms: Date.now() + 3_600_000 };
  queue = Promise.resolve();
});

const credentials = {
  load: async () => session,
  save: async (fresh) => {
    session = fresh;
  },
  end: async () => {
    session = null;
    return true;
  },
  exclusively: (work) => {
    queue = queue.then(work, work);
    return queue;
  },
};

const open = () => new ConfabHttp({ credentials, fetch: server.fetch });
const expire = () => Object.assign(session, { expires_at_ms: 0 });

test('a changed password gives the page tokens of the next generation, of the same login', async () => {
  const http = open();
  await http.changePassword(PASSWORDS);
  assert.deepEqual([session.access_token, session.refresh_token, session.login, http.currentLogin], ['a2', 'r2', 'first', 'first']);
  expire();
  await open().me();
  assert.deepEqual([session.access_token, server.ended], ['a3', false]);
});

test('a wrong old password leaves everything as it was', async () => {
  const before = structuredClone(session);
  await assert.rejects(open().changePassword({ ...PASSWORDS, old_password: 'wrong' }), { code: 'forbidden' });
  assert.deepEqual([session, server.calls], [before, ['/v1/me/password 403']]);
});

test('a change whose answer is lost does not log the user out, also not after a reload', async () => {
  server.lost = ['/v1/me/password'];
  await assert.rejects(open().changePassword(PASSWORDS), { code: 'network' });
  expire();
  await open().me();
  assert.deepEqual([session.access_token, session.login, server.ended], ['a2', 'first', false]);
});

test('a repeated change after a lost answer uses the newest tokens', async () => {
  server.lost = ['/v1/me/password'];
  const http = open();
  await assert.rejects(http.changePassword(PASSWORDS), { code: 'network' });
  await assert.rejects(http.changePassword(PASSWORDS), { code: 'forbidden' });
  await http.changePassword({ old_password: PASSWORDS.new_password, new_password: 'a third one' });
  assert.deepEqual([server.ended, session.access_token, server.password], [false, 'a3', 'a third one']);
});

test('the login continues whichever answers are lost before, of and after a change', async () => {
  const paths = ['/v1/token/refresh', '/v1/me/password'];
  for (let lost = 0; lost < 3 ** 4; lost += 1) {
    server = new FakeLogin();
    session = { ...server.session(), login: 'first', life_ms: 3_600_000, expires_at_ms: Date.now() + 3_600_000 };
    server.lost = [0, 1, 2, 3].map((digit) => paths[Math.floor(lost / 3 ** digit) % 3]).filter(Boolean);
    for (const step of ['expire', 'change', 'expire', 'reload', 'change', 'reload', 'change', 'expire', 'reload', 'reload', 'reload', 'reload', 'reload']) {
      if (step === 'expire') expire();
      else if (step === 'reload') await open().me().catch(() => {});
      else await open().changePassword({ old_password: server.password, new_password: `password ${server.generation}` }).catch(() => {});
      assert.ok(!server.ended && session, `${lost}: ended at ${step}`);
    }
    server.lost = [];
    await open().me();
    assert.equal(session.access_token, `a${server.generation}`, `${lost}`);
  }
});

test('a refused access token is renewed, and the change is made with the new one', async () => {
  const { fetch } = server;
  let refusals = 1;
  server.fetch = (path, options) => (path === '/v1/me/password' && refusals-- > 0 ? Promise.resolve(new Response('{"error":{"code":"unauthenticated","message":""}}', { status: 401 })) : fetch(path, options));
  await open().changePassword(PASSWORDS);
  assert.deepEqual([session.access_token, server.password], ['a3', PASSWORDS.new_password]);
});

test('a `rate_limited` change is not made, and the tokens keep their attempt id', async () => {
  server.limited = true;
  await assert.rejects(open().changePassword(PASSWORDS), { code: 'rate_limited' });
  assert.equal(session.attempt, undefined);
});

test('no window renews tokens while the password is changed', async () => {
  expire();
  const [first, second] = [open(), open()];
  await Promise.all([first.changePassword(PASSWORDS), second.me()]);
  assert.deepEqual([server.ended, server.calls.filter((call) => call.startsWith('/v1/token')).length], [false, 1]);
});

test('a change with a login that has ended ends the session', async () => {
  server.ended = true;
  await assert.rejects(open().changePassword(PASSWORDS), { code: 'session_ended' });
  assert.equal(session, null);
});
