import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addRange, spanAt, unionRanges } from '../confab/ranges.js';

test('adjacent and overlapping spans become one', () => {
  assert.deepEqual(addRange([[1, 3]], 4, 6), [[1, 6]]);
  assert.deepEqual(addRange([[1, 3], [8, 9]], 2, 8), [[1, 9]]);
  assert.deepEqual(addRange([[5, 6]], 1, 3), [[1, 3], [5, 6]]);
});

test('an empty span adds nothing', () => {
  assert.deepEqual(addRange([[1, 3]], 6, 5), [[1, 3]]);
});

test('adding changes no span in place', () => {
  const ranges = [[1, 3]];
  addRange(ranges, 2, 9);
  assert.deepEqual(ranges, [[1, 3]]);
});

test('a union holds the positions of both sets', () => {
  assert.deepEqual(unionRanges([[1, 2], [10, 12]], [[3, 4], [11, 20]]), [[1, 4], [10, 20]]);
});

test('the span around a position is found', () => {
  assert.deepEqual(spanAt([[1, 3], [7, 9]], 8), [7, 9]);
  assert.equal(spanAt([[1, 3], [7, 9]], 5), null);
});

test('random additions agree with a plain set', () => {
  let state = 3;
  const random = (n) => (state = (state * 48271) % 2147483647) % n;
  for (let round = 0; round < 100; round += 1) {
    const plain = new Set();
    let ranges = [];
    for (let step = 0; step < 12; step += 1) {
      const from = random(60);
      const to = from + random(8);
      for (let seq = from; seq <= to; seq += 1) plain.add(seq);
      ranges = addRange(ranges, from, to);
    }
    const listed = ranges.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, index) => from + index));
    assert.deepEqual(listed, [...plain].sort((a, b) => a - b));
    for (let index = 1; index < ranges.length; index += 1) assert.ok(ranges[index][0] > ranges[index - 1][1] + 1);
  }
});
