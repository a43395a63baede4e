import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dmOf, peerOf } from '../confab/ids.js';

const a = 'usr_01ARZ3NDEKTSV4RRFFQ69G5FAV';
const b = 'usr_01BX5ZZKBKACTAV9WEVGEMMVRZ';

test('both users compute the same conversation', () => {
  assert.equal(dmOf(a, b), 'dm_01ARZ3NDEKTSV4RRFFQ69G5FAV_01BX5ZZKBKACTAV9WEVGEMMVRZ');
  assert.equal(dmOf(b, a), dmOf(a, b));
});

test('the peer is the other one', () => {
  assert.equal(peerOf(dmOf(a, b), a), b);
  assert.equal(peerOf(dmOf(a, b), b), a);
});

test('a group, or a conversation of others, has no peer', () => {
  assert.equal(peerOf('grp_01ARZ3NDEKTSV4RRFFQ69G5FAV', a), null);
  assert.equal(peerOf(dmOf(a, b), 'usr_01CZ5ZZKBKACTAV9WEVGEMMVRZ'), null);
});
