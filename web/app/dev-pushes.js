const PATH = '/dev/pushes';

/** Returns whether the page was opened for developers, as `/?dev`. */
export function isForDevelopers(address = location) {
  return new URLSearchParams(address.search).has('dev');
}

/**
 * Returns whether the server lists its pushes, which only the local runner does.
 * @param {{protocol?: string, fetch?: typeof globalThis.fetch}} [use]
 */
export async function offersPushes({ protocol = location.protocol, fetch = globalThis.fetch.bind(globalThis) } = {}) {
  // Every deployed site uses HTTPS. Without this check, the browser would log a 404 on the console there.
  if (protocol !== 'http:') return false;
  const response = await fetch(PATH, { method: 'HEAD', cache: 'no-store' }).catch(() => null);
  return response !== null && isJson(response);
}

/**
 * Returns all pushes to all devices, in order.
 * @returns {Promise<import('./phone-screen.js').Pushed[]>}
 */
export async function sentPushes() {
  const response = await fetch(PATH, { cache: 'no-store' });
  if (!isJson(response)) throw new Error(`${PATH}: ${response.status}`);
  return (await response.json()).pushes;
}

function isJson(response) {
  return response.ok && (response.headers.get('Content-Type') ?? '').startsWith('application/json');
}
