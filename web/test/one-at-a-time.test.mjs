import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneAtATime } from '../confab/one-at-a-time.js';
import { settled } from './manual-clock.mjs';

function work() {
  const runs = [];
  const call = oneAtATime(() => new Promise((resolve, reject) => runs.push({ resolve, reject })));
  return { runs, call };
}

test('calls during a run share one run after it', async () => {
  const { runs, call } = work();
  const [first, second, third] = [call(), call(), call()];
  assert.equal(runs.length, 1);
  runs[0].resolve('a');
  assert.equal(await first, 'a');
  await settled();
  assert.equal(runs.length, 2);
  runs[1].resolve('b');
  assert.deepEqual(await Promise.all([second, third]), ['b', 'b']);
});

test('a failed run is followed by the next one', async () => {
  const { runs, call } = work();
  const [first, second] = [call(), call()];
  runs[0].reject(new Error('no'));
  await assert.rejects(first);
  await settled();
  runs[1].resolve('b');
  assert.equal(await second, 'b');
});

test('a call at the very end of a run does not start two runs', async () => {
  let atOnce = 0;
  let most = 0;
  const call = oneAtATime(async () => {
    most = Math.max(most, (atOnce += 1));
    await null;
    atOnce -= 1;
  });
  const calls = [call(), call()];
  for (let times = 0; times < 20; times += 1) {
    await null;
    calls.push(call());
  }
  await Promise.all(calls);
  assert.equal(most, 1);
});
