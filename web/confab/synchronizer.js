import { backoffMs, retryWaitMs } from './backoff.js';
import { splitCursors } from './frames.js';
import { oneAtATime } from './one-at-a-time.js';

/** Delay before a hole in the log is fetched, in which late events may fill it. Unit: milliseconds. */
const HOLE_MS_MAX = 700;
/** Largest number of messages per `history` answer when a hole is filled. */
const FILL_LIMIT = 100;
/** Fetches without progress after which the messages of a hole count as expired, and a target is given up. */
const FILL_ATTEMPTS_MAX = 5;
/** Error codes that end the user's access to a conversation, and the reason that each means in a group. */
const CLOSED = { forbidden: 'removed', not_found: 'deleted' };

/** Synchronises {@link Chats} after every connect, and fills holes in the logs. */
export class Synchronizer {
  #connection;
  #http;
  #chats;
  #alarms;
  #onPeers;
  #onSynced;
  #listed = false;
  #round = 0;
  #requests = 0;
  /** The chats whose holes are being filled, each with the seq to reach. */
  #targets = new Map();
  /**
   * The groups that the user is no longer in, each with the reason, until everything that the user may still read is
   * loaded.
   */
  #leaving = new Map();
  #loadList = oneAtATime(() => this.#takeList());

  /**
   * @param {object} use
   * @param {(profiles: object[]) => void} [use.onPeers]  The chat list contained these profiles.
   * @param {() => void} [use.onSynced]  A new connection's `sync` is complete; other frames may follow.
   */
  constructor({ connection, http, chats, alarms, onPeers = () => {}, onSynced = () => {} }) {
    this.#connection = connection;
    this.#http = http;
    this.#chats = chats;
    this.#alarms = alarms;
    this.#onPeers = onPeers;
    this.#onSynced = onSynced;
    connection.addEventListener('open', () => this.#catchUp());
  }

  /** Loads the chat list before the first connect, so that `sync` has cursors to start from. */
  async prepare() {
    if (this.#listed) return;
    await this.#loadList();
    this.#listed = true;
  }

  /** Reloads the chat list, and retries after an error of the server. */
  async refreshList(failures = 0) {
    try {
      await this.#loadList();
    } catch (error) {
      // The next connect synchronises, which loads the list too.
      if (!error.retryable || this.#connection.status !== 'online') return;
      this.#alarms.after(retryWaitMs(error, failures + 1), () => this.refreshList(failures + 1));
    }
  }

  /**
   * Applies a `conversation` event. The log has the same change, so the event matters only if the log does not arrive
   * or begins with the change.
   */
  hint(event) {
    const wait_ms = event.change === 'added' ? 0 : HOLE_MS_MAX;
    this.#alarms.after(wait_ms, () => {
      if (!this.#agrees(event)) this.refreshList();
    });
  }

  /** Applies a `message` event. */
  take(message) {
    const chat = this.#chats.offer(message);
    if (chat.log.hole) this.#alarms.after(HOLE_MS_MAX, () => this.#fill(chat));
  }

  #agrees({ conversation, change, name }) {
    const chat = this.#chats.get(conversation);
    if (change === 'added') return Boolean(chat?.listed && chat.name);
    if (change === 'renamed') return chat?.name === name;
    return !chat?.listed;
  }

  async #takeList() {
    const asked = this.#chats.asking();
    const list = await this.#http.conversations();
    // Before the list is shown, whose rows would otherwise request the names one by one.
    this.#onPeers(list.flatMap(({ peer }) => (peer ? [peer] : [])));
    const missing = await this.#chats.takeList(list, asked);
    for (const chat of missing) await this.#findOut(chat);
    for (const { conversation, last_seq } of list) {
      const chat = this.#chats.get(conversation);
      if (chat.log.cursor < last_seq) this.#alarms.after(HOLE_MS_MAX, () => this.#fill(chat, last_seq));
    }
  }

  /**
   * Checks whether the user is still in a group that the list lacks, since the list may be older than the user's
   * joining.
   */
  async #findOut(chat) {
    try {
      await this.#http.group(chat.conversation);
    } catch (error) {
      const reason = CLOSED[error.code];
      if (!reason) throw error;
      if (reason === 'removed') await this.#readToTheEnd(chat);
      await this.#chats.leave(chat, reason);
    }
  }

  /** Fetches the messages up to the end of the user's membership, which `sync` no longer includes. */
  async #readToTheEnd(chat) {
    const after = chat.log.cursor;
    const page = await this.#http.messages(chat.conversation, { after, limit: FILL_LIMIT }).catch(() => null);
    if (page?.messages.length) this.#chats.cover(chat, after + 1, page.messages.at(-1).seq, page.messages);
  }

  async #catchUp(failures = 0) {
    this.#round += 1;
    const round = this.#round;
    const parts = splitCursors(this.#chats.cursors());
    const partial = parts.length > 1 ? true : undefined;
    // Sent without waiting: the request must be the socket's first frame, and each part has its own answer.
    const answers = parts.map((cursors) => this.#syncPart({ cursors, partial }, () => round === this.#round));
    const refreshList = round > 1 || partial;
    try {
      await Promise.all(answers);
      if (round !== this.#round) return;
      this.#onSynced();
      if (refreshList) await this.#loadList();
      // `sync` includes neither groups that the user has left nor their earlier entries.
      for (const chat of this.#chats.all()) this.#fill(chat);
    } catch (error) {
      if (round !== this.#round || this.#connection.status !== 'online') return;
      this.#alarms.after(retryWaitMs(error, failures + 1), () => {
        if (round === this.#round && this.#connection.status === 'online') this.#catchUp(failures + 1);
      });
    }
  }

  /**
   * Sends `sync` until the answer is complete. An incomplete answer names where the next request continues. Requests
   * that bring nothing new are sent with growing delays, while `isCurrent` returns true.
   */
  async #syncPart(question, isCurrent) {
    /** Per chat, the end of its log according to the answers. */
    const ends = new Map();
    let complete = false;
    try {
      let after;
      for (let fruitless = 0; !complete; ) {
        if (fruitless) await this.#pause(fruitless);
        // On a new socket the `next` token is not valid, and that socket has its own sync.
        if (!isCurrent()) break;
        const before = this.#progress();
        const { next } = await this.#ask({ ...question, after }, ends);
        fruitless = this.#progress() > before ? 0 : fruitless + 1;
        after = next;
        complete = next === undefined;
      }
    } finally {
      for (const [chat, { last_seq, read_seq, reason }] of ends) {
        this.#chats.moveRead(chat, read_seq);
        // Only after all parts, which may overtake each other, and after everything that the user may still read is
        // loaded.
        if (reason && complete) this.#leaving.set(chat, reason);
        else this.#leaving.delete(chat);
        this.#fill(chat, last_seq);
      }
    }
  }

  #ask(question, ends) {
    const frame = { action: 'sync', id: this.#nextId('sync'), ...question };
    return this.#connection.request(frame, ({ conversations = [] }) => {
      for (const entry of conversations) this.#takeSynced(entry, ends);
    });
  }

  #takeSynced(entry, ends) {
    const chat = this.#chats.ensure(entry.conversation);
    // For a group that the user is no longer in, an answer has the messages and where they end.
    const { kind = chat.kind, name, last_seq = 0, read_seq = 0, messages = [] } = entry;
    const reason = entry.deleted ? 'deleted' : entry.left ? 'removed' : null;
    chat.kind = kind;
    this.#chats.takeName(chat, name, last_seq);
    for (const message of messages) this.#chats.offer(message);
    const end = ends.get(chat) ?? { last_seq: 0, read_seq: 0, reason };
    ends.set(chat, { last_seq: Math.max(end.last_seq, last_seq), read_seq: Math.max(end.read_seq, read_seq), reason });
  }

  /** Returns a number that grows with each newer message and each chat. */
  #progress() {
    return this.#chats.all().reduce((sum, { log }) => sum + log.newest + 1, 0);
  }

  /**
   * Fetches until the log has no hole and has reached `target`.
   *
   * Only a message beyond a hole proves that the missing messages have expired. A target is a hint: if the history
   * ends before it, so does the log.
   */
  async #fill(chat, target = 0) {
    const filling = this.#targets.has(chat);
    this.#targets.set(chat, Math.max(target, this.#targets.get(chat) ?? 0));
    if (filling) return;
    try {
      while (this.#due(chat)) {
        if (await this.#advance(chat)) continue;
        if (!chat.log.hole) break;
        this.#chats.skipTo(chat, chat.log.hole.before - 1);
      }
      this.#leave(chat);
    } catch (error) {
      if (CLOSED[error.code]) {
        this.#passHoles(chat);
        this.#leave(chat);
      }
      // A later `sync` reports the leave again, since it names the cursor.
      this.#leaving.delete(chat);
      const missing = this.#targets.get(chat);
      // The next connect synchronises, which finds the hole again.
      if (error.retryable && error.code !== 'network') this.#alarms.after(retryWaitMs(error, FILL_ATTEMPTS_MAX), () => this.#fill(chat, missing));
    } finally {
      this.#targets.delete(chat);
    }
  }

  /**
   * Ends a membership after everything that the user may still read is loaded. Later syncs no longer name the group's
   * cursor.
   */
  #leave(chat) {
    const reason = this.#leaving.get(chat);
    this.#leaving.delete(chat);
    if (reason) this.#chats.leave(chat, reason);
  }

  /** Skips all holes, since the server no longer gives the missing messages to this user. */
  #passHoles(chat) {
    for (let { hole } = chat.log; hole; { hole } = chat.log) this.#chats.cover(chat, hole.after + 1, hole.before - 1, []);
  }

  #due(chat) {
    return chat.log.hole !== null || chat.log.cursor < this.#targets.get(chat);
  }

  /** Fetches once or several times. Returns whether the log has moved, or nothing is due any more. */
  async #advance(chat) {
    const before = chat.log.cursor;
    for (let attempt = 0; attempt < FILL_ATTEMPTS_MAX && this.#due(chat); attempt += 1) {
      if (attempt) await this.#pause(attempt);
      await this.#fetchAfter(chat);
      if (chat.log.cursor > before) return true;
    }
    return !this.#due(chat);
  }

  async #fetchAfter(chat) {
    const after = chat.log.cursor;
    const { messages } = await this.#connection.request({
      action: 'history',
      id: this.#nextId('fill'),
      conversation: chat.conversation,
      after,
      limit: FILL_LIMIT,
    });
    if (messages.length) this.#chats.cover(chat, after + 1, messages.at(-1).seq, messages);
  }

  #pause(attempt) {
    return new Promise((resolve) => this.#alarms.after(backoffMs(attempt), resolve));
  }

  #nextId(what) {
    this.#requests += 1;
    return `${what}-${this.#requests}`;
  }
}
