import { answer, deleteDatabase, openDatabase } from './database.js';
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
   * @param {{onUpgraded?: () => void}} [use]  `onUpgraded`: another window runs a later version of the page; nothing can be read or written here any more.
   * @returns {Promise<Store>}
   */
  static async open(user, { onUpgraded = () => {} } = {}) {
    const upgrade = (db) => {
      db.createObjectStore('messages', { keyPath: ['conversation', 'seq'] });
      db.createObjectStore('conversations', { keyPath: 'conversation' });
      db.createObjectStore('outbox', { keyPath: 'client_message_id' });
      db.createObjectStore('profiles', { keyPath: 'user' });
    };
    // Deleted by another window means that the account has logged out there, which it says by itself.
    const onClosed = ({ upgraded }) => upgraded && onUpgraded();
    return new Store(await openDatabase(databaseName(user), VERSION, { upgrade, onClosed }));
  }

  /** Deletes everything that is stored of an account. */
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

  /**
   * Notes that entries of one conversation are about to be sent, the first of them, as many as may be: the server
   * is to have at most `max` of the conversation that it has not answered for, over all windows.
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
   * @returns {Promise<object | null>}  The entry, or null where it has another owner by now, or is gone.
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

/** Returns how many of `entries`, from the first on, may be sent; those that the server may have already make no more of them. */
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

/** Returns the stored entries that change by being sent, as they are from then on. */
export function begunNow(stored, sent) {
  const ids = new Set(sent.map(({ client_message_id }) => client_message_id));
  return stored.filter((entry) => ids.has(entry.client_message_id) && !entry.tried).map((entry) => ({ ...entry, tried: true }));
}
