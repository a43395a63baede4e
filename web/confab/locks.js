// Web Locks exist on secure origins only (https and localhost). Elsewhere a
// queue within the page is the best there is, and windows do not see each other.
const available = Boolean(globalThis.navigator?.locks);
const queues = new Map();

/**
 * Runs `work` while no other window of this browser runs under the same name.
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export function exclusively(name, work) {
  if (available) return navigator.locks.request(name, work);
  const run = (queues.get(name) ?? Promise.resolve()).then(work);
  queues.set(name, run.catch(() => {}));
  return run;
}

/**
 * Holds a shared lock until the window closes or the returned function is called.
 * @param {string} name
 * @returns {() => void}
 */
export function holdShared(name) {
  let release = () => {};
  const held = new Promise((resolve) => {
    release = resolve;
  });
  if (available) navigator.locks.request(name, { mode: 'shared' }, () => held);
  return release;
}

/** Returns the names of all locks that windows of this browser hold. */
export async function heldNames() {
  if (!available) return new Set();
  const { held } = await navigator.locks.query();
  return new Set(held.map((lock) => lock.name));
}
