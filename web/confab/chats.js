import { countsAsUnread, membershipAfter, nameGivenBy } from './entries.js';
import { ConversationLog } from './log.js';

/** Number of missed messages above which a device skips to the newest one. Scrolling up loads the others. */
const CATCH_UP_MAX = 500;

/**
 * The chat list: each conversation with its log and its unread count.
 *
 * `left` is null while the user is in the conversation. In a group that the user is no longer in, `left` is
 * `{reason, seq}`: the reason, and the log position from which it holds. `left.accepts_adds`: users who are no
 * friends may add the user again. `dismissed`: the user has removed the ended group from the list. `muted_until_ms`
 * is null while the conversation is not muted.
 *
 * Events: `change`, `released` (`detail` is `{chat, messages}`), `skipped` (`detail` is `{chat}`).
 */
export class Chats extends EventTarget {
  #user;
  #store;
  #chats = new Map();
  /** Per chat, the logical time of the last mute or unmute in this browser. */
  #muted = new Map();
  /** Whether the server's chat list has been loaded since the page was loaded. */
  listLoaded = false;
  #time = 0;

  constructor({ user, store }) {
    super();
    this.#user = user;
    this.#store = store;
  }

  async load() {
    for (const record of await this.#store.conversations()) {
      this.#chats.set(record.conversation, chatFrom(record));
    }
  }

  get(conversation) {
    return this.#chats.get(conversation) ?? null;
  }

  /** Returns the chat, and creates an empty one if it does not exist. */
  ensure(conversation) {
    let chat = this.get(conversation);
    if (!chat) {
      const kind = conversation.startsWith('dm_') ? 'dm' : 'group';
      chat = chatFrom({ conversation, kind });
      this.#chats.set(conversation, chat);
    }
    return chat;
  }

  all() {
    return [...this.#chats.values()];
  }

  /** Number of unread messages, without those of muted conversations. */
  get unreadTotal() {
    const now = Date.now();
    return this.all().reduce((total, chat) => total + (isMuted(chat, now) ? 0 : chat.unread_count), 0);
  }

  /**
   * Returns the cursor of each conversation. Groups that the user has left are not included, since no more entries
   * follow.
   */
  cursors() {
    const known = this.all().filter((chat) => !chat.left && (chat.log.cursor > 0 || chat.listed));
    return Object.fromEntries(known.map((chat) => [chat.conversation, chat.log.cursor]));
  }

  /** Returns the logical time of a list request that is about to be sent, for {@link takeList}. */
  asking() {
    this.#time += 1;
    return this.#time;
  }

  /**
   * Merges the server's chat list and returns the groups that are listed here but not there.
   * @param {number} [asked]  From {@link asking}. A mute that the user has set after that time is kept.
   */
  async takeList(list, asked = this.asking()) {
    await Promise.all(list.map((entry) => this.#takeEntry(entry, asked)));
    this.listLoaded = true;
    this.#changed();
    const theirs = new Set(list.map(({ conversation }) => conversation));
    return this.all().filter((chat) => chat.kind === 'group' && chat.listed && !theirs.has(chat.conversation));
  }

  async #takeEntry(entry, asked) {
    const chat = this.ensure(entry.conversation);
    // The list is older than the end of the user's membership, which the log has already shown.
    if (chat.left && entry.last_seq <= chat.left.seq) return;
    const before = JSON.stringify(recordOf(chat));
    const isNew = !chat.listed && chat.log.cursor === 0;
    Object.assign(chat, { kind: entry.kind, listed: true, left: null, dismissed: false });
    if ((this.#muted.get(chat) ?? 0) < asked) chat.muted_until_ms = entry.muted_until_ms ?? null;
    this.takeName(chat, entry.name, entry.last_seq);
    if (entry.last_message && entry.last_seq >= (chat.last_message?.seq ?? 0)) chat.last_message = entry.last_message;
    const skips = isNew || entry.last_seq - chat.log.cursor > CATCH_UP_MAX;
    // If the list is ahead of the log, missing messages are counted when they arrive.
    const exact = skips || chat.log.cursor === entry.last_seq;
    if (exact && entry.read_seq >= chat.read_seq) {
      chat.read_seq = entry.read_seq;
      chat.unread_count = entry.unread_count;
    }
    if (skips) this.skipTo(chat, entry.last_seq);
    if (!entry.last_message && entry.unread_count === 0) await this.#forgetExpiredUnread(chat);
    if (JSON.stringify(recordOf(chat)) !== before) await this.#save(chat);
    await this.moveRead(chat, entry.read_seq);
  }

  /**
   * Sets the name of a group, unless a newer name is known.
   * @param {number} seq  Lower bound of the log's length when the group had this name.
   */
  takeName(chat, name, seq) {
    if (!name || (chat.name && seq < chat.name_seq)) return;
    Object.assign(chat, { name, name_seq: seq });
  }

  /** Records that the user is in a group before the group's log shows it. */
  async enter(chat, name) {
    Object.assign(chat, { name: chat.name ?? name, listed: true, left: null, dismissed: false });
    await this.#save(chat);
    this.#changed();
  }

  /**
   * Records that the user is no longer in a group.
   * @param {'left' | 'removed' | 'deleted' | 'outside'} reason  `outside`: no membership of the user is known.
   */
  async leave(chat, reason) {
    if (chat.left) return;
    close(chat, reason, chat.log.cursor);
    await this.#save(chat);
    this.#changed();
  }

  /** Records that users who are no friends may add the user again to a group that the user has left. */
  async acceptAdds(chat) {
    if (!chat.left) return;
    chat.left = { ...chat.left, accepts_adds: true };
    await this.#save(chat);
    this.#changed();
  }

  /** Records until when a conversation is muted, or null for not muted. */
  async mute(chat, muted_until_ms) {
    this.#muted.set(chat, this.asking());
    chat.muted_until_ms = muted_until_ms;
    await this.#save(chat);
    this.#changed();
  }

  /** Removes a conversation that the user is no longer in from the list. */
  async dismiss(chat) {
    if (!chat.left) return;
    chat.dismissed = true;
    await this.#save(chat);
    this.#changed();
  }

  /** Adds a message from an event or an answer, at any position of the log. */
  offer(message) {
    const chat = this.ensure(message.conversation);
    this.#append(chat, chat.log.offer(message));
    return chat;
  }

  /** Skips missing messages up to `seq`. Scrolling up loads them. */
  skipTo(chat, seq) {
    if (seq <= chat.log.cursor) return;
    this.#append(chat, chat.log.skipTo(seq));
    this.dispatchEvent(new CustomEvent('skipped', { detail: { chat } }));
  }

  /** Adds a page that holds all messages of `[from, to]`. */
  cover(chat, from, to, messages) {
    this.#append(chat, chat.log.cover(from, to, messages));
  }

  /** Moves the user's own read mark forward. */
  async moveRead(chat, seq, { unsent = false } = {}) {
    if (seq <= chat.read_seq) return;
    chat.read_seq = seq;
    chat.read_unsent = unsent;
    await this.#lowerUnread(chat);
    await this.#save(chat);
    this.#changed();
  }

  /** Records that the server has the read mark. */
  async readSent(chat, seq) {
    if (chat.read_seq !== seq) return;
    chat.read_unsent = false;
    await this.#save(chat);
  }

  /** Records how far other members have read. */
  async moveMarkers(chat, receipts) {
    const news = receipts.filter(({ user, read_seq }) => user !== this.#user && read_seq > (chat.markers[user] ?? 0));
    if (news.length === 0) return;
    chat.markers = { ...chat.markers, ...Object.fromEntries(news.map(({ user, read_seq }) => [user, read_seq])) };
    await this.#save(chat);
    this.#changed();
  }

  #append(chat, messages) {
    if (messages.length === 0) return;
    for (const message of messages) this.#note(chat, message);
    chat.last_message = messages.at(-1);
    this.dispatchEvent(new CustomEvent('released', { detail: { chat, messages } }));
    this.#store.putMessages(chat.conversation, messages, chat.log).then(() => this.#save(chat));
    this.#changed();
  }

  /** Updates unread count, name and membership for a message that the log has just released. */
  #note(chat, message) {
    if (countsAsUnread(message, this.#user) && message.seq > chat.read_seq) chat.unread_count += 1;
    const name = nameGivenBy(message);
    if (name && message.seq >= chat.name_seq) Object.assign(chat, { name, name_seq: message.seq });
    const membership = membershipAfter(message, this.#user);
    if (membership === 'joined') Object.assign(chat, { left: null, dismissed: false });
    else if (membership) close(chat, membership, message.seq);
    if (!chat.left) chat.listed = true;
  }

  #lowerUnread(chat) {
    return this.#withHeldUnread(chat, ({ held, known, positions }) => {
      chat.unread_count = Math.min(chat.unread_count, known + (positions - held));
    });
  }

  /**
   * Reduces the unread count to the unread messages that are stored here. Call when the server has no message and
   * nothing unread any more.
   */
  #forgetExpiredUnread(chat) {
    const before = chat.unread_count;
    return this.#withHeldUnread(chat, ({ known }) => {
      chat.unread_count -= Math.max(0, before - known);
    });
  }

  /**
   * Calls `use` with counts of the unread range: `held` messages in the store, `known` unread ones among them,
   * `positions` in total. No message is released between the count and the call.
   */
  async #withHeldUnread(chat, use) {
    for (;;) {
      const { read_seq, log: { cursor } } = chat;
      if (read_seq >= cursor) return use({ held: 0, known: 0, positions: 0 });
      const held = await this.#store.messages(chat.conversation, read_seq + 1, cursor);
      // Messages that were released meanwhile have been counted already.
      if (chat.read_seq !== read_seq || chat.log.cursor !== cursor) continue;
      const known = held.filter((message) => countsAsUnread(message, this.#user)).length;
      return use({ held: held.length, known, positions: cursor - read_seq });
    }
  }

  #save(chat) {
    return this.#store.patchConversation(chat.conversation, recordOf(chat));
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}

/** Returns whether a conversation is muted at a time. */
export function isMuted({ muted_until_ms }, now = Date.now()) {
  return muted_until_ms !== null && muted_until_ms > now;
}

/** Ends the membership: the chat is no longer listed, and nothing in it is unread. */
function close(chat, reason, seq) {
  Object.assign(chat, { left: { reason, seq }, listed: false, unread_count: 0, read_unsent: false });
}

function recordOf({ log, ...fields }) {
  return { ...fields, cursor: log.cursor };
}

function chatFrom({ conversation, cursor, held, ...fields }) {
  return {
    conversation,
    unread_count: 0,
    read_seq: 0,
    read_unsent: false,
    markers: {},
    listed: false,
    left: null,
    dismissed: false,
    muted_until_ms: null,
    name_seq: 0,
    ...fields,
    log: new ConversationLog(cursor, held),
  };
}
