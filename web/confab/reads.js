import { plainAlarms } from './alarms.js';
import { retryWaitMs } from './backoff.js';

/**
 * Sends the user's read marks to the server. Per conversation it sends one request at a time, with the last position
 * only, and repeats it until the server has the mark.
 */
export class Reads {
  #connection;
  #chats;
  #alarms;
  #random;
  #onSent;
  /** Chats whose mark is being sent or waits for a retry. */
  #busy = new Set();
  #requests = 0;
  #stopped = false;

  /**
   * @param {object} use
   * @param {(chat: object, seq: number) => void} use.onSent  The server has the mark.
   */
  constructor({ connection, chats, onSent, alarms = plainAlarms, random = Math.random }) {
    this.#connection = connection;
    this.#chats = chats;
    this.#alarms = alarms;
    this.#random = random;
    this.#onSent = onSent;
  }

  /** Sends every mark that the server does not have yet. Call after each connect. */
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
        // After `network`, the mark is sent at the next connect. After a permanent refusal, it is sent with the next
        // position.
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
