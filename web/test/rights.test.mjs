import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inOrder, mayRemove, rolesToGive, runsGroup } from '../app/rights.js';

const of = (role, more) => ({ role, isSelf: false, owners: 1, ...more });

test('owners and admins run a group', () => {
  assert.deepEqual(['owner', 'admin', 'member', null].map(runsGroup), [true, true, false, false]);
});

test('only owners give roles', () => {
  assert.deepEqual(rolesToGive('owner', of('member')), ['owner', 'admin']);
  for (const role of ['admin', 'member', null]) assert.deepEqual(rolesToGive(role, of('member')), []);
});

test('the last owner cannot give the role up', () => {
  assert.deepEqual(rolesToGive('owner', of('owner', { isSelf: true })), []);
  assert.deepEqual(rolesToGive('owner', of('owner', { isSelf: true, owners: 2 })), ['admin', 'member']);
});

test('owners can remove all others, admins only members, and nobody can remove themselves', () => {
  const removable = (own, more) => ['owner', 'admin', 'member'].filter((role) => mayRemove(own, of(role, more)));
  assert.deepEqual(removable('owner'), ['owner', 'admin', 'member']);
  assert.deepEqual(removable('admin'), ['member']);
  assert.deepEqual(removable('member'), []);
  assert.deepEqual(removable('owner', { isSelf: true }), []);
});

test('members are sorted by role, then by the time of joining', () => {
  const member = (user, role, joined_at_ms) => ({ user, role, joined_at_ms });
  const members = [member('d', 'member', 2), member('c', 'member', 1), member('e', 'wizard', 0), member('b', 'admin', 9), member('a', 'owner', 9)];
  assert.deepEqual(inOrder(members).map(({ user }) => user), ['a', 'b', 'c', 'd', 'e']);
});
