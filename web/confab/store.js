import { unionRanges } from './ranges.js';

const VERSION = 1;

/**
 * One account's data in IndexedDB, shared by all windows of the browser.
 *
 * Shape of a conversation's record: the server's fields plus `cursor` (highest
 * seq up to which nothing is missing), `held` (spans whose messages are
 * stored), `markers` (user → read_seq), `read_unsent`, and of a group `left`
 * (see `chats.js`) and `name_seq` (length of the log when it had its `name`).
 */
export class Store {
  #db;

  /**
   * @param {string} user  `usr_…`
   * @returns {Promise<Store>}
   */
  static async open(user) {
    const opening = indexedDB.open(databaseName(user), VERSION);
    opening.onupgradeneeded = () => {
      const db = opening.result;
      db.createObjectStore('messages', { keyPath: ['conversation', 'seq'] });
      db.createObjectStore('conversations', { keyPath: 'conversation' });
      db.createObjectStore('outbox', { keyPath: 'client_message_id' });
      db.createObjectStore('profiles', { keyPath: 'user' });
    };
    return new Store(await answer(opening));
  }

  /** Deletes everything that is stored of an account. */
  static remove(user) {
    return answer(indexedDB.deleteDatabase(databaseName(user)));
  }

  constructor(db) {
    this.#db = db;
    // Lets another window delete the database when the account logs out there.
    db.onversionchange = () => db.close();
  }

  close() {
    this.#db.close();
  }

  conversations() {
    return this.#all('conversations');
  }

  /** Merges `changes` into a conversation's record; the cursor never moves back. */
  patchConversation(conversation, changes) {
    return this.#write(['conversations'], async ([conversations]) => {
      const record = (await answer(conversations.get(conversation))) ?? { conversation };
      const cursor = Math.max(record.cursor ?? 0, changes.cursor ?? 0);
      conversations.put({ ...record, ...changes, cursor });
    });
  }

  /**
   * Stores messages, and with them what is known to be complete, in one step.
   * Other windows' spans are kept: `held` grows and never shrinks.
   * @param {{cursor: number, held: import('./ranges.js').Ranges}} log
   */
  putMessages(conversation, messages, log) {
    return this.#write(['messages', 'conversations'], async ([stored, conversations]) => {
      for (const message of messages) stored.put(message);
      const record = (await answer(conversations.get(conversation))) ?? { conversation };
      const held = unionRanges(record.held ?? [], log.held);
      conversations.put({ ...record, held, cursor: Math.max(record.cursor ?? 0, log.cursor) });
    });
  }

  /** Returns the stored messages of `[from, to]`, ascending. */
  messages(conversation, from, to) {
    const range = IDBKeyRange.bound([conversation, from], [conversation, to]);
    return answer(this.#db.transaction('messages').objectStore('messages').getAll(range));
  }

  async outbox() {
    return (await this.#all('outbox')).sort((a, b) => a.order - b.order);
  }

  putOutbox(entry) {
    return this.#write(['outbox'], async ([outbox]) => outbox.put(entry));
  }

  deleteOutbox(id) {
    return this.#write(['outbox'], async ([outbox]) => outbox.delete(id));
  }

  profiles() {
    return this.#all('profiles');
  }

  putProfile(profile) {
    return this.#write(['profiles'], async ([profiles]) => profiles.put(profile));
  }

  #all(name) {
    return answer(this.#db.transaction(name).objectStore(name).getAll());
  }

  /**
   * A failed write costs a reload its speed or an unsent message its second
   * chance, never the running page its state, so it is reported and survived.
   */
  async #write(names, work) {
    try {
      const transaction = this.#db.transaction(names, 'readwrite');
      const done = new Promise((resolve, reject) => {
        transaction.oncomplete = resolve;
        transaction.onabort = transaction.onerror = () => reject(transaction.error);
      });
      await Promise.all([done, work(names.map((name) => transaction.objectStore(name)))]);
    } catch (error) {
      console.warn('Confab: could not write to the local store.', error?.name);
    }
  }
}

function databaseName(user) {
  return `confab.${user}`;
}

function answer(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => resolve(undefined);
  });
}
