import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BACKOFF_BASE_MS, BACKOFF_MAX_MS, backoffMs } from '../confab/backoff.js';

test('the ceiling doubles with each failure up to its maximum', () => {
  const ceilings = [1, 2, 3, 4, 5, 6, 7, 50].map((failures) => backoffMs(failures, () => 1));
  assert.deepEqual(ceilings, [500, 1000, 2000, 4000, 8000, 16_000, 20_000, 20_000]);
  assert.equal(ceilings[0], BACKOFF_BASE_MS);
  assert.equal(ceilings.at(-1), BACKOFF_MAX_MS);
});

test('the jitter is full: a wait can be as short as nothing', () => {
  assert.equal(backoffMs(9, () => 0), 0);
});
