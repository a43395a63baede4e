import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Drafts } from '../app/drafts.js';

class FakeStorage {
  #items = new Map();
  full = false;

  get length() {
    return this.#items.size;
  }

  key(index) {
    return [...this.#items.keys()][index] ?? null;
  }

  getItem(key) {
    return this.#items.get(key) ?? null;
  }

  setItem(key, value) {
    if (this.full) throw new DOMException('full', 'QuotaExceededError');
    this.#items.set(key, value);
  }

  removeItem(key) {
    this.#items.delete(key);
  }
}

test('a draft is kept per conversation and account, and all drafts of an account are deleted together', () => {
  const storage = new FakeStorage();
  const [ada, bob] = ['usr_a', 'usr_b'].map((user) => new Drafts(user, { storage, target: new EventTarget() }));
  for (const conversation of ['dm_1', 'dm_2', 'grp_1']) ada.set(conversation, `to ${conversation}`);
  bob.set('dm_1', 'Bob’s');
  storage.setItem('confab.account.usr_a', 'stays');
  assert.deepEqual([ada.get('dm_1'), ada.get('grp_1'), bob.get('dm_1'), bob.get('dm_2')], ['to dm_1', 'to grp_1', 'Bob’s', '']);
  ada.set('dm_2', '');
  assert.equal(ada.get('dm_2'), '');
  ada.clear();
  assert.deepEqual([ada.get('dm_1'), ada.get('grp_1'), bob.get('dm_1'), storage.length], ['', '', 'Bob’s', 2]);
});

test('a draft that does not fit is not kept, and nothing fails', () => {
  const storage = new FakeStorage();
  const drafts = new Drafts('usr_a', { storage, target: new EventTarget() });
  storage.full = true;
  drafts.set('dm_1', 'long');
  assert.equal(drafts.get('dm_1'), '');
});

test('changes of another window are reported, for this account only and until the disposal', () => {
  const target = new EventTarget();
  const drafts = new Drafts('usr_a', { storage: new FakeStorage(), target });
  const changes = [];
  drafts.addEventListener('change', ({ detail }) => changes.push(detail));
  const change = (key, oldValue, newValue) => target.dispatchEvent(Object.assign(new Event('storage'), { key, oldValue, newValue }));
  change('confab.draft.usr_a.dm_1', 'sent', null);
  change('confab.draft.usr_b.dm_1', null, 'not ours');
  change(null, null, null);
  drafts.dispose();
  change('confab.draft.usr_a.dm_1', null, 'late');
  assert.deepEqual(changes, [{ conversation: 'dm_1', before: 'sent', draft: '' }]);
});
