import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signUp } from '../app/sign-up.js';

const refusal = (code) => Object.assign(new Error(code), { code });
const SESSION = { user: 'usr_1' };

/** A server that gives these answers to signups, and a session to a login. */
function server(...codes) {
  const asked = [];
  return {
    asked,
    signup: async () => {
      asked.push('signup');
      throw refusal(codes.shift());
    },
    login: async () => {
      asked.push('login');
      return SESSION;
    },
  };
}

for (const [second, form] of [['conflict', {}], ['conflict', { invite: 'i' }], ['forbidden', { invite: 'i' }]]) {
  test(`a signup whose answer was lost, and whose repetition is ${second}, becomes a login`, async () => {
    const http = server('unavailable', second);
    assert.equal(await signUp(http, form), SESSION);
    assert.deepEqual(http.asked, ['signup', 'signup', 'login']);
  });
}

test('a refusal of the first attempt, or of a server without signup, leads to no login', async () => {
  for (const [codes, form] of [[['conflict'], {}], [['forbidden'], { invite: 'i' }], [['unavailable', 'forbidden'], {}]]) {
    const http = server(...codes);
    const code = codes.at(-1);
    await assert.rejects(signUp(http, form), { code });
    assert.ok(!http.asked.includes('login'), codes.join());
  }
});
