/**
 * Where tokens are kept: IndexedDB, because every window must see a renewed
 * token as soon as it holds the lock. localStorage gives no such promise: a
 * browser copies it between its processes when it gets round to it, and a
 * refresh token that is presented twice ends the session.
 *
 * Where the browser forbids IndexedDB, sessions end with the page.
 */
export class SessionStore {
  #db = null;
  #inMemory = new Map();

  /** Returns the session, or null. */
  async load(user) {
    const db = await this.#open();
    if (!db) return this.#inMemory.get(user) ?? null;
    return (await answer(db.transaction('sessions').objectStore('sessions').get(user))) ?? null;
  }

  /** @param {{user: string}} session */
  async save(session) {
    this.#inMemory.set(session.user, session);
    await this.#write((sessions) => sessions.put(session));
  }

  async remove(user) {
    this.#inMemory.delete(user);
    await this.#write((sessions) => sessions.delete(user));
  }

  async #write(work) {
    const db = await this.#open();
    if (!db) return;
    const transaction = db.transaction('sessions', 'readwrite');
    work(transaction.objectStore('sessions'));
    await new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error);
    });
  }

  #open() {
    this.#db ??= openDatabase().catch(() => null);
    return this.#db;
  }
}

async function openDatabase() {
  const opening = indexedDB.open('confab', 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore('sessions', { keyPath: 'user' });
  return answer(opening);
}

function answer(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
