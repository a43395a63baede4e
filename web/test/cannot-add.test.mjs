import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cannotAddText } from '../app/cannot-add.js';
import { ConfabError } from '../confab/errors.js';
import { isolated } from '../app/names.js';

const NAMES = { usr_1: 'Ada', usr_2: 'Bob', usr_3: 'Joan' };
const say = (users, code = 'forbidden') => cannotAddText(new ConfabError(code, 'no', { users }), (user) => NAMES[user]);
const [ada, bob, joan] = Object.values(NAMES).map(isolated);

test('all users who cannot be added are named', () => {
  assert.equal(say(['usr_1']), `${ada} can’t be added by you`);
  assert.equal(say(['usr_1', 'usr_2']), `${ada} and ${bob} can’t be added by you`);
  assert.equal(say(['usr_1', 'usr_2', 'usr_3']), `${ada}, ${bob} and ${joan} can’t be added by you`);
});

test('a refusal that names no users gives no text', () => {
  assert.deepEqual([say(undefined), say([]), say(['usr_1'], 'conflict')], [null, null, null]);
});
