import assert from 'node:assert/strict';
import { ConfabError } from '../confab/errors.js';
import { FRAME_BYTES_MAX, jsonBytes } from '../confab/frames.js';

/** How long the server takes for a message, and a client until it is connected again. Unit: milliseconds. */
const MESSAGE_MS = 10;
const RECONNECT_MS = 15;
const BATCH_MAX = 16;

/**
 * A server with one log, and the connection of one page to it, which is cut at moments that a test names by their
 * number: before each message is looked at, after each, and before each answer. What a cut leaves behind is
 * carried out all the same where the server `goesOn`, beside what comes by the next connection.
 */
export class CutServer extends EventTarget {
  status = 'online';
  /** Texts of the log, each once. */
  log = [];
  moments = 0;
  /** The most messages that it had without having answered for them. */
  unansweredMax = 0;
  framesOf = { send: 0, send_many: 0, http: 0 };
  #known = new Map();
  #open = new Set();
  #tried = new Set();
  #connection = 0;

  /**
   * @param {object} use
   * @param {Set<number>} use.cuts
   * @param {(text: string) => string | null} use.refusalOf  The code with which a text is refused at this time.
   */
  constructor({ clock, cuts, goesOn, refusalOf }) {
    super();
    Object.assign(this, { clock, cuts, goesOn, refusalOf });
  }

  /** The page's connection asks. */
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

  /** The page's HTTP client asks. */
  postMessage(conversation, { client_message_id: id, text }) {
    this.framesOf.http += 1;
    return this.#ask([{ id, text }], ([outcome]) => {
      if (outcome.code) throw new ConfabError(outcome.code, '', outcome);
      return { ...outcome, conversation };
    });
  }

  /** Cuts the connection, and has the page connect again soon. */
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
        // Those that were not tried may be sent again; the server does not have them.
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
