import { plainAlarms, steadyAlarms } from './alarms.js';
import { Chats } from './chats.js';
import { Connection } from './connection.js';
import { Contacts } from './contacts.js';
import { Events } from './events.js';
import { Groups } from './groups.js';
import { ConfabHttp } from './http.js';
import { dmOf } from './ids.js';
import { MemoryStore } from './memory-store.js';
import { Outbox } from './outbox.js';
import { echoOf, ownMessage } from './own-messages.js';
import { watchPage } from './page-life.js';
import { peopleOf } from './people.js';
import { Presence } from './presence.js';
import { Profiles } from './profiles.js';
import { Reads } from './reads.js';
import { repeated } from './repeated.js';
import { SharedConnection } from './shared-connection.js';
import { Siblings } from './siblings.js';
import { Store } from './store.js';
import { Synchronizer } from './synchronizer.js';
import { Timeline } from './timeline.js';
import { Typing } from './typing.js';

/** Version of the messages about the shared socket. Windows with different versions do not share one. */
const RELAY_VERSION = 2;
/** Wait for another window to send a read mark before this window sends it. Unit: milliseconds. */
const READS_MS = 3_000;

/**
 * One account in one window: everything that a chat page needs. All windows of the account in this browser share one
 * socket, see {@link SharedConnection}.
 *
 * Events: `status`, `change` (chat list, unread counts, read marks or names), `message` (`detail` is `{conversation,
 * messages}`: new messages, in order, once), `outbox` and `typing` (`detail` is `{conversation}`), `presence`,
 * `contacts` (the lists have been loaded), `contact` (`detail` is `{user, change}`: another user has sent or accepted
 * a request or ended a friendship, and the lists include it), `outdated` (another window runs a later version of the
 * page; this one can no longer store anything) and `ended` (`detail` is `{reason}`, `logout` or `expired`; the client
 * has stopped).
 *
 * `platform` can replace APIs of the browser: `fetch`, `WebSocket`, `locks`, `openChannel`, `alarms`, `watchPage`.
 */
export class ConfabClient extends EventTarget {
  #credentials;
  #connection;
  #synchronizer;
  #timelines = new Map();
  #siblings;
  #reads;
  #platform;
  #alarms;
  /** The login whose ticket opened the socket. */
  #socketLogin;
  #stopped = false;
  #stopWatching = () => {};

  /**
   * Opens the account's local data; {@link start} connects.
   * @param {{user: string, credentials: object, base?: string}} options
   */
  static async open({ user, credentials, base }) {
    let client;
    const onUpgraded = () => client?.dispatchEvent(new Event('outdated'));
    const store = await Store.open(user, { onUpgraded }).catch(() => new MemoryStore());
    client = new ConfabClient({ user, credentials, base, store });
    await Promise.all([client.chats.load(), client.profiles.load()]);
    return client;
  }

  constructor({ user, credentials, base, store, platform = {} }) {
    super();
    this.user = user;
    this.store = store;
    this.#credentials = credentials;
    this.#platform = { openChannel: globalThis.BroadcastChannel && ((name) => new BroadcastChannel(name)), locks: globalThis.navigator?.locks, watchPage, ...platform };
    const { alarms = plainAlarms, fetch } = platform;
    this.#alarms = alarms;
    const end = async (access_token) => {
      const ended = await credentials.end(access_token);
      if (ended) this.#end('expired');
      return ended;
    };
    const http = new ConfabHttp({ base, credentials: { ...credentials, end }, fetch, alarms });
    this.http = http;
    this.chats = new Chats({ user, store });
    this.profiles = new Profiles({ http, store });
    const connection = this.#connect();
    this.#connection = connection;
    this.#synchronizer = new Synchronizer({ connection, http, chats: this.chats, alarms, onPeers: (peers) => this.profiles.putAll(peers), onSynced: () => this.#synced() });
    this.groups = new Groups({ user, http, chats: this.chats, alarms, onRefused: () => this.#synchronizer.refreshList() });
    this.presence = new Presence({
      user,
      connection,
      alarms,
      ...peopleOf({ user, chats: this.chats, groups: this.groups, friends: () => this.contacts.friends, open: () => this.#timelines.keys() }),
    });
    this.contacts = new Contacts({ http, profiles: this.profiles, presence: this.presence, alarms });
    this.typing = new Typing({ user, connection, alarms });
    this.#reads = new Reads({
      connection,
      chats: this.chats,
      alarms,
      onSent: ({ conversation }, seq) => this.#siblings.tell({ readSent: { conversation, seq } }),
    });
    this.outbox = new Outbox({ store, connection, http, alarms, onAck: (entry, ack) => this.#acked(entry, ack) });
    this.#siblings = new Siblings({
      name: `confab:${user}`,
      outbox: this.outbox,
      alarms,
      locks: this.#platform.locks,
      openChannel: this.#platform.openChannel,
      onMessage: (message) => this.#takeFromSibling(message),
    });
    this.#wire();
  }

  #connect() {
    const { alarms = steadyAlarms(), WebSocket, locks, openChannel } = this.#platform;
    const prepare = () => this.#synchronizer.prepare();
    const ticket = async () => {
      await prepare();
      const ticket = await this.http.ticket();
      this.#socketLogin = this.http.currentLogin;
      return ticket;
    };
    const connect = () => new Connection({ alarms, ticket, WebSocket });
    const echo = (frame, answer) => echoOf(this.user, frame, answer);
    return new SharedConnection({ name: `confab-socket.${RELAY_VERSION}:${this.user}`, connect, prepare, echo, alarms, locks, openChannel });
  }

  #wire() {
    const connection = this.#connection;
    const { user, chats, presence, typing, profiles, contacts } = this;
    const events = new Events({ user, chats, synchronizer: this.#synchronizer, presence, typing, profiles, contacts, onContact: (detail) => this.#emit('contact', detail) });
    connection.addEventListener('status', () => this.#emit('status'));
    connection.addEventListener('ended', () => this.#end('expired'));
    connection.addEventListener('logged-out', () => this.#loggedOut());
    connection.addEventListener('open', () => {
      // The window with the socket sends all unsent read marks now. The other windows later send the remaining ones.
      if (connection.leads) this.#reads.sendAll();
      else this.#alarms.after(READS_MS, () => this.#reads.sendAll());
      this.groups.refreshAll();
      this.#siblings.adopt();
    });
    connection.addEventListener('frame', ({ detail }) => events.take(detail));
    for (const source of [chats, profiles, this.groups]) source.addEventListener('change', () => this.#emit('change'));
    for (const source of [chats, this.groups]) source.addEventListener('change', () => this.presence.notice());
    presence.addEventListener('change', () => this.#emit('presence'));
    contacts.addEventListener('change', () => this.#emit('contacts'));
    contacts.addEventListener('changed-here', () => this.#siblings.tell({ contacts: true }));
    typing.addEventListener('change', ({ detail }) => this.#emit('typing', detail));
    this.outbox.addEventListener('change', ({ detail }) => this.#emit('outbox', detail));
    this.outbox.addEventListener('slowed', () => this.#emit('status'));
    this.chats.addEventListener('released', ({ detail: { chat, messages } }) => {
      this.#timelines.get(chat.conversation)?.append(messages);
      this.groups.released(chat, messages);
      for (const message of messages) {
        if (message.sender === this.user) this.outbox.released(message.client_message_id);
        else this.typing.ended(chat.conversation, message.sender);
      }
      this.#emit('message', { conversation: chat.conversation, messages });
    });
    this.chats.addEventListener('skipped', ({ detail: { chat } }) => {
      this.#timelines.get(chat.conversation)?.reset();
      this.groups.refresh(chat.conversation);
    });
  }

  get status() {
    return this.#connection.status;
  }

  /** Time of the next attempt to connect, or null. Unit: milliseconds since the Unix epoch. */
  get retryAt() {
    return this.#connection.retryAt;
  }

  /** Whether this window has the socket and the user is active in no window of the account in this browser. */
  get isUnattended() {
    return this.#connection.isUnattended;
  }

  /** Number of unread messages, without those of muted conversations. */
  get unreadTotal() {
    return this.chats.unreadTotal;
  }

  /** Connects, and stays connected until {@link stop}. */
  start() {
    this.#siblings.start();
    this.#stopWatching = this.#platform.watchPage({
      onNetwork: () => this.wake(),
      onSuspend: () => this.#suspend(),
      onResume: () => this.#resume(),
      onLeave: () => this.#siblings.goes(),
      onActivity: (active) => this.#connection.setActive(active),
    });
    this.#connection.start();
    this.profiles.loadOwn();
  }

  /**
   * Disconnects and keeps the stored data.
   * @param {Promise<unknown>} [closeAfter]  The socket stays open until this settles.
   */
  stop(closeAfter) {
    this.#stopped = true;
    this.#connection.stop(closeAfter);
    this.outbox.stop();
    this.#reads.stop();
    this.#siblings.stop();
    this.presence.stop();
    this.#stopWatching();
    this.store.close();
  }

  /** Checks the connection now. */
  wake() {
    this.#connection.wake();
  }

  /** Connects again after `displaced`. Call only when the user acts. */
  reconnect() {
    this.#connection.reconnect();
  }

  /** Whether {@link hold} prevents this browser's windows from connecting. */
  get held() {
    return this.#connection.held;
  }

  /** Disconnects, as if there were no network, until called with `false`. */
  hold(held) {
    this.#connection.hold(held);
  }

  /** Call when the page becomes visible and when it becomes hidden. */
  setVisible(visible) {
    if (visible) {
      // Before the heartbeat of `wake`, which says whether the user is active.
      this.#connection.setActive(true);
      this.wake();
    }
    this.presence.setVisible(visible);
    if (visible && this.status === 'online') this.contacts.refresh();
  }

  /**
   * Ends this device's login and deletes its stored data. The server is notified as soon as it can be reached.
   * @param {{everywhere?: boolean}} [where]  `everywhere`: the server ends the logins of all devices.
   */
  async logout({ everywhere } = {}) {
    await this.#credentials.leave({ everywhere });
    this.#siblings.tell({ ended: true });
    this.#end('logout');
    if (this.store instanceof Store) await Store.remove(this.user);
  }

  /**
   * Returns the loaded messages of a conversation, an event target; see {@link Timeline}.
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

  /** Queues a text, which is sent as soon as there is a connection. */
  send(conversation, text) {
    this.typing.sent(conversation);
    // A user who sends a message here wants this window to be connected.
    if (this.status === 'displaced') this.reconnect();
    return this.outbox.add(conversation, text, { read_seq: this.chats.get(conversation)?.read_seq ?? 0 });
  }

  /** Records that the user has read everything up to `seq`. */
  async markRead(conversation, seq) {
    const chat = this.chats.get(conversation);
    if (!chat || chat.left || seq <= chat.read_seq) return;
    await this.chats.moveRead(chat, seq, { unsent: true });
    this.#siblings.tell({ read: { conversation, seq } });
    this.#reads.send(chat);
  }

  /** Mutes a conversation until a time, or unmutes it with null. Unit: milliseconds since the Unix epoch. */
  async mute(conversation, muted_until_ms) {
    await repeated(() => this.http.patchConversation(conversation, { muted_until_ms }), this.#alarms);
    await this.chats.mute(this.chats.ensure(conversation), muted_until_ms);
    this.#siblings.tell({ muted: { conversation, muted_until_ms } });
  }

  /** Lets users who are no friends add the user again to a group that the user has left. */
  async acceptAdds(conversation) {
    await this.groups.acceptAdds(conversation);
    this.#siblings.tell({ acceptsAdds: conversation });
  }

  /** Removes a conversation that the user is no longer in from the list. */
  async dismiss(conversation) {
    await this.chats.dismiss(this.chats.ensure(conversation));
    this.#siblings.tell({ dismissed: conversation });
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

  /** Loads how far the other members have read. */
  async loadMarkers(conversation) {
    const chat = this.chats.get(conversation);
    if (!chat || chat.left || chat.log.cursor === 0) return;
    await this.chats.moveMarkers(chat, await this.http.receipts(conversation).catch(() => []));
  }

  #synced() {
    this.presence.synced();
    this.contacts.refreshAll();
  }

  #suspend() {
    this.#connection.suspend();
    this.#siblings.suspend();
  }

  #resume() {
    this.#siblings.resume();
    this.#connection.resume();
  }

  #acked(entry, ack) {
    this.#synchronizer.take(ownMessage(this.user, entry, ack));
    // The `ack` of a repeated send may arrive after `sync` has delivered the message.
    if (this.chats.get(ack.conversation).log.cursor >= ack.seq) this.outbox.released(entry.client_message_id);
  }

  #takeFromSibling({ read, readSent, muted, acceptsAdds, dismissed, contacts, expired, ended }) {
    const chat = this.chats.get((read ?? readSent)?.conversation);
    if (read && chat) this.#takeRead(chat, read.seq);
    if (readSent && chat) this.chats.readSent(chat, readSent.seq);
    if (muted) this.chats.mute(this.chats.ensure(muted.conversation), muted.muted_until_ms);
    if (acceptsAdds) this.chats.acceptAdds(this.chats.ensure(acceptsAdds));
    if (dismissed) this.chats.dismiss(this.chats.ensure(dismissed));
    if (contacts) this.contacts.refreshAll();
    // A window that has a newer login ignores the end of an older one.
    if (expired && expired.login === this.http.currentLogin) this.#end('expired', { announced: true });
    if (ended) this.#end('logout');
  }

  /** Records a read mark that another window sends, and sends it if it is still unsent after {@link READS_MS}. */
  #takeRead(chat, seq) {
    this.chats.moveRead(chat, seq, { unsent: true });
    this.#alarms.after(READS_MS, () => this.#reads.send(chat));
  }

  /** Handles the server's report that the socket's login has ended. */
  async #loggedOut() {
    const session = await this.#credentials.load();
    // A new login in this browser has ended the earlier one.
    if (session && session.login !== this.#socketLogin) {
      this.#connection.restart();
      return;
    }
    if (session) await this.#credentials.end(session.access_token);
    this.#end('expired');
  }

  #end(reason, { announced = false } = {}) {
    if (this.#stopped) return;
    if (reason === 'expired' && !announced) this.#siblings.tell({ expired: { login: this.http.currentLogin } });
    // A logout shows the user as offline now, a disconnect only later. So the logout precedes the close.
    this.stop(reason === 'logout' ? this.#credentials.settle() : undefined);
    this.#emit('ended', { reason });
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
