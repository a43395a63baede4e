// Opens the page without a network. The files that a page has loaded are kept, all files of one load together, and
// are served when the server cannot be reached. While the server can be reached, every file comes from it, so a kept
// file never hides a newer one. Answers of the API are never kept.

const PREFIX = 'confab-page.';
/** Entry of a cache that holds all files of a load. */
const COMPLETE = '/complete';
/** Paths that are not files of the page. */
const ELSEWHERE = /^\/(v1|ws|dev)(\/|$)/;
/** Longest wait for the server if the page is kept. Unit: milliseconds. */
const ANSWER_MS_MAX = 4_000;

/**
 * Per window, the version that it runs, so that versions do not mix. `kept`: the window gets all files from the
 * cache. `newer`: the server has given the window a file that differs from the kept one. No entry: the window's files
 * are the same in the cache and on the server.
 */
const runs = new Map();
let keeping = Promise.resolve();

addEventListener('install', () => skipWaiting());

addEventListener('fetch', (event) => {
  const { request, clientId, resultingClientId } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== location.origin || ELSEWHERE.test(pathname)) return;
  event.respondWith(request.mode === 'navigate' ? page(request, resultingClientId) : file(request, clientId));
});

/** A window posts the files that it has loaded. */
addEventListener('message', (event) => {
  if (runs.get(event.source.id) === 'kept') return;
  const files = event.data.files.filter((path) => !ELSEWHERE.test(path));
  // Sequential, since each run deletes the caches of earlier ones.
  keeping = keeping.then(() => keep(files)).catch(() => {});
  event.waitUntil(keeping);
});

async function page(request, client) {
  const kept = await keptFile('/');
  if (!kept) return fetch(request);
  try {
    const response = await Promise.race([answer(request), tooLate()]);
    return choose(response, kept, client);
  } catch {
    runs.set(client, 'kept');
    return kept;
  }
}

async function file(request, client) {
  const kept = await keptFile(request);
  if (kept && runs.get(client) === 'kept') return kept;
  try {
    return choose(await answer(request), kept, client);
  } catch (error) {
    if (!kept || runs.get(client) === 'newer') throw error;
    runs.set(client, 'kept');
    return kept;
  }
}

/** Returns the server's answer. A `5xx` status, also of a proxy, counts as no answer. */
async function answer(request) {
  const response = await fetch(request);
  if (response.status >= 500) throw new Error(`status ${response.status}`);
  return response;
}

/** Returns the server's answer, or the kept file if the window has begun to run the kept version meanwhile. */
function choose(response, kept, client) {
  if (kept && runs.get(client) === 'kept') return kept;
  if (!kept || !isSame(response, kept)) runs.set(client, 'newer');
  return response;
}

function isSame(response, kept) {
  const version = response.headers.get('ETag');
  return version !== null && version === kept?.headers.get('ETag');
}

async function keptFile(request) {
  return (await (await newest())?.match(request)) ?? null;
}

function tooLate() {
  return new Promise((_, reject) => setTimeout(() => reject(new Error('no answer')), ANSWER_MS_MAX));
}

/** Returns the newest cache that is complete, or null. */
async function newest() {
  const names = (await caches.keys()).filter((name) => name.startsWith(PREFIX)).sort();
  for (const name of names.reverse()) {
    const cache = await caches.open(name);
    if (await cache.match(COMPLETE)) return cache;
  }
  return null;
}

/** Keeps the files of a load in a new cache and deletes the other caches, unless these files are kept already. */
async function keep(files) {
  // From the browser's HTTP cache, which has the very files that the page runs.
  const loaded = await Promise.all(files.map(async (name) => [name, await fetch(name, { cache: 'force-cache' })]));
  if (loaded.some(([, response]) => !response.ok)) return;
  if (await areKept(loaded)) return;
  const name = PREFIX + Date.now();
  const cache = await caches.open(name);
  await Promise.all(loaded.map(([file, response]) => cache.put(file, response)));
  await cache.put(COMPLETE, new Response());
  const others = (await caches.keys()).filter((other) => other.startsWith(PREFIX) && other !== name);
  await Promise.all(others.map((other) => caches.delete(other)));
}

async function areKept(loaded) {
  const cache = await newest();
  if (!cache) return false;
  const same = await Promise.all(loaded.map(async ([name, response]) => isSame(response, await cache.match(name))));
  return same.every(Boolean);
}
