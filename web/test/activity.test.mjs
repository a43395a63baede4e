import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { watchActivity } from '../confab/activity.js';
import { ManualClock } from './manual-clock.mjs';

const MINUTE_MS = 60_000;
let clock;
let page;
let reports;
let end;

beforeEach(() => {
  clock = new ManualClock();
  page = Object.assign(new EventTarget(), { visibilityState: 'visible' });
  reports = [];
  end = watch();
});

const watch = () => watchActivity((active) => reports.push(active), { document: page, alarms: clock, now: () => clock.now_ms });
const input = (type, more) => page.dispatchEvent(Object.assign(new Event(type), more));
const become = (state) => {
  page.visibilityState = state;
  page.dispatchEvent(new Event('visibilitychange'));
};

test('the user is inactive in a hidden window until it is shown', () => {
  become('hidden');
  become('visible');
  assert.deepEqual(reports, [false, true]);
});

test('the user is inactive after five minutes without input until there is some', async () => {
  await clock.pass(4 * MINUTE_MS);
  input('keydown');
  await clock.pass(4.9 * MINUTE_MS);
  assert.deepEqual(reports, []);
  await clock.pass(0.2 * MINUTE_MS);
  assert.deepEqual(reports, [false]);
  input('pointerdown');
  assert.deepEqual(reports, [false, true]);
  await clock.pass(5.1 * MINUTE_MS);
  assert.deepEqual(reports, [false, true, false]);
});

test('a pointer that does not move is no input, however often it is reported', async () => {
  for (let minute = 0; minute < 7; minute += 1) {
    input('pointermove', { screenX: 5, screenY: 5 });
    await clock.pass(MINUTE_MS);
  }
  assert.deepEqual(reports, [false]);
  input('pointermove', { screenX: 6, screenY: 5 });
  assert.deepEqual(reports, [false, true]);
});

test('the user is inactive in a window that opens in the background', () => {
  page.visibilityState = 'hidden';
  watch();
  assert.deepEqual(reports, [false]);
});

test('nothing is reported after the end', async () => {
  end();
  become('hidden');
  await clock.pass(10 * MINUTE_MS);
  assert.deepEqual(reports, []);
});
