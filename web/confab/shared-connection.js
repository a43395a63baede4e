import { plainAlarms } from './alarms.js';
import { ConfabError } from './errors.js';
import { Following } from './following.js';
import { newClientMessageId } from './ids.js';
import { Leadership } from './leadership.js';
import { Leading } from './leading.js';

/** Longest time by which windows that find the leading one silent wait differently, lest they seize at once. Unit: milliseconds. */
const SEIZE_SPREAD_MS = 500;
/** What the leading window posts. */
const FROM_LEADER = new Set(['state', 'frame', 'part', 'answer', 'refusal']);

/**
 * One {@link Connection} for all windows of an account in this browser; each of
 * them has one of these, which behaves as the connection does.
 *
 * One window leads and has the socket. When it closes, crashes or freezes,
 * another leads: it opens a socket, and every window says `open`, as after any
 * cut. So what one of them sends or receives at that moment is what it would be
 * at a cut: requests fail with an unknown outcome, and `sync` gives the rest.
 *
 * Where there are no Web Locks (on origins that are not secure) each window has
 * a socket of its own.
 *
 * Events: those of {@link Connection}; `ended` and `logged-out` come to the
 * window that leads.
 */
export class SharedConnection extends EventTarget {
  /** @type {import('./connection.js').Connection['status']} */
  status = 'stopped';
  /** As {@link Connection.retryAt}. */
  retryAt = null;
  /** Whether {@link hold} keeps the account's windows from connecting. */
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
  /** Grows from one leading window to the next: what an earlier one still says does not count. */
  #term = 0;
  #suspended = false;
  #active = true;
  #cancelSeizing = () => {};

  /**
   * @param {object} use
   * @param {string} use.name  The same in all windows of the account.
   * @param {() => import('./connection.js').Connection} use.connect  Makes one that has not started.
   * @param {() => Promise<void>} use.prepare  What a window must do before the first `open`; the connection's ticket does so too.
   * @param {(frame: object, answer: object) => object[]} [use.echo]  The events that a request means for the windows that did not make it.
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

  /** Whether this window has the socket and nobody is at any window: of all windows one at most says so. */
  get isUnattended() {
    return this.leads && this.#role.isIdle;
  }

  start() {
    if (this.status !== 'stopped') return;
    this.#setStatus('connecting');
    this.#join();
  }

  /** @param {Promise<unknown>} [closeAfter]  Until then the socket stays open, though nobody listens any more. */
  stop(closeAfter) {
    this.#suspended = false;
    this.#setStatus('stopped');
    this.#leave(closeAfter);
  }

  /** Hands over to another window; call when the browser is about to freeze this one. */
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

  /** Lets all windows of the account disconnect, until called with `false`. */
  hold(held) {
    this.#setHeld(held);
    this.#post({ kind: 'hold', held });
  }

  wake() {
    this.#role?.wake();
  }

  /** Says whether somebody is at this window. Nobody at any of the account's windows is told the server as `idle`. */
  setActive(active) {
    if (active === this.#active) return;
    this.#active = active;
    this.#role?.setActive(active);
  }

  /** Connects again after `displaced`. Only for what the user does. */
  reconnect() {
    this.#role?.reconnect();
  }

  /** Connects again after `logged-out`, where the account has another login by now. */
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
    // The browser has locks and gives none to this page.
    this.#locks = null;
    this.#leave();
    this.#lead();
  }

  #received(message) {
    // This window was frozen, and another has seized the lead meanwhile.
    if (this.leads && message.term > this.#term) this.#lost({ name: 'AbortError' });
    if (message.kind === 'hold') this.#setHeld(message.held);
    else if (!FROM_LEADER.has(message.kind)) this.#takeFromFollower(message);
    else if (message.term >= this.#term) this.#takeFromLeader(message);
  }

  #takeFromFollower(message) {
    if (this.leads) this.#role.take(message);
  }

  #takeFromLeader(message) {
    // Two that lead in the same millisecond: the lock has one of them, which soon learns that.
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
