import { backoffMs, retryWaitMs } from './backoff.js';
import { splitCursors } from './frames.js';
import { oneAtATime } from './one-at-a-time.js';

/** How long an event may be late before the hole that it left is fetched. Unit: milliseconds. */
const HOLE_MS_MAX = 700;
/** Messages per `history` answer when a hole is filled. */
const FILL_LIMIT = 100;
/** Fetches without progress after which a hole is taken for messages that have expired, and a promise for a mistake. */
const FILL_ATTEMPTS_MAX = 5;
/** Refusals after which a conversation's history is closed to the user, and what they mean in a group. */
const CLOSED = { forbidden: 'removed', not_found: 'deleted' };

/** Brings {@link Chats} up to date after every connect, and fills holes between. */
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
  /** The chats that are being filled, and how far at least. */
  #targets = new Map();
  /** The groups that the user is out of, and why, until all that may still be read is here. */
  #leaving = new Map();
  #loadList = oneAtATime(() => this.#takeList());

  /**
   * @param {object} use
   * @param {(profiles: object[]) => void} [use.onPeers]  The chat list has brought these people's profiles.
   * @param {() => void} [use.onSynced]  A new connection's `sync` is complete, and other frames may follow.
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

  /** Brings the chat list up to date, and tries again where the server is busy. */
  async refreshList(failures = 0) {
    try {
      await this.#loadList();
    } catch (error) {
      // A lost connection is followed by a sync, which loads the list too.
      if (!error.retryable || this.#connection.status !== 'online') return;
      this.#alarms.after(retryWaitMs(error, failures + 1), () => this.refreshList(failures + 1));
    }
  }

  /**
   * Takes a `conversation` event. The log says the same, and when; so the event
   * only matters where the log does not follow, or begins with it.
   */
  hint(event) {
    const wait_ms = event.change === 'added' ? 0 : HOLE_MS_MAX;
    this.#alarms.after(wait_ms, () => {
      if (!this.#agrees(event)) this.refreshList();
    });
  }

  /** Takes a `message` event. */
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
    // Before the rows, for which the names would be asked one by one.
    this.#onPeers(list.flatMap(({ peer }) => (peer ? [peer] : [])));
    const missing = await this.#chats.takeList(list, asked);
    for (const chat of missing) await this.#findOut(chat);
    for (const { conversation, last_seq } of list) {
      const chat = this.#chats.get(conversation);
      if (chat.log.cursor < last_seq) this.#alarms.after(HOLE_MS_MAX, () => this.#fill(chat, last_seq));
    }
  }

  /** Asks whether the user is still in a group that the list lacks: it may be older than their joining. */
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

  /** Fetches what was said before the user was out, which `sync` no longer gives. */
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
    // Asked for at once: the request must be the first frame, and the answer of each part is its own.
    const answers = parts.map((cursors) => this.#syncPart({ cursors, partial }, () => round === this.#round));
    const refreshList = round > 1 || partial;
    try {
      await Promise.all(answers);
      if (round !== this.#round) return;
      this.#onSynced();
      if (refreshList) await this.#loadList();
      // A sync is silent about groups that the user has left, and about what came before that.
      for (const chat of this.#chats.all()) this.#fill(chat);
    } catch (error) {
      if (round !== this.#round || this.#connection.status !== 'online') return;
      this.#alarms.after(retryWaitMs(error, failures + 1), () => {
        if (round === this.#round && this.#connection.status === 'online') this.#catchUp(failures + 1);
      });
    }
  }

  /**
   * Asks until the answer is complete: one that is not in time says where the next request goes on.
   * Requests that bring nothing new are made ever more slowly, for as long as `isCurrent` says.
   */
  async #syncPart(question, isCurrent) {
    /** Per chat how far the answers say that it goes. */
    const ends = new Map();
    let complete = false;
    try {
      let after;
      for (let fruitless = 0; !complete; ) {
        if (fruitless) await this.#pause(fruitless);
        // On another socket the token is none, and a sync of its own is under way.
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
        // Not before all parts have come, which may overtake each other, nor before what may still be read is here.
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
    // Of a group that the user is out of, an answer has the messages and where they end.
    const { kind = chat.kind, name, last_seq = 0, read_seq = 0, messages = [] } = entry;
    const reason = entry.deleted ? 'deleted' : entry.left ? 'removed' : null;
    chat.kind = kind;
    this.#chats.takeName(chat, name, last_seq);
    for (const message of messages) this.#chats.offer(message);
    const end = ends.get(chat) ?? { last_seq: 0, read_seq: 0, reason };
    ends.set(chat, { last_seq: Math.max(end.last_seq, last_seq), read_seq: Math.max(end.read_seq, read_seq), reason });
  }

  /** A number that grows with every newer message, and with every chat. */
  #progress() {
    return this.#chats.all().reduce((sum, { log }) => sum + log.newest + 1, 0);
  }

  /**
   * Fetches until the log has no hole and has reached `target`.
   *
   * Only a message beyond a hole proves that what is missing has expired. A
   * target is a hint: where the history ends before it, so does the log.
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
      // A later sync tells again, since it names the cursor.
      this.#leaving.delete(chat);
      const missing = this.#targets.get(chat);
      // A lost connection is followed by a sync, which sees the hole again.
      if (error.retryable && error.code !== 'network') this.#alarms.after(retryWaitMs(error, FILL_ATTEMPTS_MAX), () => this.#fill(chat, missing));
    } finally {
      this.#targets.delete(chat);
    }
  }

  /** The user is out of a group, and of what they may still read nothing is missing: its cursor is not named again. */
  #leave(chat) {
    const reason = this.#leaving.get(chat);
    this.#leaving.delete(chat);
    if (reason) this.#chats.leave(chat, reason);
  }

  /** What the server does not give to this user any more will not come. */
  #passHoles(chat) {
    for (let { hole } = chat.log; hole; { hole } = chat.log) this.#chats.cover(chat, hole.after + 1, hole.before - 1, []);
  }

  #due(chat) {
    return chat.log.hole !== null || chat.log.cursor < this.#targets.get(chat);
  }

  /** Fetches, some times over if need be; returns whether the log has moved. */
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
