import { plainAlarms } from './alarms.js';
import { ConfabError } from './errors.js';
import { Following } from './following.js';
import { newClientMessageId } from './ids.js';
import { Leadership } from './leadership.js';
import { Leading } from './leading.js';

/**
 * Largest random delay before a window seizes the lead from an unresponsive window, so that windows do not all seize
 * it together. Unit: milliseconds.
 */
const SEIZE_SPREAD_MS = 500;
/** Kinds of messages that the leading window posts. */
const FROM_LEADER = new Set(['state', 'frame', 'part', 'answer', 'refusal']);

/**
 * One {@link Connection} for all windows of an account in this browser. Each window has an instance of this class,
 * which behaves like the connection.
 *
 * One window leads and has the socket. When it closes, crashes or freezes, another window leads and opens a socket.
 * Every window then emits `open`, as after any lost connection: open requests fail with an unknown outcome, and
 * `sync` delivers what was missed.
 *
 * Where there are no Web Locks (on origins that are not secure), each window has its own socket.
 *
 * Events: those of {@link Connection}; `ended` and `logged-out` are emitted in the leading window only.
 */
export class SharedConnection extends EventTarget {
  /** @type {import('./connection.js').Connection['status']} */
  status = 'stopped';
  /** As {@link Connection.retryAt}. */
  retryAt = null;
  /** Whether {@link hold} prevents the account's windows from connecting. */
  held = false;
  #name;
  #connect;
  #prepare;
  #echo;
  #alarms;
  #random;
  #now;
  #locks;
  #openChannel;
  #window = newClientMessageId();
  #channel = null;
  #leadership = null;
  #role = null;
  /** Number that grows with each leading window. Messages of earlier leading windows are ignored. */
  #term = 0;
  #suspended = false;
  #active = true;
  #cancelSeizing = () => {};

  /**
   * @param {object} use
   * @param {string} use.name  The same name in all windows of the account.
   * @param {() => import('./connection.js').Connection} use.connect  Creates a connection that has not started.
   * @param {() => Promise<void>} use.prepare
   *   What a window must do before an `open`. The connection's `ticket` does it too.
   * @param {(frame: object, answer: object) => object[]} [use.echo]  The events of a request for the other windows.
   * @param {import('./alarms.js').Alarms} [use.alarms]
   * @param {() => number} [use.random]
   * @param {() => number} [use.now]
   * @param {LockManager} [use.locks]
   * @param {(name: string) => BroadcastChannel} [use.openChannel]
   */
  constructor({
    name,
    connect,
    prepare,
    echo = () => [],
    alarms = plainAlarms,
    random = Math.random,
    now = Date.now,
    locks = globalThis.navigator?.locks,
    openChannel = globalThis.BroadcastChannel && ((channel) => new BroadcastChannel(channel)),
  }) {
    super();
    this.#name = name;
    this.#connect = connect;
    this.#prepare = prepare;
    this.#echo = echo;
    this.#alarms = alarms;
    this.#random = random;
    this.#now = now;
    this.#locks = locks;
    this.#openChannel = openChannel;
  }

  /** Whether this window has the socket. */
  get leads() {
    return this.#role instanceof Leading;
  }

  /** Whether this window has the socket and the user is active in no window. At most one window returns true. */
  get isUnattended() {
    return this.leads && this.#role.isIdle;
  }

  start() {
    if (this.status !== 'stopped') return;
    this.#setStatus('connecting');
    this.#join();
  }

  /** @param {Promise<unknown>} [closeAfter]  The socket stays open until this settles, without listeners. */
  stop(closeAfter) {
    this.#suspended = false;
    this.#setStatus('stopped');
    this.#leave(closeAfter);
  }

  /** Hands the lead over to another window. Call when the browser is about to freeze this window. */
  suspend() {
    if (this.status === 'stopped' || this.#suspended) return;
    this.#suspended = true;
    this.#leave();
    this.#setStatus('connecting');
  }

  /** Undoes {@link suspend}. */
  resume() {
    if (!this.#suspended) return;
    this.#suspended = false;
    this.#join();
  }

  /** Disconnects all windows of the account until called with `false`. */
  hold(held) {
    this.#setHeld(held);
    this.#post({ kind: 'hold', held });
  }

  wake() {
    this.#role?.wake();
  }

  /**
   * Sets whether the user is active in this window. The server receives `idle` when the user is active in no window
   * of the account.
   */
  setActive(active) {
    if (active === this.#active) return;
    this.#active = active;
    this.#role?.setActive(active);
  }

  /** Connects again after `displaced`. Call only when the user acts. */
  reconnect() {
    this.#role?.reconnect();
  }

  /** Connects again after `logged-out`, if the account has a new login. */
  restart() {
    if (this.leads) this.#role.restart();
  }

  send(frame) {
    return this.#role?.send(frame) ?? false;
  }

  /** As {@link Connection.request}. */
  request(frame, onPart) {
    return this.#role?.request(frame, onPart) ?? Promise.reject(new ConfabError('network', 'Not connected.'));
  }

  #join() {
    if (!this.#locks || !this.#openChannel) {
      this.#lead();
      return;
    }
    this.#channel = this.#openChannel(this.#name);
    this.#channel.onmessage = ({ data }) => this.#received(data);
    this.#follow();
    this.#leadership = new Leadership({
      name: this.#name,
      locks: this.#locks,
      onWon: () => this.#lead(),
      onLost: (error) => this.#lost(error),
    });
    this.#leadership.join();
  }

  #leave(closeAfter) {
    this.#cancelSeizing();
    this.#role?.end(closeAfter);
    this.#leadership?.leave();
    this.#channel?.close();
    this.#channel = this.#leadership = this.#role = null;
  }

  #lead() {
    const was = { held: this.held, displaced: this.status === 'displaced' };
    this.#cancelSeizing();
    this.#role?.end();
    this.#term = Math.max(this.#now(), this.#term + 1);
    this.#role = new Leading({ connect: this.#connect, echo: this.#echo, ...this.#ties() }, was);
  }

  #follow() {
    this.#role?.end();
    this.#role = new Following({
      window: this.#window,
      status: () => this.status,
      prepare: this.#prepare,
      onSilent: () => this.#seize(),
      random: this.#random,
      ...this.#ties(),
    });
  }

  #ties() {
    return {
      post: (message) => this.#post(message),
      emit: (type, detail) => this.dispatchEvent(new CustomEvent(type, { detail })),
      setStatus: (status, retryAt) => this.#setStatus(status, retryAt),
      active: () => this.#active,
      alarms: this.#alarms,
    };
  }

  #seize() {
    const term = this.#term;
    this.#cancelSeizing();
    this.#cancelSeizing = this.#alarms.after(this.#random() * SEIZE_SPREAD_MS, () => {
      if (term === this.#term && !this.leads) this.#leadership.seize();
    });
  }

  #lost(error) {
    if (error.name === 'AbortError') {
      this.#follow();
      this.#leadership.join();
      return;
    }
    // The browser has locks but denies them to this page.
    this.#locks = null;
    this.#leave();
    this.#lead();
  }

  #received(message) {
    // While this window was frozen, another window has seized the lead.
    if (this.leads && message.term > this.#term) this.#lost({ name: 'AbortError' });
    if (message.kind === 'hold') this.#setHeld(message.held);
    else if (!FROM_LEADER.has(message.kind)) this.#takeFromFollower(message);
    else if (message.term >= this.#term) this.#takeFromLeader(message);
  }

  #takeFromFollower(message) {
    if (this.leads) this.#role.take(message);
  }

  #takeFromLeader(message) {
    // Two windows lead in the same millisecond. One of them has the lock, and the other soon learns that it has lost
    // it.
    if (this.leads) return;
    this.#cancelSeizing();
    this.#term = message.term;
    if (message.kind === 'state') this.#setHeld(message.held);
    this.#role.take(message);
  }

  #post(message) {
    this.#channel?.postMessage({ ...message, from: this.#window, term: this.#term });
  }

  #setHeld(held) {
    if (held === this.held) return;
    this.held = held;
    this.#role?.hold(held);
    this.dispatchEvent(new Event('status'));
  }

  #setStatus(status, retryAt = null) {
    if (status === this.status && retryAt === this.retryAt) return;
    Object.assign(this, { status, retryAt });
    this.dispatchEvent(new Event('status'));
  }
}
