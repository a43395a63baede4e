import { plainAlarms } from './alarms.js';

/** Longest wait for other windows to close a database. Unit: milliseconds. */
const BLOCKED_MS_MAX = 10_000;

/**
 * Opens an IndexedDB database.
 *
 * Asks windows that have an older version open to close it, and waits for them. Closes the database here as soon as
 * another window wants to upgrade or delete it, so that an open window does not block others.
 * @param {string} name
 * @param {number} version
 * @param {object} use
 * @param {(db: IDBDatabase, from: number) => void} use.upgrade  Creates what versions above `from` have.
 * @param {(event: {upgraded: boolean}) => void} [use.onClosed]
 *   The database was closed, since another window upgrades or deletes it.
 * @param {import('./alarms.js').Alarms} [use.alarms]
 * @returns {Promise<IDBDatabase>}
 * @throws {DOMException} Also if other windows do not close the database in time.
 */
export async function openDatabase(name, version, { upgrade, onClosed = () => {}, alarms = plainAlarms }) {
  const opening = indexedDB.open(name, version);
  opening.onupgradeneeded = ({ oldVersion }) => upgrade(opening.result, oldVersion);
  const db = await unblocked(opening, alarms, () => opening.result.close());
  db.onversionchange = ({ newVersion }) => {
    db.close();
    onClosed({ upgraded: newVersion !== null });
  };
  return db;
}

/** Deletes a database as soon as all windows have closed it. Returns after that, or after {@link BLOCKED_MS_MAX}. */
export async function deleteDatabase(name, { alarms = plainAlarms } = {}) {
  await unblocked(indexedDB.deleteDatabase(name), alarms, () => {}).catch(() => {});
}

/** Returns the result of a request on the current database. */
export function answer(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @param {() => void} onLate  The request succeeded after the timeout. */
function unblocked(request, alarms, onLate) {
  let giveUp;
  let cancel = () => {};
  const late = new Promise((_, reject) => (giveUp = reject));
  request.onblocked = () => {
    cancel();
    cancel = alarms.after(BLOCKED_MS_MAX, () => {
      giveUp(new DOMException('Another window keeps the database open.', 'TimeoutError'));
      request.onsuccess = onLate;
    });
  };
  const done = answer(request).finally(() => cancel());
  return Promise.race([done, late]);
}
