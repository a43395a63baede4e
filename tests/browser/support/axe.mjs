import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Asserts that axe finds no violations in the page's present state. */
export async function passesAxe(person, where) {
  // Evaluated and not loaded as a script element, which the page's policy refuses.
  if (!(await person.page.evaluate(() => 'axe' in globalThis))) await person.page.evaluate(AXE);
  const problems = await person.page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { preload: false, resultTypes: ['violations'] });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, any }) => `${html} ${any[0]?.message ?? ''}`).join(' | ')}`);
  });
  assert.deepEqual(problems, [], where);
}
