import assert from 'node:assert/strict';
import { test } from 'node:test';
import { phraseOf, phraseText } from '../app/system-entry.js';

const NAMES = { ada: 'Ada', bob: 'Bob', joan: 'Joan' };
const reader = { user: 'me', nameOf: (user) => NAMES[user] ?? '…' };
const say = (kind, sender, mentions, text) => phraseText(phraseOf({ kind, sender, mentions, text }, reader));

for (const [entry, sentence] of [
  [['group_created', 'ada', ['me', 'bob'], 'Climbing'], 'Ada created the group “Climbing”'],
  [['group_created', 'me', [], 'Climbing'], 'You created the group “Climbing”'],
  [['member_added', 'ada', ['bob']], 'Ada added Bob'],
  [['member_added', 'ada', ['bob', 'me', 'joan']], 'Ada added Bob, you and Joan'],
  [['member_added', 'me', ['bob']], 'You added Bob'],
  [['member_added', 'bob', ['bob']], 'Bob joined'],
  [['member_removed', 'ada', ['bob']], 'Ada removed Bob'],
  [['member_removed', 'ada', ['me']], 'Ada removed you'],
  [['member_removed', 'bob', ['bob']], 'Bob left'],
  [['member_removed', 'me', ['me']], 'You left'],
  [['role_changed', 'ada', ['bob'], 'admin'], 'Ada made Bob an admin'],
  [['role_changed', 'ada', ['me'], 'owner'], 'Ada made you an owner'],
  [['role_changed', 'bob', ['bob'], 'member'], 'Bob is now a member'],
  [['role_changed', 'me', ['me'], 'admin'], 'You are now an admin'],
  [['group_renamed', 'me', undefined, 'Bouldering'], 'You renamed the group to “Bouldering”'],
  [['group_deleted', 'ada'], 'Ada deleted the group'],
  [['member_added', 'ada', ['a stranger']], 'Ada added …'],
]) {
  test(sentence, () => assert.equal(say(...entry), sentence));
}

const NEUTRAL = 'Something has changed in this chat';

for (const [what, entry] of [
  ['a kind that is not known', ['moon_rose', 'ada', ['bob'], 'full']],
  ['a kind that is a property of every object', ['constructor', 'ada', ['bob'], 'x']],
  ['a role that is not known', ['role_changed', 'ada', ['bob'], 'toString']],
  ['a change that names nobody', ['member_added', 'ada']],
  ['a new name that is missing', ['group_renamed', 'ada', []]],
]) {
  test(`${what} is shown without detail`, () => assert.equal(say(...entry), NEUTRAL));
}

test('names are separate parts of a phrase', () => {
  const phrase = phraseOf({ kind: 'member_removed', sender: 'ada', mentions: ['bob'] }, reader);
  assert.deepEqual(phrase, [{ name: 'Ada' }, { text: ' removed ' }, { name: 'Bob' }]);
});
