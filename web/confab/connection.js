import { plainAlarms } from './alarms.js';
import { retryWaitMs } from './backoff.js';
import { ConfabError, errorFromFrame } from './errors.js';
import { Link } from './link.js';

/** Longest wait for a socket to open. Unit: milliseconds. */
const OPEN_MS_MAX = 10_000;
/** Longest wait for an answer, or for the next part of an answer. Unit: milliseconds. */
const ANSWER_MS_MAX = 15_000;
/** Range of the age at which a connection is replaced, below the gateway's limit of 2 h. Unit: milliseconds. */
const ROTATE_MS_MIN = 100 * 60_000;
const ROTATE_MS_MAX = 115 * 60_000;
/** Consecutive failures after which the status is `offline`. */
const FAILURES_OFFLINE = 2;
/**
 * Age from which a socket counts as a success. A socket that closes earlier counts as one more consecutive failure.
 * Unit: milliseconds.
 */
const SUCCESS_MS = 10_000;
/** Meaning of the local runner's close codes, for a `closing` frame that was lost. */
const CLOSING_BY_CODE = { 4001: 'displaced', 4002: 'logged_out', 4003: 'too_slow' };

/**
 * Keeps one WebSocket open while it runs.
 *
 * After the server closes the socket as `displaced`, because another socket of this login has replaced it, the
 * connection stays closed until {@link reconnect}. After the login has ended, it stays closed for good.
 *
 * Events: `open` (a new socket; synchronise now), `frame` (`detail` is the frame; answers to {@link request} are not
 * included), `status` ({@link status} or {@link retryAt} has changed), `ended` (the login has ended, so no ticket can
 * be fetched; the connection has stopped), `logged-out` (the server has ended the socket's login; the connection has
 * stopped).
 */
export class Connection extends EventTarget {
  /** @type {'stopped' | 'connecting' | 'online' | 'offline' | 'displaced'} */
  status = 'stopped';
  /** Time of the next attempt to connect, or null if none is planned. Unit: milliseconds since the Unix epoch. */
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

  /** @param {{displaced?: boolean}} [options]  `displaced`: start in the state after a `displaced` close. */
  start({ displaced = false } = {}) {
    if (this.status !== 'stopped') return;
    this.#displaced = displaced;
    this.#setStatus(displaced ? 'displaced' : 'connecting');
    this.#dial();
    if (this.#held) this.#showStatus();
  }

  /** Connects again after `displaced`. Call only when the user acts; otherwise windows displace each other forever. */
  reconnect() {
    this.#displaced = false;
    this.wake();
  }

  /** @param {Promise<unknown>} [closeAfter]  The socket stays open until this settles, without listeners. */
  stop(closeAfter) {
    this.#setStatus('stopped');
    this.#cancelRetry();
    this.#drop(closeAfter);
  }

  /** Whether {@link hold} prevents connecting. */
  get held() {
    return this.#held;
  }

  /** Closes the socket and opens no other until called with `false`. */
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

  /** Reconnects now, or checks an open connection now. */
  wake() {
    if (this.status === 'stopped') return;
    if (this.#link) this.#link.probe();
    else this.#dial();
    this.#showStatus();
  }

  /** Sets whether the user is idle in all windows. The server alerts the phones of an idle user. */
  setIdle(idle) {
    this.#idle = idle;
    this.#link?.setIdle(idle);
  }

  /** Sends a frame. Returns whether a socket was open to take it. */
  send(frame) {
    return this.#link?.send(frame) ?? false;
  }

  /**
   * Sends a frame and returns its answer, or the last part of an answer in parts.
   * @param {{action: string, id: string}} frame
   * @param {(frame: object) => void} [onPart]  Called for every part, the last included.
   * @throws {ConfabError} `network` and `timeout` leave the outcome unknown.
   */
  request(frame, onPart = () => {}) {
    // A window that takes over an unsent message of a closed window sends the same id again.
    const superseded = this.#requests.get(frame.id);
    if (superseded) this.#settle(frame.id, () => superseded.reject(cutOff()));
    return new Promise((resolve, reject) => {
      const pending = { resolve, reject, onPart, cancel: () => {} };
      pending.wait = () => {
        pending.cancel();
        pending.cancel = this.#alarms.after(ANSWER_MS_MAX, () => {
          // The socket may be dead, and the next heartbeat may be minutes away.
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

  /** Drops a socket that the server has closed or that is dead. */
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

/** Whether a part is the last of its answer: it is complete, or it names where the next request continues. */
function isLast({ complete, next }) {
  return complete !== false || next !== undefined;
}

function cutOff() {
  return new ConfabError('network', 'The connection was lost.');
}
