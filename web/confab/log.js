import { addRange, spanAt } from './ranges.js';

/**
 * Puts one conversation's messages into order.
 *
 * Knows neither network nor storage: it is offered messages in any order, any
 * number of times, and releases each once, ascending, without a hole.
 */
export class ConversationLog {
  #waiting = new Map();

  /**
   * @param {number} cursor  Highest seq up to which nothing is missing.
   * @param {import('./ranges.js').Ranges} held  Spans whose messages are stored.
   */
  constructor(cursor = 0, held = []) {
    this.cursor = cursor;
    this.held = held;
  }

  /** Positions between the cursor and the first message that waits, or null. */
  get hole() {
    if (this.#waiting.size === 0) return null;
    return { after: this.cursor, before: Math.min(...this.#waiting.keys()) };
  }

  /** Highest seq that is known, be it due or waiting. */
  get newest() {
    return Math.max(this.cursor, ...this.#waiting.keys());
  }

  /**
   * Takes a message and returns those that are due now.
   * @param {{seq: number}} message
   */
  offer(message) {
    if (message.seq <= this.cursor || this.#waiting.has(message.seq)) return [];
    this.#waiting.set(message.seq, message);
    return this.#release();
  }

  /**
   * Takes a page that is known to be everything in `[from, to]`.
   *
   * Positions without a message are ones that this user cannot have, expired
   * or from before joining; they are no holes.
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

  /** Gives up on everything up to `seq`: it is loaded when somebody scrolls there. */
  skipTo(seq) {
    if (seq <= this.cursor) return [];
    this.cursor = seq;
    for (const waiting of this.#waiting.keys()) {
      if (waiting <= seq) this.#waiting.delete(waiting);
    }
    return this.#release();
  }

  /** Returns the stored span that ends just before `seq`, or null. */
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
