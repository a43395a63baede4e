import { answer, openDatabase } from './database.js';

const VERSION = 1;

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

  /**
   * Removes a session, unless another has taken its place.
   * @returns {Promise<boolean>}  Whether there is none any more.
   */
  async removeIf(id, access_token) {
    const isOther = (session) => Boolean(session) && session.access_token !== access_token;
    let gone = !isOther(this.#inMemory.get(id));
    await this.#write((sessions) => {
      const reading = sessions.get(id);
      reading.onsuccess = () => {
        gone = !isOther(reading.result);
        if (gone) sessions.delete(id);
      };
    });
    if (gone) this.#inMemory.delete(id);
    return gone;
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
    const upgrade = (db) => db.createObjectStore('sessions', { keyPath: this.#key });
    // Closed for another window's sake, it is opened again when it is needed next.
    const onClosed = () => (this.#db = null);
    this.#db ??= openDatabase(this.#database, VERSION, { upgrade, onClosed }).catch(() => null);
    return this.#db;
  }
}
