/** Number of messages that one step of scrolling up adds. */
const PAGE = 50;
/** Largest number of consecutive empty pages (expired messages) that one step loads. */
const EMPTY_PAGES_MAX = 5;
/** Error codes that mean that the user can no longer read the conversation. */
const CLOSED = new Set(['forbidden', 'not_found']);

/**
 * The loaded messages of one conversation: from `low` to the newest, without a hole.
 *
 * Events: `change`.
 */
export class Timeline extends EventTarget {
  /** @type {object[]} Ascending by seq. */
  messages = [];
  #chat;
  #store;
  #http;
  #loading = null;

  constructor({ chat, store, http }) {
    super();
    this.#chat = chat;
    this.#store = store;
    this.#http = http;
    this.low = chat.log.cursor + 1;
  }

  /** Whether there may be messages before the loaded ones. */
  get hasOlder() {
    return this.low > 1;
  }

  get loading() {
    return this.#loading !== null;
  }

  /** Loads the page before the loaded messages, from the store or by HTTP. */
  loadOlder() {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = null;
      this.#changed();
    });
    return this.#loading;
  }

  /** Appends messages that the log has just released. */
  append(messages) {
    this.messages.push(...messages);
    this.#changed();
  }

  /** Restarts at the log's cursor, after the log has skipped ahead. */
  reset() {
    this.messages = [];
    this.low = this.#chat.log.cursor + 1;
    this.#changed();
  }

  /** Fetches the complete text of a truncated message. */
  async loadWhole(seq) {
    const { conversation, log } = this.#chat;
    const page = await this.#http.messages(conversation, { after: seq - 1, limit: 1 });
    const whole = page.messages.find((message) => message.seq === seq);
    if (!whole) return;
    await this.#store.putMessages(conversation, [whole], log);
    const index = this.messages.findIndex((message) => message.seq === seq);
    if (index >= 0) this.messages[index] = whole;
    this.#changed();
  }

  async #load() {
    for (let empty = 0; empty < EMPTY_PAGES_MAX && this.hasOlder; empty += 1) {
      const low = this.low;
      const { from, messages } = (await this.#stored(low)) ?? (await this.#fetched(low));
      if (this.low !== low) return;
      this.low = from;
      this.messages.unshift(...messages);
      if (messages.length) return;
    }
  }

  async #stored(low) {
    const { conversation, log } = this.#chat;
    const span = log.heldBefore(low);
    if (!span) return null;
    const from = Math.max(span[0], low - PAGE);
    return { from, messages: await this.#store.messages(conversation, from, low - 1) };
  }

  async #fetched(low) {
    const { conversation, log } = this.#chat;
    const { messages, more } = await this.#page(conversation, low);
    const from = more && messages.length ? messages[0].seq : 1;
    log.cover(from, low - 1, messages);
    await this.#store.putMessages(conversation, messages, log);
    return { from, messages };
  }

  async #page(conversation, before) {
    try {
      return await this.#http.messages(conversation, { before, limit: PAGE });
    } catch (error) {
      // The server may give nothing of a group that the user is no longer in.
      if (this.#chat.left && CLOSED.has(error.code)) return { messages: [], more: false };
      throw error;
    }
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}
