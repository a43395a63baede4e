/**
 * Where tokens are kept: IndexedDB, because every window must see a renewed
 * token as soon as it holds the lock. localStorage gives no such promise: a
 * browser copies it between its processes when it gets round to it, and a
 * refresh token that is presented twice ends the session.
 *
 * Where the browser forbids IndexedDB, sessions end with the page.
 */
export class SessionStore {
  #database;
  #key;
  #db = null;
  #inMemory = new Map();

  /** @param {{database?: string, key?: 'user' | 'device'}} [options]  `key` tells sessions apart. */
  constructor({ database = 'confab', key = 'user' } = {}) {
    this.#database = database;
    this.#key = key;
  }

  async all() {
    const db = await this.#open();
    if (!db) return [...this.#inMemory.values()];
    return answer(db.transaction('sessions').objectStore('sessions').getAll());
  }

  /** Returns the session, or null. */
  async load(id) {
    const db = await this.#open();
    if (!db) return this.#inMemory.get(id) ?? null;
    return (await answer(db.transaction('sessions').objectStore('sessions').get(id))) ?? null;
  }

  /** @param {{user: string, device: string}} session */
  async save(session) {
    this.#inMemory.set(session[this.#key], session);
    await this.#write((sessions) => sessions.put(session));
  }

  async remove(id) {
    this.#inMemory.delete(id);
    await this.#write((sessions) => sessions.delete(id));
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
    this.#db ??= openDatabase(this.#database, this.#key).catch(() => null);
    return this.#db;
  }
}

async function openDatabase(name, keyPath) {
  const opening = indexedDB.open(name, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore('sessions', { keyPath });
  return answer(opening);
}

function answer(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
