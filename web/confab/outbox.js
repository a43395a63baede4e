import { plainAlarms } from './alarms.js';
import { retryWaitMs } from './backoff.js';
import { batchOf, frameOf, outcomesOf } from './batches.js';
import { ConfabError } from './errors.js';
import { fitsFrame } from './frames.js';
import { newClientMessageId } from './ids.js';

/** Answers of `internal` after which a message is taken for the cause, and no longer holds up the next ones. */
const FAULTS_MAX = 5;
/** Messages of one conversation that the server may have without having answered for them, over all windows. */
const UNANSWERED_MAX = 16;
/** How often it is looked whether there are fewer. Unit: milliseconds. */
const UNANSWERED_MS = 1_000;
/** How long the server may slow sending down before people are told. Unit: milliseconds. */
const SLOWED_MS = 5_000;
/** Refusals of several messages at once that say nothing of any of them. */
const NOT_OF_MESSAGES = new Set(['network', 'rate_limited', 'unauthenticated', 'session_ended']);

/**
 * Messages that the server has not acknowledged.
 *
 * Each is stored before it is sent, and sent again under the same id until the
 * server answers for it. Per conversation they go in order, those that wait
 * together in one frame, and no frame before the one before it is answered. Where
 * the server asks to wait, all conversations do.
 *
 * Shape of an entry: `{client_message_id, conversation, text, read_seq, created_at_ms, order,
 * state: 'pending' | 'sent' | 'failed', window, tried?, faults?, error?, seq?}`; `sent` lasts until
 * the log has released the message; `tried` means that the server may have it; `read_seq` is how far
 * the user had read when they wrote it.
 *
 * Events: `change` (`detail` is `{conversation}`), `slowed` ({@link slowed} has changed).
 */
export class Outbox extends EventTarget {
  /** Whether the server has been asking to wait for so long that people should be told. */
  slowed = false;
  #store;
  #connection;
  #http;
  #onAck;
  #alarms;
  #random;
  #window = newClientMessageId();
  #entries = new Map();
  #draining = new Set();
  #early = new Map();
  /** Messages that go by themselves, since a frame with several was refused: which of them is the cause is not known. */
  #alone = new Set();
  /** How to end the waits that a new connection ends, and all waits. */
  #wakes = new Set();
  #sleepers = new Set();
  #lastOrder = 0;
  #stopped = false;
  /** Ends when the wait that the server last asked for has passed. */
  #limit = null;
  #cancelSlowed = null;

  /**
   * @param {object} use
   * @param {(entry: object, ack: {seq: number, sent_at_ms: number}) => void} use.onAck
   */
  constructor({ store, connection, http, onAck, alarms = plainAlarms, random = Math.random }) {
    super();
    this.#store = store;
    this.#connection = connection;
    this.#http = http;
    this.#onAck = onAck;
    this.#alarms = alarms;
    this.#random = random;
    connection.addEventListener('open', () => this.#wake());
  }

  /** The name under which this window's entries are stored. */
  get window() {
    return this.#window;
  }

  /**
   * Takes over the stored entries of windows that are gone.
   * @param {(window: string) => boolean} alive
   */
  async adopt(alive) {
    for (const entry of await this.#store.outbox()) {
      if (this.#entries.has(entry.client_message_id) || alive(entry.window)) continue;
      const adopted = await this.#store.adoptOutbox(entry, this.#window);
      if (!adopted) continue;
      this.#take(adopted);
      this.#drain(entry.conversation);
    }
  }

  /** Drops what other windows have taken over, while this one was frozen. */
  async yieldAdopted() {
    for (const { client_message_id: id, window } of await this.#store.outbox()) {
      if (window === this.#window || this.#entries.get(id)?.state !== 'pending') continue;
      const { conversation } = this.#entries.get(id);
      this.#entries.delete(id);
      this.#early.get(id)?.();
      this.#changed(conversation);
    }
  }

  /** Returns a conversation's entries in the order in which they were written. */
  of(conversation) {
    return [...this.#entries.values()]
      .filter((entry) => entry.conversation === conversation)
      .sort((a, b) => a.order - b.order);
  }

  /** Number of messages that are still to be sent, the failed ones not counted. */
  get pendingCount() {
    return [...this.#entries.values()].filter((entry) => entry.state === 'pending').length;
  }

  /** Conversations that have entries. */
  get conversations() {
    return new Set([...this.#entries.values()].map((entry) => entry.conversation));
  }

  async add(conversation, text, { read_seq } = {}) {
    const now = Date.now();
    const entry = {
      client_message_id: newClientMessageId(),
      conversation,
      text,
      read_seq,
      created_at_ms: now,
      order: this.#nextOrder(now),
      state: 'pending',
      window: this.#window,
    };
    await this.#put(entry);
    this.#drain(conversation);
    return entry;
  }

  /** Sends a failed message again, after everything written since; not one whose id stands for another message. */
  async retry(id) {
    const entry = this.#entries.get(id);
    if (entry?.state !== 'failed' || entry.error?.code === 'conflict') return;
    await this.#put({ ...entry, state: 'pending', faults: 0, error: undefined, order: this.#nextOrder(Date.now()) });
    this.#drain(entry.conversation);
  }

  /** Gives a failed message up. */
  async discard(id) {
    if (this.#entries.get(id)?.state === 'failed') await this.#remove(id);
  }

  /** Takes note that the log holds the message, whether or not its `ack` arrived. */
  async released(id) {
    if (!this.#entries.has(id)) return;
    this.#early.get(id)?.();
    await this.#remove(id);
  }

  /** Sends nothing more; what is stored stays stored. */
  stop() {
    this.#stopped = true;
    this.#cancelSlowed?.();
    for (const done of [...this.#sleepers]) done();
  }

  async #drain(conversation) {
    if (this.#draining.has(conversation)) return;
    this.#draining.add(conversation);
    let failures = 0;
    while (!this.#stopped) {
      await this.#limit;
      const entries = this.#nextOf(conversation);
      if (entries.length === 0) break;
      const { any, refusal } = await this.#deliver(entries);
      if (any || !refusal) {
        failures = 0;
        this.#endSlowed();
      }
      if (!refusal) continue;
      const failed = await this.#noteRefusal(refusal);
      failures = failed ? 0 : failures + 1;
      if (refusal.error.retryable && !failed) await this.#pause(refusal.error, failures);
    }
    this.#draining.delete(conversation);
  }

  /** Returns the entries that are to be sent next, in one frame. */
  #nextOf(conversation) {
    const pending = this.of(conversation).filter(({ state }) => state === 'pending');
    // What the server has failed on goes by itself too, lest it hold up others.
    const alone = pending.findIndex(({ client_message_id, faults }) => faults || this.#alone.has(client_message_id));
    return batchOf(pending.slice(0, alone < 0 ? undefined : Math.max(alone, 1)));
  }

  /** Returns whether a message is refused for good. */
  async #noteRefusal({ entries, error }) {
    const [{ client_message_id }, ...others] = entries;
    if (others.length) {
      // Some may have been sent all the same: their ids tell.
      if (!NOT_OF_MESSAGES.has(error.code)) for (const { client_message_id: id } of entries) this.#alone.add(id);
      return false;
    }
    const entry = this.#entries.get(client_message_id);
    const faults = (entry?.faults ?? 0) + (error.code === 'internal' ? 1 : 0);
    const failed = !error.retryable || faults >= FAULTS_MAX;
    if (entry && failed) await this.#put({ ...entry, faults, state: 'failed', error: { code: error.code, message: error.message } });
    else if (entry && faults !== (entry.faults ?? 0)) await this.#put({ ...entry, faults });
    return failed;
  }

  /**
   * Sends entries in one frame, and takes note of those that the server has acknowledged.
   * @returns {Promise<{any: boolean, refusal?: {entries: object[], error: ConfabError}}>}
   *   Whether any was, and the one that was refused, after which none was tried; or all, where it is not known which.
   */
  async #deliver(entries) {
    let begun = entries;
    try {
      this.#checkOnline(entries);
      begun = await this.#begin(entries);
      const outcomes = begun.length ? await this.#outcomesOf(begun) : [];
      const acked = outcomes.filter(({ ack }) => ack);
      for (const { entry, ack } of acked) await this.#acked(entry, ack);
      const refused = outcomes.find(({ error }) => error);
      return { any: acked.length > 0, refusal: refused && { entries: [refused.entry], error: refused.error } };
    } catch (error) {
      return { any: false, refusal: { entries: begun, error } };
    }
  }

  /** Sends entries in one frame and returns what comes of them; nothing once the log is seen to have them all. */
  async #outcomesOf(entries) {
    const ids = entries.map(({ client_message_id }) => client_message_id);
    const seen = ids.map((id) => new Promise((resolve) => this.#early.set(id, resolve)));
    try {
      return await Promise.race([this.#transmit(entries), Promise.all(seen).then(() => [])]);
    } finally {
      for (const id of ids) this.#early.delete(id);
    }
  }

  async #acked(entry, ack) {
    const { client_message_id: id } = entry;
    if (!this.#entries.has(id)) return;
    // The log has it at that position for good, so the stored copy has done its work.
    await this.#store.deleteOutbox(id);
    this.#alone.delete(id);
    this.#entries.set(id, { ...entry, state: 'sent', seq: ack.seq });
    this.#changed(entry.conversation);
    this.#onAck(entry, ack);
  }

  /** Returns the first of the entries, as many as may be sent now and still are to be. */
  async #begin(entries) {
    let count;
    while (!(count = await this.#store.beginSends(entries, UNANSWERED_MAX))) {
      await this.#sleep(UNANSWERED_MS);
      if (this.#stopped) return [];
    }
    if (this.#stopped) return [];
    const begun = entries.slice(0, count).filter(({ client_message_id }) => this.#entries.has(client_message_id));
    for (const { client_message_id: id } of begun) this.#entries.set(id, { ...this.#entries.get(id), tried: true });
    return begun;
  }

  async #transmit(entries) {
    const frame = frameOf(entries);
    if (fitsFrame(frame)) return outcomesOf(entries, await this.#connection.request(frame));
    const [{ client_message_id, conversation, text, read_seq }] = entries;
    return outcomesOf(entries, await this.#http.postMessage(conversation, { client_message_id, text, read_seq }));
  }

  /** What goes by HTTP needs no connection. */
  #checkOnline(entries) {
    if (this.#connection.status !== 'online' && fitsFrame(frameOf(entries))) throw new ConfabError('network', 'Not connected.');
  }

  /** A limit is the user's, so it holds up every conversation. */
  async #pause(error, failures) {
    const wait_ms = retryWaitMs(error, failures, this.#random);
    if (error.code !== 'rate_limited') return this.#waitOut(error, wait_ms);
    this.#cancelSlowed ??= this.#alarms.after(SLOWED_MS, () => this.#setSlowed(true));
    const limit = this.#sleep(wait_ms);
    this.#limit = limit;
    await limit;
    if (this.#limit === limit) this.#limit = null;
  }

  #endSlowed() {
    this.#cancelSlowed?.();
    this.#cancelSlowed = null;
    this.#setSlowed(false);
  }

  #setSlowed(slowed) {
    if (slowed === this.slowed) return;
    this.slowed = slowed;
    this.dispatchEvent(new Event('slowed'));
  }

  /** Waits, and less where the client stops. */
  #sleep(wait_ms) {
    return this.#waitOut(null, wait_ms);
  }

  #waitOut(error, wait_ms) {
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        this.#wakes.delete(done);
        this.#sleepers.delete(done);
        resolve();
      };
      const offline = error?.code === 'network' && this.#connection.status !== 'online';
      const cancel = offline ? () => {} : this.#alarms.after(wait_ms, done);
      if (error?.code === 'network' || error?.code === 'timeout') this.#wakes.add(done);
      this.#sleepers.add(done);
    });
  }

  #wake() {
    for (const done of [...this.#wakes]) done();
  }

  #nextOrder(now) {
    this.#lastOrder = Math.max(now, this.#lastOrder + 1);
    return this.#lastOrder;
  }

  async #put(entry) {
    await this.#store.putOutbox(entry);
    this.#take(entry);
  }

  #take(entry) {
    this.#lastOrder = Math.max(this.#lastOrder, entry.order);
    this.#entries.set(entry.client_message_id, entry);
    this.#changed(entry.conversation);
  }

  async #remove(id) {
    const { conversation } = this.#entries.get(id);
    this.#entries.delete(id);
    this.#alone.delete(id);
    await this.#store.deleteOutbox(id);
    this.#changed(conversation);
  }

  #changed(conversation) {
    this.dispatchEvent(new CustomEvent('change', { detail: { conversation } }));
  }
}
