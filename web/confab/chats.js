import { countsAsUnread, membershipAfter, nameGivenBy } from './entries.js';
import { ConversationLog } from './log.js';

/** Missed messages beyond which a device jumps to the newest and leaves the rest to scrolling. */
const CATCH_UP_MAX = 500;

/**
 * The chat list: what is known of each conversation, its log and its unread count.
 *
 * `left` of a group in which the user was is `{reason, seq}`: why they are out,
 * and the position of the log from which on that holds; else it is null. `left.accepts_adds`: the user
 * lets anybody put them back. `dismissed`: the user has
 * taken it from the list since. `muted_until_ms` is null where the conversation is not muted.
 *
 * Events: `change`, `released` (`detail` is `{chat, messages}`), `skipped` (`detail` is `{chat}`).
 */
export class Chats extends EventTarget {
  #user;
  #store;
  #chats = new Map();
  /** When the user last muted or unmuted a chat in this browser. */
  #muted = new Map();
  /** Whether the server's list has been taken since the page was loaded. */
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

  /** Returns the chat, made up empty where it does not exist yet. */
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

  /** Number of unread messages; those of muted conversations are not counted. */
  get unreadTotal() {
    const now = Date.now();
    return this.all().reduce((total, chat) => total + (isMuted(chat, now) ? 0 : chat.unread_count), 0);
  }

  /** Returns for each conversation the highest seq up to which nothing is missing; of groups that the user has left there is nothing more to come. */
  cursors() {
    const known = this.all().filter((chat) => !chat.left && (chat.log.cursor > 0 || chat.listed));
    return Object.fromEntries(known.map((chat) => [chat.conversation, chat.log.cursor]));
  }

  /** Returns what {@link takeList} needs to know of a list that is about to be asked for. */
  asking() {
    this.#time += 1;
    return this.#time;
  }

  /**
   * Takes the server's chat list, and returns the groups that are in this one but not in that.
   * @param {number} [asked]  From {@link asking}: what the user has set since then stands.
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
    // From before the user's leaving, of which the log has told already.
    if (chat.left && entry.last_seq <= chat.left.seq) return;
    const before = JSON.stringify(recordOf(chat));
    const isNew = !chat.listed && chat.log.cursor === 0;
    Object.assign(chat, { kind: entry.kind, listed: true, left: null, dismissed: false });
    if ((this.#muted.get(chat) ?? 0) < asked) chat.muted_until_ms = entry.muted_until_ms ?? null;
    this.takeName(chat, entry.name, entry.last_seq);
    if (entry.last_message && entry.last_seq >= (chat.last_message?.seq ?? 0)) chat.last_message = entry.last_message;
    const skips = isNew || entry.last_seq - chat.log.cursor > CATCH_UP_MAX;
    // Where the list knows more than the log, what is missing will be counted as it comes.
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

  /** Takes a name that a group had when its log was at least as long as `seq`. */
  takeName(chat, name, seq) {
    if (!name || (chat.name && seq < chat.name_seq)) return;
    Object.assign(chat, { name, name_seq: seq });
  }

  /** Notes that the user is in a group, before its log tells. */
  async enter(chat, name) {
    Object.assign(chat, { name: chat.name ?? name, listed: true, left: null, dismissed: false });
    await this.#save(chat);
    this.#changed();
  }

  /**
   * Notes that the user is in a group no more.
   * @param {'left' | 'removed' | 'deleted' | 'outside'} reason  `outside`: the user has not been in it, as far as is known.
   */
  async leave(chat, reason) {
    if (chat.left) return;
    close(chat, reason, chat.log.cursor);
    await this.#save(chat);
    this.#changed();
  }

  /** Notes that anybody may put the user back into a group that they have left. */
  async acceptAdds(chat) {
    if (!chat.left) return;
    chat.left = { ...chat.left, accepts_adds: true };
    await this.#save(chat);
    this.#changed();
  }

  /** Notes until when a conversation is muted, or null. */
  async mute(chat, muted_until_ms) {
    this.#muted.set(chat, this.asking());
    chat.muted_until_ms = muted_until_ms;
    await this.#save(chat);
    this.#changed();
  }

  /** Takes a conversation that the user is out of from the list. */
  async dismiss(chat) {
    if (!chat.left) return;
    chat.dismissed = true;
    await this.#save(chat);
    this.#changed();
  }

  /** Takes a message, from an event or an answer, whatever its place. */
  offer(message) {
    const chat = this.ensure(message.conversation);
    this.#append(chat, chat.log.offer(message));
    return chat;
  }

  /** Gives up on what is missing before `seq`; scrolling up loads it. */
  skipTo(chat, seq) {
    if (seq <= chat.log.cursor) return;
    this.#append(chat, chat.log.skipTo(seq));
    this.dispatchEvent(new CustomEvent('skipped', { detail: { chat } }));
  }

  /** Takes a page that is everything in `[from, to]`. */
  cover(chat, from, to, messages) {
    this.#append(chat, chat.log.cover(from, to, messages));
  }

  /** Moves the user's own read marker forward. */
  async moveRead(chat, seq, { unsent = false } = {}) {
    if (seq <= chat.read_seq) return;
    chat.read_seq = seq;
    chat.read_unsent = unsent;
    await this.#lowerUnread(chat);
    await this.#save(chat);
    this.#changed();
  }

  /** Notes that the server knows the read marker. */
  async readSent(chat, seq) {
    if (chat.read_seq !== seq) return;
    chat.read_unsent = false;
    await this.#save(chat);
  }

  /** Notes how far other members have read. */
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

  /** Draws the conclusions from a message that has just come to its place. */
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

  /** The server has nothing unread and no message any more, so only what is stored here can still be read. */
  #forgetExpiredUnread(chat) {
    const before = chat.unread_count;
    return this.#withHeldUnread(chat, ({ known }) => {
      chat.unread_count -= Math.max(0, before - known);
    });
  }

  /** Calls `use` with what is stored of the unread stretch, before anything more can come. */
  async #withHeldUnread(chat, use) {
    for (;;) {
      const { read_seq, log: { cursor } } = chat;
      if (read_seq >= cursor) return use({ held: 0, known: 0, positions: 0 });
      const held = await this.#store.messages(chat.conversation, read_seq + 1, cursor);
      // What has come meanwhile has been counted by itself.
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

/** The list has it no more, and nothing in it asks to be read. */
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
