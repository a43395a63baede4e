import assert from 'node:assert/strict';
import { test } from 'node:test';
import { offersPushes } from '../app/dev-pushes.js';

const answering = (status, type) => async () => new Response(null, { status, headers: { 'Content-Type': type } });

test('a server that lists its pushes is recognised', async () => {
  assert.equal(await offersPushes({ protocol: 'http:', fetch: answering(200, 'application/json') }), true);
});

test('a server without such a list, one with a page for every path, and none at all have no phone', async () => {
  assert.equal(await offersPushes({ protocol: 'http:', fetch: answering(404, 'application/json') }), false);
  assert.equal(await offersPushes({ protocol: 'http:', fetch: answering(200, 'text/html; charset=utf-8') }), false);
  assert.equal(await offersPushes({ protocol: 'http:', fetch: () => Promise.reject(new TypeError('Failed to fetch')) }), false);
});

test('a deployed site gets no request, so that its console stays empty', async () => {
  const fetch = () => assert.fail('asked');
  assert.equal(await offersPushes({ protocol: 'https:', fetch }), false);
});
