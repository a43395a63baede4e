import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemOf } from '../app/words.js';
import { ConfabError } from '../confab/errors.js';

const CODES = ['forbidden', 'not_found', 'conflict', 'group_full', 'rate_limited', 'unavailable', 'internal', 'network', 'timeout'];

test('problems are shown in sentences that say what to do, without the server’s words', () => {
  for (const code of CODES) {
    const words = problemOf(new ConfabError(code, 'user_id: internal words'));
    assert.match(words, /^[A-Z].+\.$/, code);
    assert.doesNotMatch(words, /internal words/, code);
  }
});

for (const [retry_after_ms, words] of [
  [undefined, 'in a moment'],
  [900, 'in a moment'],
  [1_500, 'in 2 seconds'],
  [60_000, 'in 1 minute'],
  [61_000, 'in 2 minutes'],
  [3_600_000, 'in 1 hour'],
]) {
  test(`after a limit of ${retry_after_ms} ms the sentence says to try again ${words}`, () => {
    assert.ok(problemOf(new ConfabError('rate_limited', '', { retry_after_ms })).endsWith(`Try again ${words}.`));
  });
}

test('a special sentence takes precedence for its code, and an error without a code keeps its message', () => {
  assert.equal(problemOf(new ConfabError('forbidden', ''), { forbidden: 'You are the only owner.' }), 'You are the only owner.');
  assert.equal(problemOf(new Error('That’s your own handle.')), 'That’s your own handle.');
  assert.equal(problemOf({}), 'Something went wrong. Try again.');
});
