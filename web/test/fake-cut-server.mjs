import assert from 'node:assert/strict';
import { ConfabError } from '../confab/errors.js';
import { FRAME_BYTES_MAX, jsonBytes } from '../confab/frames.js';

/** Time that the server needs for a message, and that a client needs to reconnect. Unit: milliseconds. */
const MESSAGE_MS = 10;
const RECONNECT_MS = 15;
const BATCH_MAX = 16;

/**
 * A server with one log, and the connection of one page to it. The test names by number the moments at which the
 * connection is cut: before each message is processed, after each, and before each answer. If `goesOn`, the server
 * still carries out the requests of a cut connection, concurrently with those of the next one.
 */
export class CutServer extends EventTarget {
  status = 'online';
  /** Texts of the log, each once. */
  log = [];
  moments = 0;
  /** Largest number of messages that were sent but unanswered. */
  unansweredMax = 0;
  framesOf = { send: 0, send_many: 0, http: 0 };
  #known = new Map();
  #open = new Set();
  #tried = new Set();
  #connection = 0;

  /**
   * @param {object} use
   * @param {Set<number>} use.cuts
   * @param {(text: string) => string | null} use.refusalOf  The code with which a text is refused now, or null.
   */
  constructor({ clock, cuts, goesOn, refusalOf }) {
    super();
    Object.assign(this, { clock, cuts, goesOn, refusalOf });
  }

  /** Handles a request of the page's connection. */
  request(frame) {
    assert.ok(jsonBytes(frame) <= FRAME_BYTES_MAX);
    const messages = frame.action === 'send' ? [frame] : frame.messages;
    assert.ok(messages.length <= BATCH_MAX);
    this.framesOf[frame.action] += 1;
    return this.#ask(messages, (outcomes) => {
      if (frame.action === 'send_many') return { type: 'acks', id: frame.id, acks: outcomes };
      if (outcomes[0].code) throw new ConfabError(outcomes[0].code, '', outcomes[0]);
      return { ...outcomes[0], conversation: frame.to };
    });
  }

  /** Handles a request of the page's HTTP client. */
  postMessage(conversation, { client_message_id: id, text }) {
    this.framesOf.http += 1;
    return this.#ask([{ id, text }], ([outcome]) => {
      if (outcome.code) throw new ConfabError(outcome.code, '', outcome);
      return { ...outcome, conversation };
    });
  }

  /** Cuts the connection. The page connects again soon. */
  cut() {
    this.status = 'connecting';
    this.#connection += 1;
    for (const reject of this.#open) reject(new ConfabError('network', 'cut'));
    this.#open.clear();
    this.clock.after(RECONNECT_MS, () => {
      this.status = 'online';
      this.dispatchEvent(new Event('open'));
    });
  }

  #ask(messages, answerOf) {
    for (const { id } of messages) this.#tried.add(id);
    this.unansweredMax = Math.max(this.unansweredMax, this.#tried.size);
    return new Promise((resolve, reject) => {
      if (this.status !== 'online') return void reject(new ConfabError('network', 'cut'));
      this.#open.add(reject);
      return this.#serve(messages).then((outcomes) => {
        if (!this.#open.delete(reject)) return;
        // Messages that were not tried may be sent again, since the server does not have them.
        for (const { id } of messages) this.#tried.delete(id);
        try {
          resolve(answerOf(outcomes));
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  async #serve(messages) {
    const connection = this.#connection;
    const isOver = () => !this.goesOn && connection !== this.#connection;
    const outcomes = [];
    for (const { id, text } of messages) {
      await this.#moment();
      if (isOver()) break;
      const code = this.refusalOf(text);
      if (code && !this.#known.has(id)) {
        outcomes.push({ id, code, message: '', ...(code === 'rate_limited' && { retry_after_ms: 40 }) });
        break;
      }
      const duplicate = this.#known.has(id);
      if (!duplicate) this.#known.set(id, this.log.push(text));
      outcomes.push({ id, seq: this.#known.get(id), sent_at_ms: 1, duplicate });
      await this.#moment();
      if (isOver()) break;
    }
    await this.#moment();
    return outcomes;
  }

  async #moment() {
    await new Promise((resolve) => this.clock.after(MESSAGE_MS, resolve));
    this.moments += 1;
    if (this.cuts.has(this.moments) && this.status === 'online') this.cut();
  }
}
