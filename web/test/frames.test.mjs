import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FRAME_BYTES_MAX, fitsFrame, jsonBytes, splitCursors } from '../confab/frames.js';

const dm = (index) => `dm_01ARZ3NDEKTSV4RRFFQ69G5FAV_01BX5ZZKBKACTAV9WEVG${String(index).padStart(6, '0')}`;
const cursorsOf = (count) => Object.fromEntries(Array.from({ length: count }, (_, index) => [dm(index), index]));

test('no cursors still make one sync', () => {
  assert.deepEqual(splitCursors({}), [{}]);
});

test('few cursors make one sync', () => {
  assert.equal(splitCursors(cursorsOf(100)).length, 1);
});

test('many cursors are split, none is lost, and each frame fits', () => {
  const cursors = cursorsOf(2_000);
  const parts = splitCursors(cursors);
  assert.ok(parts.length > 1);
  assert.deepEqual(Object.assign({}, ...parts), cursors);
  for (const part of parts) {
    assert.ok(fitsFrame({ action: 'sync', id: 'sync-123', cursors: part, partial: true }));
  }
});

test('sizes are bytes of UTF-8, escapes included', () => {
  assert.equal(jsonBytes('é'), 4);
  assert.equal(jsonBytes('\n'), 4);
  assert.ok(fitsFrame('a'.repeat(FRAME_BYTES_MAX - 2)));
  assert.ok(!fitsFrame('é'.repeat(FRAME_BYTES_MAX / 2)));
});
