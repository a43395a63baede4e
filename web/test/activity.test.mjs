import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { watchActivity } from '../confab/activity.js';
import { ManualClock } from './manual-clock.mjs';

const MINUTE_MS = 60_000;
let clock;
let page;
let said;
let end;

beforeEach(() => {
  clock = new ManualClock();
  page = Object.assign(new EventTarget(), { visibilityState: 'visible' });
  said = [];
  end = watch();
});

const watch = () => watchActivity((active) => said.push(active), { document: page, alarms: clock, now: () => clock.now_ms });
const input = (type, more) => page.dispatchEvent(Object.assign(new Event(type), more));
const become = (state) => {
  page.visibilityState = state;
  page.dispatchEvent(new Event('visibilitychange'));
};

test('nobody is at a window that is hidden, until it is shown', () => {
  become('hidden');
  become('visible');
  assert.deepEqual(said, [false, true]);
});

test('nobody is at a window without input for five minutes, until there is some', async () => {
  await clock.pass(4 * MINUTE_MS);
  input('keydown');
  await clock.pass(4.9 * MINUTE_MS);
  assert.deepEqual(said, []);
  await clock.pass(0.2 * MINUTE_MS);
  assert.deepEqual(said, [false]);
  input('pointerdown');
  assert.deepEqual(said, [false, true]);
  await clock.pass(5.1 * MINUTE_MS);
  assert.deepEqual(said, [false, true, false]);
});

test('a pointer that rests is no input, however often it is reported', async () => {
  for (let minute = 0; minute < 7; minute += 1) {
    input('pointermove', { screenX: 5, screenY: 5 });
    await clock.pass(MINUTE_MS);
  }
  assert.deepEqual(said, [false]);
  input('pointermove', { screenX: 6, screenY: 5 });
  assert.deepEqual(said, [false, true]);
});

test('a window that opens in the background has nobody at it', () => {
  page.visibilityState = 'hidden';
  watch();
  assert.deepEqual(said, [false]);
});

test('nothing is said once it has ended', async () => {
  end();
  become('hidden');
  await clock.pass(10 * MINUTE_MS);
  assert.deepEqual(said, []);
});
