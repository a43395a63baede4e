import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { beforeEach, test } from 'node:test';
import vm from 'node:vm';

const ORIGIN = 'https://chat.example';
const SOURCE = await readFile(new URL('../sw.js', import.meta.url), 'utf8');
let listeners;
let kept;
let fetched;

/** Starts the worker in a fake browser. */
beforeEach(() => {
  listeners = {};
  kept = new Map();
  fetched = [];
  const pathOf = (request) => new URL(request.url ?? request, ORIGIN).pathname;
  const open = async (name) => {
    if (!kept.has(name)) kept.set(name, new Map());
    const cache = kept.get(name);
    return { match: async (request) => cache.get(pathOf(request)), put: async (request, response) => void cache.set(pathOf(request), response) };
  };
  vm.runInNewContext(SOURCE, {
    addEventListener: (type, listener) => (listeners[type] = listener),
    skipWaiting: () => {},
    location: new URL(`${ORIGIN}/sw.js`),
    caches: { open, keys: async () => [...kept.keys()], delete: async (name) => kept.delete(name) },
    fetch: async (request) => {
      fetched.push(pathOf(request));
      return new Response('', { headers: { ETag: `"${pathOf(request)}"` } });
    },
    setTimeout: () => {},
    URL,
    Response,
  });
});

async function post(files) {
  let work;
  listeners.message({ source: { id: 'window' }, data: { files }, waitUntil: (promise) => (work = promise) });
  await work;
}

const keptFiles = () => [...kept.values()].flatMap((cache) => [...cache.keys()]).filter((path) => path !== '/complete');

/** Returns whether the worker handles a request. */
function takes(path, { method = 'GET', origin = ORIGIN } = {}) {
  let taken = false;
  listeners.fetch({ request: { url: origin + path, method, mode: 'cors' }, clientId: 'window', respondWith: () => (taken = true) });
  return taken;
}

const ELSEWHERE = ['/v1', '/v1/me', '/v1/groups/grp_1', '/ws', '/dev/pushes'];
const OF_THE_PAGE = ['/', '/app/main.js', '/v1.js', '/wsx', '/device.js', '/app/v1/x.js'];

test('a window posts all loaded files, and only files of the page are kept', async () => {
  await post([...OF_THE_PAGE, ...ELSEWHERE]);
  assert.deepEqual(keptFiles(), OF_THE_PAGE);
  assert.deepEqual(fetched, OF_THE_PAGE, 'nothing else is fetched again');
});

test('requests for files of the page are handled by the worker, no others', () => {
  for (const path of OF_THE_PAGE) assert.ok(takes(path), path);
  for (const path of ELSEWHERE) assert.ok(!takes(path), path);
  assert.ok(!takes('/', { method: 'POST' }));
  assert.ok(!takes('/', { origin: 'https://elsewhere.example' }));
});
