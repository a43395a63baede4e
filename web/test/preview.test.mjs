import assert from 'node:assert/strict';
import { test } from 'node:test';
import { phraseText } from '../app/system-entry.js';
import { messagePreviewOf, previewOf } from '../app/preview.js';

const ADA = 'usr_00000000000000000000000001';
const BOB = 'usr_00000000000000000000000002';

test('a notification has the message, even while its sender still counts as typing', () => {
  const client = {
    user: ADA,
    typing: { in: () => [BOB] },
    contacts: { get: () => null },
    profiles: { get: () => ({ display_name: 'Bob' }) },
    groups: { get: () => null },
  };
  const chat = { conversation: 'dm_1', kind: 'dm', last_message: { kind: 'text', sender: BOB, text: 'see\nyou' } };
  assert.equal(phraseText(messagePreviewOf(client, chat)), 'see you');
  assert.match(phraseText(previewOf(client, chat, null)), /typing/u);
});
