// Web Locks exist on secure origins only (https and localhost). On other origins, a queue within the page replaces
// them, and windows do not exclude each other.
const browserLocks = () => globalThis.navigator?.locks;
const queues = new Map();

/**
 * Runs `work` while no other window of this browser runs work of the same name.
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export function exclusively(name, work) {
  const locks = browserLocks();
  if (locks) return locks.request(name, work);
  const run = (queues.get(name) ?? Promise.resolve()).then(work);
  queues.set(name, run.catch(() => {}));
  return run;
}

/**
 * Holds a shared lock until the window closes or the returned function is called.
 * @param {string} name
 * @param {LockManager} [locks]
 * @returns {() => void}
 */
export function holdShared(name, locks = browserLocks()) {
  let release = () => {};
  const held = new Promise((resolve) => {
    release = resolve;
  });
  // A page to which the browser denies locks continues without them.
  locks?.request(name, { mode: 'shared' }, () => held).catch(() => {});
  return release;
}

/**
 * Returns the names of all locks that windows of this browser hold.
 * @param {LockManager} [locks]
 * @returns {Promise<Set<string>>}
 */
export async function heldNames(locks = browserLocks()) {
  if (!locks) return new Set();
  const { held } = await locks.query();
  return new Set(held.map((lock) => lock.name));
}
