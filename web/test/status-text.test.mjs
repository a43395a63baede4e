import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statusText } from '../app/presence.js';

const NOON = new Date(2026, 2, 10, 12).getTime();

test('a status has a text, and an unknown one has none', () => {
  assert.equal(statusText({ status: 'online', last_active_at_ms: NOON }, NOON), 'online');
  assert.equal(statusText({ status: 'offline', last_active_at_ms: NOON - 5 * 60_000 }, NOON), 'last active 5 minutes ago');
  assert.equal(statusText({ status: 'offline' }, NOON), '');
  assert.equal(statusText(null, NOON), '');
});
