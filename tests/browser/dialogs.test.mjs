import assert from 'node:assert/strict';
import { passesAxe } from './support/axe.mjs';
import { everyDialog } from './support/every-dialog.mjs';
import { refused, scene } from './support/stage.mjs';

const SIZES = [{ width: 320, height: 568 }, { width: 320, height: 640 }, { width: 390, height: 844 }];
/** More than the number of tab stops of any dialog of these tests. */
const TABS_MAX = 60;

scene('every dialog fits a phone of 320 px and of 390 px, for thumbs', { expected: [refused(404)] }, async (stage) => {
  const stranger = await stage.person({ viewport: SIZES[0], hasTouch: true, isMobile: true });
  await stranger.visit();
  await stranger.find('toggle-mode').waitFor();
  await fits(stranger, 'sign-up', 'body');
  const check = (ada, name) => fits(ada, name);
  await everyDialog(stage, { viewport: SIZES[0], hasTouch: true, isMobile: true }, check, { suffix: 'fit' });
});

for (const viewport of SIZES.slice(1)) {
  const size = `${viewport.width} × ${viewport.height}`;
  scene(`every control of every dialog is reachable by keyboard and visible then, and the focus returns, at ${size}`, { expected: [refused(404)] }, async (stage) => {
    const onClosed = async ({ page }, name) => {
      const focused = await page.evaluate(() => document.activeElement.matches('button, a, input, h2') && document.activeElement.checkVisibility());
      assert.ok(focused, `the focus is nowhere after ${name}`);
    };
    await everyDialog(stage, { viewport }, reachesAll, { suffix: `key${viewport.width}`, onClosed });
  });

  scene(`every dialog passes axe at ${size}`, { expected: [refused(404)] }, async (stage) => {
    const colorScheme = viewport.width < 390 ? 'light' : 'dark';
    await everyDialog(stage, { viewport, colorScheme }, passesAxe, { suffix: `axe${viewport.width}` });
  });
}

/**
 * Asserts that at each size the top dialog contains all its elements, the window contains the dialog, and every
 * control is large enough for a thumb.
 */
async function fits(person, where, selector = 'dialog:last-of-type') {
  for (const size of SIZES) {
    await person.page.setViewportSize(size);
    const problems = await person.page.evaluate((of) => {
      const box = document.querySelector(of);
      const inside = box.querySelector('.dialog-box') ?? box;
      const { paddingLeft, paddingRight } = getComputedStyle(inside);
      const { left, right } = inside.getBoundingClientRect();
      const from = Math.max(0, left + Number.parseFloat(paddingLeft) - 12);
      const to = Math.min(innerWidth, right - Number.parseFloat(paddingRight) + 12);
      const seen = [...inside.querySelectorAll('*')].filter((element) => element.checkVisibility() && !element.closest('.visually-hidden, pre') && element.getClientRects().length);
      const out = seen.filter((element) => element.getBoundingClientRect().left < from - 0.5 || element.getBoundingClientRect().right > to + 0.5);
      // The label of a radio button can be touched too.
      const target = (element) => (element.matches('[type=radio]') ? element.closest('label') : element);
      const small = seen.filter((element) => element.matches('button, input, summary') && target(element).getBoundingClientRect().height < 44 && !element.matches('.text-button'));
      const wide = [box, document.documentElement].filter((element) => element.scrollWidth > element.clientWidth);
      const { top, bottom } = box.getBoundingClientRect();
      const tall = box.matches('dialog') && (top < 0 || bottom > innerHeight) ? [box] : [];
      const named = (what) => (element) => `${what}: ${element.outerHTML.slice(0, 160)} ${JSON.stringify(element.getBoundingClientRect())}`;
      return [...out.map(named('sticks out')), ...small.map(named('too small')), ...wide.map(named('scrolls sideways')), ...tall.map(named('higher than the window'))];
    }, selector);
    assert.deepEqual(problems, [], `${where} at ${size.width} × ${size.height}`);
  }
}

/** Asserts that Tab reaches every control of the top dialog, and scrolls each into view. */
async function reachesAll({ page }, where) {
  await page.evaluate(() => {
    const box = [...document.querySelectorAll('dialog')].at(-1);
    const controls = [...box.querySelectorAll('button, a[href], input, summary, select, textarea')];
    // A group of radio buttons is one tab stop; arrows select within it.
    globalThis.wanted = new Set(controls.filter((one) => one.checkVisibility() && !one.matches(':disabled') && !(one.type === 'radio' && !one.checked)));
  });
  const problems = [];
  for (let presses = 0; presses < TABS_MAX; presses += 1) {
    await page.keyboard.press('Tab');
    const { problem, left } = await page.evaluate(() => {
      const element = document.activeElement;
      globalThis.wanted.delete(element);
      const box = [...document.querySelectorAll('dialog')].at(-1);
      const isOutside = element !== document.body && !box.contains(element);
      const [own, around] = [element, box].map((one) => one.getBoundingClientRect());
      const isHidden = box.contains(element) && (own.bottom < Math.max(0, around.top) + 8 || own.top > Math.min(innerHeight, around.bottom) - 8);
      const problem = isOutside ? 'the focus leaves the dialog for' : isHidden ? 'out of sight' : null;
      return { problem: problem && `${problem} ${element.outerHTML.slice(0, 120)}`, left: globalThis.wanted.size };
    });
    if (problem) problems.push(problem);
    if (left === 0) break;
  }
  const missed = await page.evaluate(() => [...globalThis.wanted].map((element) => `never reached: ${element.outerHTML.slice(0, 120)}`));
  assert.deepEqual([...problems, ...missed], [], where);
}
