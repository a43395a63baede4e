import { retryWaitMs } from './backoff.js';
import { ConfabError } from './errors.js';

/** How often the leading window is asked whether it is there. Unit: milliseconds. */
const PING_MS = 5_000;
/** The same until it has answered, and when somebody comes to look. Unit: milliseconds. */
const PROBE_MS = 1_500;
/** Questions in a row without a word from it, after which it is taken for frozen. */
const SILENT_PINGS_MAX = 2;
/** Longest wait for an answer, or for the next part of one; the leading window waits less. Unit: milliseconds. */
const ANSWER_MS_MAX = 40_000;

/**
 * A window without a socket: has another send for it, and hears from it what
 * comes in. It sees to it that nothing is missed: frames are numbered, and after
 * a gap, as after each new socket, it says `open`, upon which is synchronised.
 *
 * Messages that it posts: `ping`, `active`, `wake`, `reconnect`, `send` and `request`.
 */
export class Following {
  #use;
  #ended = false;
  #term = 0;
  #frames = 0;
  /** The socket that `open` was said of, and the one that it will be said of. */
  #attached = null;
  #attaching = null;
  #requests = new Map();
  #lastRequest = 0;
  #silentPings = 0;
  #cancelPing = () => {};

  /**
   * @param {object} use
   * @param {string} use.window  This one's name.
   * @param {(message: object) => void} use.post
   * @param {(type: string, detail?: object) => void} use.emit
   * @param {(status: string, retryAt: number | null) => void} use.setStatus
   * @param {() => string} use.status
   * @param {() => boolean} use.active  Whether somebody is at this window.
   * @param {() => Promise<void>} use.prepare  What must be done before the first `open`.
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

  /** The leading window hears of it by itself. */
  hold() {}

  reconnect() {
    this.#use.post({ kind: 'reconnect' });
  }

  /** Tells whether somebody is at this window. */
  setActive(active) {
    this.#use.post({ kind: 'active', active });
  }

  /** Takes what the leading window posts. */
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
    // What the window that led before was asked for it may have sent, and nobody will say.
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

  /** Says `open` as soon as that may be said. What comes in before is among what is synchronised then. */
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
