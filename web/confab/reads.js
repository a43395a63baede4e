import { plainAlarms } from './alarms.js';
import { retryWaitMs } from './backoff.js';

/**
 * Tells the server how far the user has read: per conversation one request at a
 * time, the last position only, and again until the server has it.
 */
export class Reads {
  #connection;
  #chats;
  #alarms;
  #random;
  #onSent;
  /** Chats that are being told of, or wait. */
  #busy = new Set();
  #requests = 0;
  #stopped = false;

  /**
   * @param {object} use
   * @param {(chat: object, seq: number) => void} use.onSent  The server has the marker.
   */
  constructor({ connection, chats, onSent, alarms = plainAlarms, random = Math.random }) {
    this.#connection = connection;
    this.#chats = chats;
    this.#alarms = alarms;
    this.#random = random;
    this.#onSent = onSent;
  }

  /** Tells of every chat of which the server does not know yet; call after each connect. */
  sendAll() {
    for (const chat of this.#chats.all()) this.send(chat);
  }

  async send(chat) {
    if (this.#busy.has(chat)) return;
    this.#busy.add(chat);
    for (let failures = 0; chat.read_unsent && this.#connection.status === 'online' && !this.#stopped; ) {
      try {
        await this.#request(chat);
        failures = 0;
      } catch (error) {
        // What a cut leaves goes out after the next connect; what the server refuses for good, with the next position.
        if (!error.retryable || error.code === 'network') break;
        failures += 1;
        await new Promise((resolve) => this.#alarms.after(retryWaitMs(error, failures, this.#random), resolve));
      }
    }
    this.#busy.delete(chat);
  }

  stop() {
    this.#stopped = true;
  }

  async #request(chat) {
    const { conversation, read_seq: seq } = chat;
    this.#requests += 1;
    await this.#connection.request({ action: 'read', id: `read-${this.#requests}`, conversation, seq });
    await this.#chats.readSent(chat, seq);
    this.#onSent(chat, seq);
  }
}
