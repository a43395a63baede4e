import { plainAlarms } from './alarms.js';
import { retryWaitMs } from './backoff.js';
import { ConfabError, errorFromFrame } from './errors.js';
import { Link } from './link.js';

/** Longest wait for a socket to open. Unit: milliseconds. */
const OPEN_MS_MAX = 10_000;
/** Longest wait for an answer, or for the next part of one. Unit: milliseconds. */
const ANSWER_MS_MAX = 15_000;
/** Age at which a connection is replaced, before the gateway's cut at 2 h. Unit: milliseconds. */
const ROTATE_MS_MIN = 100 * 60_000;
const ROTATE_MS_MAX = 115 * 60_000;
/** Failures in a row after which people are told that they are offline. */
const FAILURES_OFFLINE = 2;
/** Age from which a socket counts as a success: one that is closed earlier is one more failure in a row. Unit: milliseconds. */
const SUCCESS_MS = 10_000;
/** What the local runner's close codes say, where the `closing` frame was lost. */
const CLOSING_BY_CODE = { 4001: 'displaced', 4002: 'logged_out', 4003: 'too_slow' };

/**
 * Keeps one WebSocket open for as long as it runs.
 *
 * When the server closes it as `displaced`, another socket of this login has
 * taken its place: it stays closed until {@link reconnect}. When the login has
 * ended, it stays closed for good.
 *
 * Events: `open` (a new socket; synchronise now), `frame` (`detail` is the
 * frame; answers to {@link request} are not among them), `status` ({@link status} or {@link retryAt} has changed), `ended`
 * (no ticket can be had, since the login has ended; it has stopped),
 * `logged-out` (the server says that the socket's login has ended; it has stopped).
 */
export class Connection extends EventTarget {
  /** @type {'stopped' | 'connecting' | 'online' | 'offline' | 'displaced'} */
  status = 'stopped';
  /** When the next try to connect is made, or null while none waits. Unit: milliseconds since the Unix epoch. */
  retryAt = null;
  #ticket;
  #WebSocket;
  #alarms;
  #random;
  #networkUp;
  #now;
  #link = null;
  #idle = false;
  #dialing = false;
  #held = false;
  #displaced = false;
  #failures = 0;
  #cancelSuccess = () => {};
  #cancelRetry = () => {};
  #cancelRotation = () => {};
  #requests = new Map();

  /**
   * @param {object} use
   * @param {() => Promise<{url: string}>} use.ticket  Fetches the address to open.
   * @param {typeof WebSocket} [use.WebSocket]
   * @param {import('./alarms.js').Alarms} [use.alarms]
   * @param {() => number} [use.random]
   * @param {() => boolean} [use.networkUp]
   * @param {() => number} [use.now]
   */
  constructor({
    ticket,
    WebSocket = globalThis.WebSocket,
    alarms = plainAlarms,
    random = Math.random,
    networkUp = () => globalThis.navigator?.onLine !== false,
    now = Date.now,
  }) {
    super();
    this.#ticket = ticket;
    this.#WebSocket = WebSocket;
    this.#alarms = alarms;
    this.#random = random;
    this.#networkUp = networkUp;
    this.#now = now;
  }

  /** @param {{displaced?: boolean}} [options]  `displaced`: as if the server had just closed it so. */
  start({ displaced = false } = {}) {
    if (this.status !== 'stopped') return;
    this.#displaced = displaced;
    this.#setStatus(displaced ? 'displaced' : 'connecting');
    this.#dial();
    if (this.#held) this.#showStatus();
  }

  /** Connects again though the server has displaced the last socket. Only for what the user does, or windows displace each other for ever. */
  reconnect() {
    this.#displaced = false;
    this.wake();
  }

  /** @param {Promise<unknown>} [closeAfter]  Until then the socket stays open, though nobody listens any more. */
  stop(closeAfter) {
    this.#setStatus('stopped');
    this.#cancelRetry();
    this.#drop(closeAfter);
  }

  /** Whether {@link hold} keeps it from connecting. */
  get held() {
    return this.#held;
  }

  /** Lets go of the socket and opens no other, until called with `false`. */
  hold(held) {
    this.#held = held;
    if (held) {
      this.#cancelRetry();
      this.#drop();
      this.#showStatus();
    } else {
      this.wake();
    }
  }

  /** Reconnects at once, or finds out at once whether the connection still lives. */
  wake() {
    if (this.status === 'stopped') return;
    if (this.#link) this.#link.probe();
    else this.#dial();
    this.#showStatus();
  }

  /** Says whether nobody is at any window of the page; the server then has phones alerted. */
  setIdle(idle) {
    this.#idle = idle;
    this.#link?.setIdle(idle);
  }

  /** Returns whether the frame was handed to an open socket. */
  send(frame) {
    return this.#link?.send(frame) ?? false;
  }

  /**
   * Sends a frame and returns its answer; of an answer in parts, the last.
   * @param {{action: string, id: string}} frame
   * @param {(frame: object) => void} [onPart]  Called for every part, the last included.
   * @throws {ConfabError} `network` and `timeout` leave the outcome unknown.
   */
  request(frame, onPart = () => {}) {
    // Who takes over an unsent message of a window that has closed sends the same id again.
    const superseded = this.#requests.get(frame.id);
    if (superseded) this.#settle(frame.id, () => superseded.reject(cutOff()));
    return new Promise((resolve, reject) => {
      const pending = { resolve, reject, onPart, cancel: () => {} };
      pending.wait = () => {
        pending.cancel();
        pending.cancel = this.#alarms.after(ANSWER_MS_MAX, () => {
          // The next heartbeat may be minutes away, and the socket dead.
          this.#link?.beat();
          this.#settle(frame.id, () => reject(new ConfabError('timeout', 'The server did not answer in time.')));
        });
      };
      this.#requests.set(frame.id, pending);
      pending.wait();
      if (!this.send(frame)) this.#settle(frame.id, () => reject(cutOff()));
    });
  }

  async #dial() {
    if (this.#dialing || this.#held || this.#displaced) return;
    this.#dialing = true;
    this.#cancelRetry();
    try {
      const { url } = await this.#ticket();
      const socket = await this.#open(url);
      if (this.status === 'stopped' || this.#held) socket.close();
      else this.#use(socket);
    } catch (error) {
      this.#dialing = false;
      if (error.code === 'session_ended') {
        this.stop();
        this.dispatchEvent(new Event('ended'));
      } else {
        this.#retryLater(error);
      }
    } finally {
      this.#dialing = false;
    }
  }

  #open(url) {
    return new Promise((resolve, reject) => {
      const socket = new this.#WebSocket(url);
      const cancel = this.#alarms.after(OPEN_MS_MAX, () => {
        socket.onopen = socket.onerror = socket.onclose = null;
        socket.close();
        reject(cutOff());
      });
      const fail = () => {
        cancel();
        reject(cutOff());
      };
      socket.onopen = () => {
        cancel();
        resolve(socket);
      };
      socket.onerror = fail;
      socket.onclose = fail;
    });
  }

  #use(socket) {
    this.#drop();
    this.#cancelRetry();
    this.#displaced = false;
    const link = new Link(socket, {
      alarms: this.#alarms,
      idle: this.#idle,
      onFrame: (frame) => this.#received(frame),
      onDead: (code) => this.#closing(CLOSING_BY_CODE[code]),
    });
    this.#link = link;
    this.#cancelSuccess = this.#alarms.after(SUCCESS_MS, () => {
      this.#failures = 0;
    });
    const age_ms = ROTATE_MS_MIN + this.#random() * (ROTATE_MS_MAX - ROTATE_MS_MIN);
    this.#cancelRotation = this.#alarms.after(age_ms, () => this.#dial());
    this.#showStatus();
    this.dispatchEvent(new Event('open'));
    // After the listeners: the first frame must be their `sync`.
    link.beat();
  }

  /** Lets go of a socket that the server closes, or that is dead. */
  #closing(reason) {
    this.#drop();
    if (reason === 'logged_out') {
      this.stop();
      this.dispatchEvent(new Event('logged-out'));
    } else {
      this.#displaced = reason === 'displaced';
      this.#retryLater();
    }
  }

  #drop(closeAfter) {
    this.#cancelRotation();
    this.#cancelSuccess();
    this.#link?.close(closeAfter);
    this.#link = null;
    for (const [id, { reject }] of this.#requests) this.#settle(id, () => reject(cutOff()));
  }

  #retryLater(error) {
    if (this.status === 'stopped' || this.#held) return;
    if (this.#displaced) {
      this.#showStatus();
      return;
    }
    this.#failures += 1;
    const wait_ms = retryWaitMs(error, this.#failures, this.#random);
    this.#planRetry(wait_ms);
    this.#showStatus();
  }

  #planRetry(wait_ms) {
    this.#cancelRetry();
    const cancel = this.#alarms.after(wait_ms, () => this.#dial());
    this.#cancelRetry = () => {
      this.#cancelRetry = () => {};
      cancel();
      this.#setRetryAt(null);
    };
    this.#setRetryAt(this.#now() + wait_ms);
  }

  #setRetryAt(retryAt) {
    if (retryAt === this.retryAt) return;
    this.retryAt = retryAt;
    this.dispatchEvent(new Event('status'));
  }

  #received(frame) {
    if (frame.type === 'closing') {
      this.#closing(frame.reason);
      return;
    }
    const pending = this.#requests.get(frame.id);
    if (!pending) {
      this.dispatchEvent(new CustomEvent('frame', { detail: frame }));
    } else if (frame.type === 'error') {
      this.#settle(frame.id, () => pending.reject(errorFromFrame(frame)));
    } else {
      pending.wait();
      pending.onPart(frame);
      if (isLast(frame)) this.#settle(frame.id, () => pending.resolve(frame));
    }
  }

  #settle(id, how) {
    this.#requests.get(id)?.cancel();
    this.#requests.delete(id);
    how();
  }

  #showStatus() {
    if (this.status === 'stopped') return;
    if (this.#link) this.#setStatus('online');
    else if (this.#displaced && !this.#dialing) this.#setStatus('displaced');
    else if (this.#held || !this.#networkUp() || this.#failures >= FAILURES_OFFLINE) this.#setStatus('offline');
    else this.#setStatus('connecting');
  }

  #setStatus(status) {
    if (status === this.status) return;
    this.status = status;
    this.dispatchEvent(new Event('status'));
  }
}

/** An answer in parts ends with one that is complete, or that names where the next request goes on. */
function isLast({ complete, next }) {
  return complete !== false || next !== undefined;
}

function cutOff() {
  return new ConfabError('network', 'The connection was lost.');
}
