import { answer, openDatabase } from './database.js';

const VERSION = 1;

/**
 * Store of tokens in IndexedDB. Every window that gets the lock must see a renewed token immediately. localStorage
 * does not guarantee that, since browsers copy it between processes with a delay, and a refresh token that is used
 * twice ends the session.
 *
 * Where the browser forbids IndexedDB, sessions end with the page.
 */
export class SessionStore {
  #database;
  #key;
  #db = null;
  #inMemory = new Map();

  /** @param {{database?: string, key?: 'user' | 'device'}} [options]  `key`: the field that identifies a session. */
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
   * Removes a session, unless another session has replaced it.
   * @returns {Promise<boolean>}  Whether there is no session afterwards.
   */
  async removeIf(id, access_token) {
    const isOther = (session) => Boolean(session) && session.access_token !== access_token;
    let removed = !isOther(this.#inMemory.get(id));
    await this.#write((sessions) => {
      const reading = sessions.get(id);
      reading.onsuccess = () => {
        removed = !isOther(reading.result);
        if (removed) sessions.delete(id);
      };
    });
    if (removed) this.#inMemory.delete(id);
    return removed;
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
    // A database that was closed for another window is opened again at the next use.
    const onClosed = () => (this.#db = null);
    this.#db ??= openDatabase(this.#database, VERSION, { upgrade, onClosed }).catch(() => null);
    return this.#db;
  }
}
