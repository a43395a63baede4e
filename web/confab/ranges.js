/**
 * A set of positions as ascending, disjoint, non-adjacent spans `[from, to]`, both inclusive. Plain arrays, so that
 * the set can be stored without conversion.
 * @typedef {[number, number][]} Ranges
 */

/**
 * Returns `ranges` with `[from, to]` added; `from > to` adds nothing.
 * @param {Ranges} ranges
 * @returns {Ranges}
 */
export function addRange(ranges, from, to) {
  if (from > to) return ranges;
  const before = ranges.filter(([, end]) => end < from - 1);
  const after = ranges.filter(([start]) => start > to + 1);
  const touching = ranges.slice(before.length, ranges.length - after.length);
  const start = Math.min(from, ...touching.map((span) => span[0]));
  const end = Math.max(to, ...touching.map((span) => span[1]));
  return [...before, [start, end], ...after];
}

/**
 * Returns the union of two sets.
 * @param {Ranges} a
 * @param {Ranges} b
 */
export function unionRanges(a, b) {
  return b.reduce((ranges, [from, to]) => addRange(ranges, from, to), a);
}

/**
 * Returns the span that holds `seq`, or null.
 * @param {Ranges} ranges
 * @returns {[number, number] | null}
 */
export function spanAt(ranges, seq) {
  return ranges.find(([from, to]) => from <= seq && seq <= to) ?? null;
}
