import { addRange, spanAt } from './ranges.js';

/**
 * Orders the messages of one conversation.
 *
 * Uses neither network nor storage. It accepts messages in any order and any number of times, and releases each once,
 * ascending, without a hole.
 */
export class ConversationLog {
  #waiting = new Map();

  /**
   * @param {number} cursor  Highest seq up to which nothing is missing.
   * @param {import('./ranges.js').Ranges} held  Ranges whose messages are stored.
   */
  constructor(cursor = 0, held = []) {
    this.cursor = cursor;
    this.held = held;
  }

  /** The missing positions between the cursor and the first waiting message, or null. */
  get hole() {
    if (this.#waiting.size === 0) return null;
    return { after: this.cursor, before: Math.min(...this.#waiting.keys()) };
  }

  /** Highest known seq, released or waiting. */
  get newest() {
    return Math.max(this.cursor, ...this.#waiting.keys());
  }

  /**
   * Adds a message and returns the messages that are released by it.
   * @param {{seq: number}} message
   */
  offer(message) {
    if (message.seq <= this.cursor || this.#waiting.has(message.seq)) return [];
    this.#waiting.set(message.seq, message);
    return this.#release();
  }

  /**
   * Adds a page that holds all messages of `[from, to]`, and returns the messages that are released by it.
   *
   * Positions without a message are not holes: the user cannot have these messages, since they have expired or are
   * older than the user's membership.
   * @param {{seq: number}[]} messages  Ascending.
   */
  cover(from, to, messages) {
    this.held = addRange(this.held, from, to);
    if (from > this.cursor + 1 || to <= this.cursor) return [];
    const due = messages.filter((message) => message.seq > this.cursor && message.seq <= to);
    for (const seq of this.#waiting.keys()) {
      if (seq <= to) this.#waiting.delete(seq);
    }
    this.cursor = to;
    return [...due, ...this.#release()];
  }

  /**
   * Skips everything up to `seq`, which is loaded when the user scrolls there. Returns the messages that are released
   * by it.
   */
  skipTo(seq) {
    if (seq <= this.cursor) return [];
    this.cursor = seq;
    for (const waiting of this.#waiting.keys()) {
      if (waiting <= seq) this.#waiting.delete(waiting);
    }
    return this.#release();
  }

  /** Returns the stored range that ends just before `seq`, or null. */
  heldBefore(seq) {
    const span = spanAt(this.held, seq - 1);
    return span && [span[0], seq - 1];
  }

  #release() {
    const released = [];
    for (;;) {
      const next = this.#waiting.get(this.cursor + 1);
      if (!next) break;
      this.#waiting.delete(next.seq);
      this.cursor = next.seq;
      released.push(next);
    }
    if (released.length) this.held = addRange(this.held, released[0].seq, this.cursor);
    return released;
  }
}
