import { answer, deleteDatabase, openDatabase } from './database.js';
import { unionRanges } from './ranges.js';

const VERSION = 1;

/**
 * One account's data in IndexedDB, shared by all windows of the browser.
 *
 * Shape of a conversation's record: the server's fields plus `cursor` (highest seq up to which nothing is missing),
 * `held` (spans whose messages are stored), `markers` (user → read_seq), `read_unsent`, and for a group `left` (see
 * `chats.js`) and `name_seq` (length of the log when the group had its `name`).
 */
export class Store {
  #db;

  /**
   * @param {string} user  `usr_…`
   * @param {{onUpgraded?: () => void}} [use]
   *   `onUpgraded`: another window runs a later version of the page; this store can no longer be read or written.
   * @returns {Promise<Store>}
   */
  static async open(user, { onUpgraded = () => {} } = {}) {
    const upgrade = (db) => {
      db.createObjectStore('messages', { keyPath: ['conversation', 'seq'] });
      db.createObjectStore('conversations', { keyPath: 'conversation' });
      db.createObjectStore('outbox', { keyPath: 'client_message_id' });
      db.createObjectStore('profiles', { keyPath: 'user' });
    };
    // Another window deletes the database when the account logs out there, and notifies this window separately.
    const onClosed = ({ upgraded }) => upgraded && onUpgraded();
    return new Store(await openDatabase(databaseName(user), VERSION, { upgrade, onClosed }));
  }

  /** Deletes all stored data of an account. */
  static remove(user) {
    return deleteDatabase(databaseName(user));
  }

  /** @param {IDBDatabase} db */
  constructor(db) {
    this.#db = db;
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
   * Stores messages and the log's complete spans in one transaction. Spans of other windows are kept: `held` grows
   * and never shrinks.
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

  /**
   * Records that entries of one conversation are about to be sent: the first ones, as many as may be sent. Over all
   * windows, at most `max` messages of the conversation may be unanswered.
   * @returns {Promise<number>}  How many may be sent.
   */
  async beginSends(entries, max) {
    let count = entries.length;
    await this.#write(['outbox'], async ([outbox]) => {
      const stored = await answer(outbox.getAll());
      count = countToSend(stored, entries, max);
      for (const entry of begunNow(stored, entries.slice(0, count))) outbox.put(entry);
    });
    return count;
  }

  /**
   * Gives an entry of the outbox to another window.
   * @returns {Promise<object | null>}  The entry, or null if it was deleted or has another owner.
   */
  async adoptOutbox({ client_message_id, window: owner }, window) {
    let adopted = null;
    await this.#write(['outbox'], async ([outbox]) => {
      const entry = await answer(outbox.get(client_message_id));
      if (entry?.window !== owner) return;
      adopted = { ...entry, window };
      outbox.put(adopted);
    });
    return adopted;
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
   * Runs a write transaction. A failure is logged and not thrown: the page keeps its state in memory, but a reload
   * loads more from the server and may lose unsent messages.
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

/**
 * Returns how many of `entries`, from the first on, may be sent. Entries that were already tried do not count again.
 */
export function countToSend(stored, entries, max) {
  const [{ conversation }] = entries;
  const unanswered = new Set(stored.filter((entry) => entry.conversation === conversation && entry.tried && entry.state === 'pending').map(({ client_message_id }) => client_message_id));
  const beyond = entries.findIndex(({ client_message_id: id }) => {
    if (!unanswered.has(id) && unanswered.size >= max) return true;
    unanswered.add(id);
    return false;
  });
  return beyond < 0 ? entries.length : beyond;
}

/** Returns the stored entries that sending changes, in their new state. */
export function begunNow(stored, sent) {
  const ids = new Set(sent.map(({ client_message_id }) => client_message_id));
  return stored.filter((entry) => ids.has(entry.client_message_id) && !entry.tried).map((entry) => ({ ...entry, tried: true }));
}
