import { plainAlarms, steadyAlarms } from './alarms.js';
import { Chats } from './chats.js';
import { Connection } from './connection.js';
import { Contacts } from './contacts.js';
import { Groups } from './groups.js';
import { ConfabHttp } from './http.js';
import { dmOf, peerOf } from './ids.js';
import { heldNames, holdShared } from './locks.js';
import { MemoryStore } from './memory-store.js';
import { Outbox } from './outbox.js';
import { Presence } from './presence.js';
import { Profiles } from './profiles.js';
import { Store } from './store.js';
import { Synchronizer } from './synchronizer.js';
import { Timeline } from './timeline.js';
import { Typing } from './typing.js';

/** How often a window looks for unsent messages of windows that are gone. Unit: milliseconds. */
const ADOPT_MS = 30_000;

/**
 * One account in one window: everything that a chat page needs.
 *
 * Events: `status`, `change` (chat list, unread counts, read markers or names),
 * `message` (`detail` is `{conversation, messages}`: new ones, in order, once),
 * `outbox` and `typing` (`detail` is `{conversation}`), `presence`, `contacts` and `ended` (`detail` is `{reason}`,
 * `logout` or `expired`; the client has stopped).
 */
export class ConfabClient extends EventTarget {
  #credentials;
  #connection;
  #synchronizer;
  #timelines = new Map();
  #siblings;
  #reads = 0;
  #stopped = false;
  #cleanups = [];

  /**
   * Opens the account's local data; {@link start} connects.
   * @param {{user: string, credentials: object, base?: string}} options
   */
  static async open({ user, credentials, base }) {
    const store = await Store.open(user).catch(() => new MemoryStore());
    const client = new ConfabClient({ user, credentials, base, store });
    await Promise.all([client.chats.load(), client.profiles.load()]);
    return client;
  }

  constructor({ user, credentials, base, store }) {
    super();
    this.user = user;
    this.store = store;
    this.#credentials = credentials;
    const end = async (access_token) => {
      const ended = await credentials.end(access_token);
      if (contacts) this.contacts.refreshAll();
      if (ended) this.#end('expired');
      return ended;
    };
    const http = new ConfabHttp({ base, credentials: { ...credentials, end } });
    this.http = http;
    this.chats = new Chats({ user, store });
    this.profiles = new Profiles({ http, store });
    this.#connection = new Connection({
      alarms: steadyAlarms(),
      ticket: async () => {
        await this.#synchronizer.prepare();
        return http.ticket();
      },
    });
    const connection = this.#connection;
    this.#synchronizer = new Synchronizer({ connection, http, chats: this.chats, alarms: plainAlarms, onSynced: () => this.#synced() });
    this.groups = new Groups({ user, http, chats: this.chats, onRefused: () => this.#synchronizer.refreshList() });
    this.presence = new Presence({
      user,
      connection,
      people: () => this.#peopleWhoMatter(),
      friends: () => this.#friends(),
      onScreen: () => this.#peopleOnScreen(),
    });
    this.contacts = new Contacts({ http, profiles: this.profiles, presence: this.presence });
    this.typing = new Typing({ user, connection });
    this.outbox = new Outbox({
      store,
      connection,
      http,
      onAck: (entry, ack) => this.#acked(entry, ack),
    });
    this.#wire();
  }

  #wire() {
    const connection = this.#connection;
    connection.addEventListener('status', () => this.#emit('status'));
    connection.addEventListener('ended', () => this.#end('expired'));
    connection.addEventListener('open', () => {
      this.#sendReads();
      this.groups.refreshAll();
    });
    connection.addEventListener('frame', ({ detail }) => this.#received(detail));
    this.chats.addEventListener('change', () => this.#emit('change'));
    this.profiles.addEventListener('change', () => this.#emit('change'));
    this.groups.addEventListener('change', () => this.#emit('change'));
    for (const source of [this.chats, this.groups]) source.addEventListener('change', () => this.presence.notice());
    this.presence.addEventListener('change', () => this.#emit('presence'));
    this.contacts.addEventListener('change', () => this.#emit('contacts'));
    this.contacts.addEventListener('changed-here', () => this.#siblings?.postMessage({ contacts: true }));
    this.typing.addEventListener('change', ({ detail }) => this.#emit('typing', detail));
    this.outbox.addEventListener('change', ({ detail }) => this.#emit('outbox', detail));
    this.chats.addEventListener('released', ({ detail: { chat, messages } }) => {
      this.#timelines.get(chat.conversation)?.append(messages);
      this.groups.released(chat, messages);
      this.#emit('message', { conversation: chat.conversation, messages });
      for (const message of messages) {
        if (message.sender === this.user) this.outbox.released(message.client_message_id);
        else this.typing.ended(chat.conversation, message.sender);
      }
    });
    this.chats.addEventListener('skipped', ({ detail: { chat } }) => {
      this.#timelines.get(chat.conversation)?.reset();
      this.groups.refresh(chat.conversation);
    });
  }

  get status() {
    return this.#connection.status;
  }

  get unreadTotal() {
    return this.chats.all().reduce((total, chat) => total + chat.unread_count, 0);
  }

  /** Connects, and stays connected until {@link stop}. */
  start() {
    this.#listenToSiblings();
    const wake = () => this.wake();
    globalThis.addEventListener?.('online', wake);
    globalThis.addEventListener?.('offline', wake);
    this.#cleanups.push(() => {
      globalThis.removeEventListener?.('online', wake);
      globalThis.removeEventListener?.('offline', wake);
    });
    this.#adoptOrphans();
    this.#connection.start();
    this.#loadOwnProfile();
  }

  /**
   * Disconnects and leaves what is stored as it is.
   * @param {Promise<unknown>} [closeAfter]  Until then the socket stays open.
   */
  stop(closeAfter) {
    this.#stopped = true;
    this.#connection.stop(closeAfter);
    this.outbox.stop();
    this.presence.stop();
    for (const cleanup of this.#cleanups.splice(0)) cleanup();
    this.store.close();
  }

  /** Finds out at once whether the connection still lives. */
  wake() {
    this.#connection.wake();
  }

  /** Whether {@link hold} keeps this window from connecting. */
  get held() {
    return this.#connection.held;
  }

  /** Disconnects until called with `false`, as if there were no network. */
  hold(held) {
    this.#connection.hold(held);
  }

  /** Call when the page comes to the front and when it goes. */
  setVisible(visible) {
    if (visible) this.wake();
    this.presence.setVisible(visible);
    if (visible && this.status === 'online') this.contacts.refresh();
  }

  /** Ends this device's session and deletes what it stored; the server is told as soon as it can be. */
  async logout() {
    await this.#credentials.leave();
    this.#siblings?.postMessage({ ended: true });
    this.#end('logout');
    if (this.store instanceof Store) await Store.remove(this.user);
  }

  /**
   * Returns the loaded messages of a conversation, to be listened to; see {@link Timeline}.
   * @param {string} conversation
   */
  timeline(conversation) {
    let timeline = this.#timelines.get(conversation);
    if (!timeline) {
      timeline = new Timeline({ chat: this.chats.ensure(conversation), store: this.store, http: this.http });
      this.#timelines.set(conversation, timeline);
    }
    return timeline;
  }

  closeTimeline(conversation) {
    this.#timelines.delete(conversation);
  }

  /** Queues a text; it is sent as soon as there is a connection. */
  send(conversation, text) {
    this.typing.sent(conversation);
    return this.outbox.add(conversation, text);
  }

  /** Says that the user has seen everything up to `seq`. */
  async markRead(conversation, seq) {
    const chat = this.chats.get(conversation);
    if (!chat || chat.left || seq <= chat.read_seq) return;
    await this.chats.moveRead(chat, seq, { unsent: true });
    this.#siblings?.postMessage({ read: { conversation, seq } });
    this.#sendRead(chat);
  }

  /**
   * Finds a user by exact handle and returns their profile.
   * @throws {ConfabError} `not_found`
   */
  async findUser(handle) {
    const profile = await this.http.userByHandle(handle.trim().replace(/^@/, '').toLowerCase());
    this.profiles.put(profile);
    return profile;
  }

  /** Returns the 1:1 conversation with a user. */
  conversationWith(user) {
    return dmOf(this.user, user);
  }

  /** Asks how far the other members have read. */
  async loadMarkers(conversation) {
    const chat = this.chats.get(conversation);
    if (!chat || chat.left || chat.log.cursor === 0) return;
    await this.chats.moveMarkers(chat, await this.http.receipts(conversation).catch(() => []));
  }

  async rename(display_name) {
    this.profiles.put(await this.http.patchMe({ display_name }));
  }

  async #loadOwnProfile() {
    const me = await this.http.me().catch(() => null);
    if (me) this.profiles.put(me);
  }

  #received(frame) {
    switch (frame.type) {
      case 'message':
        return this.#synchronizer.take(messageOf(frame));
      case 'receipt':
        return this.#takeReceipt(frame);
      case 'conversation':
        return this.#synchronizer.hint(frame);
      case 'presence':
        return this.presence.take(frame.users);
      case 'typing':
        return this.typing.take(frame);
      default:
        // Frames of further kinds may come, and mean nothing to this client.
    }
  }

  #synced() {
    this.presence.synced();
    this.contacts.refreshAll();
  }

  /** Friends, who one talks to, and who is in the group that one looks at. */
  #peopleWhoMatter() {
    const conversations = this.chats.all().map(({ conversation }) => conversation);
    return new Set([...this.#friends(), ...this.#peersOf(conversations), ...this.groups.watchedMembers]);
  }

  /** Who is in the conversations that are open. */
  #peopleOnScreen() {
    return new Set([...this.#peersOf([...this.#timelines.keys()]), ...this.groups.watchedMembers]);
  }

  #friends() {
    return this.contacts.friends.map(({ user }) => user);
  }

  #peersOf(conversations) {
    return conversations.map((conversation) => peerOf(conversation, this.user)).filter(Boolean);
  }

  #takeReceipt({ conversation, user, read_seq }) {
    const chat = this.chats.get(conversation);
    if (!chat) return;
    if (user === this.user) this.chats.moveRead(chat, read_seq);
    else this.chats.moveMarkers(chat, [{ user, read_seq }]);
  }

  #acked({ client_message_id, text }, { conversation, seq, sent_at_ms }) {
    const message = { conversation, seq, sender: this.user, client_message_id, text, kind: 'text', sent_at_ms };
    this.#synchronizer.take(message);
    // A repeated send may be acknowledged after its message has come by `sync`.
    if (this.chats.get(conversation).log.cursor >= seq) this.outbox.released(client_message_id);
    // Windows share the device, and the socket that sent gets no event.
    this.#siblings?.postMessage({ message });
  }

  #sendReads() {
    for (const chat of this.chats.all()) {
      if (chat.read_unsent) this.#sendRead(chat);
    }
  }

  async #sendRead(chat) {
    if (this.status !== 'online') return;
    const { conversation, read_seq: seq } = chat;
    this.#reads += 1;
    try {
      await this.#connection.request({ action: 'read', id: `read-${this.#reads}`, conversation, seq });
      await this.chats.readSent(chat, seq);
    } catch {
      // Stays marked as unsent and goes out after the next connect.
    }
  }

  #listenToSiblings() {
    if (!globalThis.BroadcastChannel) return;
    this.#siblings = new BroadcastChannel(`confab:${this.user}`);
    this.#siblings.onmessage = ({ data: { message, read, contacts, ended } }) => {
      if (message) this.#synchronizer.take(message);
      if (read) this.#takeReceipt({ ...read, user: this.user, read_seq: read.seq });
      if (contacts) this.contacts.refreshAll();
      if (ended) this.#end('logout');
    };
    this.#cleanups.push(() => {
      this.#siblings.close();
      this.#siblings = null;
    });
  }

  #adoptOrphans() {
    const lock = (window) => `confab-outbox:${window}`;
    const adopt = async () => {
      const held = await heldNames();
      await this.outbox.adopt((window) => held.has(lock(window)));
    };
    const timer = setInterval(adopt, ADOPT_MS);
    this.#cleanups.push(holdShared(lock(this.outbox.window)), () => clearInterval(timer));
    adopt();
  }

  #end(reason) {
    if (this.#stopped) return;
    // The server shows who logs out as offline at once, and who only disconnects later: so the logout goes first.
    this.stop(reason === 'logout' ? this.#credentials.settle() : undefined);
    this.#emit('ended', { reason });
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

function messageOf({ type, ...message }) {
  return message;
}
