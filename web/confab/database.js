import { plainAlarms } from './alarms.js';

/** Longest wait for other windows to let go of a database. Unit: milliseconds. */
const BLOCKED_MS_MAX = 10_000;

/**
 * Opens an IndexedDB database.
 *
 * Another window that has an older version open is asked to close it, and
 * waited for. This window closes its own as soon as another wants to upgrade or
 * delete it, so that nobody waits for a window that is merely open.
 * @param {string} name
 * @param {number} version
 * @param {object} use
 * @param {(db: IDBDatabase, from: number) => void} use.upgrade  Makes what versions above `from` have.
 * @param {(event: {upgraded: boolean}) => void} [use.onClosed]  The database was closed, since another window upgrades or deletes it.
 * @param {import('./alarms.js').Alarms} [use.alarms]
 * @returns {Promise<IDBDatabase>}
 * @throws {DOMException} also where other windows do not let go of it in time.
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

/** Deletes a database, as soon as all windows have let go of it; returns then, or after a while. */
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

/** @param {() => void} onLate  The request was carried out, after it had been given up. */
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
