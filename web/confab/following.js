import { retryWaitMs } from './backoff.js';
import { ConfabError } from './errors.js';

/** Interval of pings to the leading window. Unit: milliseconds. */
const PING_MS = 5_000;
/** Interval of pings until the leading window answers, and after {@link Following.wake}. Unit: milliseconds. */
const PROBE_MS = 1_500;
/** Consecutive unanswered pings after which the leading window counts as frozen. */
const SILENT_PINGS_MAX = 2;
/**
 * Longest wait for an answer, or for the next part of one. The leading window's limit is shorter. Unit: milliseconds.
 */
const ANSWER_MS_MAX = 40_000;

/**
 * A window without a socket. The leading window sends its frames and posts incoming frames to it. Frames are
 * numbered. After a gap, as after each new socket, this class emits `open`, upon which the client synchronises, so no
 * frame is missed.
 *
 * Messages that it posts: `ping`, `active`, `wake`, `reconnect`, `send` and `request`.
 */
export class Following {
  #use;
  #ended = false;
  #term = 0;
  #frames = 0;
  /** The socket for which `open` was emitted, and the one for which it will be emitted. */
  #attached = null;
  #attaching = null;
  #requests = new Map();
  #lastRequest = 0;
  #silentPings = 0;
  #cancelPing = () => {};

  /**
   * @param {object} use
   * @param {string} use.window  This window's name.
   * @param {(message: object) => void} use.post
   * @param {(type: string, detail?: object) => void} use.emit
   * @param {(status: string, retryAt: number | null) => void} use.setStatus
   * @param {() => string} use.status
   * @param {() => boolean} use.active  Whether the user is active in this window.
   * @param {() => Promise<void>} use.prepare  What must be done before an `open`.
   * @param {() => void} use.onSilent  The leading window does not answer.
   * @param {import('./alarms.js').Alarms} use.alarms
   * @param {() => number} use.random
   */
  constructor(use) {
    this.#use = use;
    this.#ping(PROBE_MS);
  }

  send(frame) {
    if (this.#use.status() !== 'online') return false;
    this.#use.post({ kind: 'send', frame });
    return true;
  }

  request(frame, onPart = () => {}) {
    if (this.#use.status() !== 'online') return Promise.reject(cutOff());
    this.#lastRequest += 1;
    const number = this.#lastRequest;
    return new Promise((resolve, reject) => {
      const pending = { resolve, reject, onPart, last: undefined, cancel: () => {} };
      pending.wait = () => {
        pending.cancel();
        pending.cancel = this.#use.alarms.after(ANSWER_MS_MAX, () => this.#refuse(number, new ConfabError('timeout', 'The server did not answer in time.')));
      };
      this.#requests.set(number, pending);
      pending.wait();
      this.#use.post({ kind: 'request', number, frame });
    });
  }

  wake() {
    this.#use.post({ kind: 'wake' });
    this.#silentPings = 0;
    this.#ping(PROBE_MS);
  }

  /** Does nothing: the leading window receives the `hold` message itself. */
  hold() {}

  reconnect() {
    this.#use.post({ kind: 'reconnect' });
  }

  /** Posts whether the user is active in this window. */
  setActive(active) {
    this.#use.post({ kind: 'active', active });
  }

  /** Handles a message from the leading window. */
  take(message) {
    this.#silentPings = 0;
    if (message.to !== undefined && message.to !== this.#use.window) return;
    switch (message.kind) {
      case 'state':
        return this.#takeState(message);
      case 'frame':
        return this.#takeFrame(message);
      case 'part':
        return this.#takePart(message);
      case 'answer':
        return this.#settle(message.number, ({ resolve, last }) => resolve(last));
      case 'refusal':
        return this.#refuse(message.number, new ConfabError(message.error.code, message.error.message, message.error));
      default:
    }
  }

  end() {
    this.#ended = true;
    this.#cancelPing();
    this.#refuseAll();
  }

  #takeState({ term, status, retry_at_ms = null, opens, frames }) {
    const isNew = term !== this.#term;
    const missed = !isNew && frames > this.#frames;
    this.#term = term;
    this.#frames = frames;
    this.#use.setStatus(status, retry_at_ms);
    if (isNew) this.setActive(this.#use.active());
    // The previous leading window may have sent these requests, but no answer will arrive.
    if (isNew) this.#refuseAll();
    const socket = status === 'online' ? `${term}.${opens}` : null;
    if (socket === null) this.#attached = this.#attaching = null;
    else if (missed || socket !== this.#attached) this.#attach(socket);
  }

  #takeFrame({ number, frame }) {
    const missed = number > this.#frames + 1;
    this.#frames = number;
    if (this.#attached === null) return;
    this.#use.emit('frame', frame);
    if (missed) this.#attach(this.#attached);
  }

  /** Emits `open` after `prepare` succeeds. The synchronisation that follows includes frames that arrive before. */
  async #attach(socket) {
    if (this.#attaching === socket) return;
    this.#attaching = socket;
    this.#attached = null;
    const isOver = () => this.#ended || this.#attaching !== socket;
    for (let failures = 1; ; failures += 1) {
      try {
        await this.#use.prepare();
        break;
      } catch (error) {
        if (isOver()) return;
        await new Promise((resolve) => this.#use.alarms.after(retryWaitMs(error, failures, this.#use.random), resolve));
      }
      if (isOver()) return;
    }
    if (isOver()) return;
    this.#attaching = null;
    this.#attached = socket;
    this.#use.emit('open');
  }

  #takePart({ number, frame }) {
    const pending = this.#requests.get(number);
    if (!pending) return;
    pending.wait();
    pending.last = frame;
    pending.onPart(frame);
  }

  #settle(number, how) {
    const pending = this.#requests.get(number);
    if (!pending) return;
    this.#requests.delete(number);
    pending.cancel();
    how(pending);
  }

  #refuse(number, error) {
    this.#settle(number, ({ reject }) => reject(error));
  }

  #refuseAll() {
    for (const number of [...this.#requests.keys()]) this.#refuse(number, cutOff());
  }

  #ping(wait_ms) {
    this.#cancelPing();
    this.#silentPings += 1;
    this.#use.post({ kind: 'ping', active: this.#use.active() });
    this.#cancelPing = this.#use.alarms.after(wait_ms, () => {
      const silent = this.#silentPings;
      if (silent >= SILENT_PINGS_MAX) {
        this.#silentPings = 0;
        this.#use.onSilent();
      }
      if (!this.#ended) this.#ping(silent ? PROBE_MS : PING_MS);
    });
  }
}

function cutOff() {
  return new ConfabError('network', 'The connection was lost.');
}
