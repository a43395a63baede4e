import { plainAlarms } from './alarms.js';
import { retryWaitMs } from './backoff.js';
import { batchOf, frameOf, outcomesOf } from './batches.js';
import { ConfabError } from './errors.js';
import { fitsFrame } from './frames.js';
import { newClientMessageId } from './ids.js';

/** Number of `internal` answers to a message after which it fails, so that it no longer delays the next ones. */
const FAULTS_MAX = 5;
/** Largest number of sent but unanswered messages of one conversation, over all windows. */
const UNANSWERED_MAX = 16;
/** Interval at which the number of unanswered messages is checked. Unit: milliseconds. */
const UNANSWERED_MS = 1_000;
/** Time after which {@link Outbox.slowed} is set. Unit: milliseconds. */
const SLOWED_MS = 5_000;
/** Errors of a frame with several messages that are not caused by any of them. */
const NOT_OF_MESSAGES = new Set(['network', 'rate_limited', 'unauthenticated', 'session_ended']);

/**
 * Messages that the server has not acknowledged.
 *
 * Each message is stored before it is sent, and is sent again with the same id until the server answers. The messages
 * of a conversation are sent in order, several in one frame where possible, and the next frame follows after the
 * answer to the previous one. When the server asks to wait, all conversations wait.
 *
 * Shape of an entry: `{client_message_id, conversation, text, read_seq, created_at_ms, order,
 * state: 'pending' | 'sent' | 'failed', window, tried?, faults?, error?, seq?}`.
 * `sent` lasts until the log has released the message; `tried` means that the server may have the message; `read_seq`
 * is how far the user had read when they wrote it.
 *
 * Events: `change` (`detail` is `{conversation}`), `slowed` ({@link slowed} has changed).
 */
export class Outbox extends EventTarget {
  /** Whether the server has asked to wait for so long that the user should see it. */
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
  /** Messages that are sent alone, since a frame with several was refused and the cause is not known. */
  #alone = new Set();
  /** Functions that end waits: those that a new connection ends, and all. */
  #wakes = new Set();
  #sleepers = new Set();
  #lastOrder = 0;
  #stopped = false;
  /** Promise that resolves after the wait that the server last asked for, or null. */
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
   * Takes over the stored entries of closed windows.
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

  /** Drops entries that other windows have taken over while this window was frozen. */
  async yieldAdopted() {
    for (const { client_message_id: id, window } of await this.#store.outbox()) {
      if (window === this.#window || this.#entries.get(id)?.state !== 'pending') continue;
      const { conversation } = this.#entries.get(id);
      this.#entries.delete(id);
      this.#early.get(id)?.();
      this.#changed(conversation);
    }
  }

  /** Returns a conversation's entries in the order in which the user wrote them. */
  of(conversation) {
    return [...this.#entries.values()]
      .filter((entry) => entry.conversation === conversation)
      .sort((a, b) => a.order - b.order);
  }

  /** Number of messages that are still to be sent, without failed ones. */
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

  /**
   * Sends a failed message again, after all messages written since. Does nothing after `conflict`, since the id
   * belongs to another message.
   */
  async retry(id) {
    const entry = this.#entries.get(id);
    if (entry?.state !== 'failed' || entry.error?.code === 'conflict') return;
    await this.#put({ ...entry, state: 'pending', faults: 0, error: undefined, order: this.#nextOrder(Date.now()) });
    this.#drain(entry.conversation);
  }

  /** Deletes a failed message. */
  async discard(id) {
    if (this.#entries.get(id)?.state === 'failed') await this.#remove(id);
  }

  /** Records that the log holds the message, whether or not its `ack` arrived. */
  async released(id) {
    if (!this.#entries.has(id)) return;
    this.#early.get(id)?.();
    await this.#remove(id);
  }

  /** Stops sending. Stored entries remain. */
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
    // A message on which the server has failed is sent alone too, so that it does not delay others.
    const alone = pending.findIndex(({ client_message_id, faults }) => faults || this.#alone.has(client_message_id));
    return batchOf(pending.slice(0, alone < 0 ? undefined : Math.max(alone, 1)));
  }

  /** Records a refusal. Returns whether it is permanent for a message. */
  async #noteRefusal({ entries, error }) {
    const [{ client_message_id }, ...others] = entries;
    if (others.length) {
      // Some of the messages may be in the log. Sending them again with the same ids is safe.
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
   * Sends entries in one frame and records those that the server has acknowledged.
   * @returns {Promise<{any: boolean, refusal?: {entries: object[], error: ConfabError}}>}
   *   `any`: whether the server has acknowledged any entry. `refusal`: the refused entry, after which the server tried
   *   none, or all entries if the refused one is not known.
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

  /** Sends entries in one frame and returns their outcomes, or nothing if the log releases all of them first. */
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
    // The log holds the message at that position, so the stored copy is no longer needed.
    await this.#store.deleteOutbox(id);
    this.#alone.delete(id);
    this.#entries.set(id, { ...entry, state: 'sent', seq: ack.seq });
    this.#changed(entry.conversation);
    this.#onAck(entry, ack);
  }

  /** Waits until entries may be sent. Returns the first ones, as many as may be sent now and are still to be sent. */
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

  /** Throws if the entries need a connection and there is none. Entries that are sent by HTTP need none. */
  #checkOnline(entries) {
    if (this.#connection.status !== 'online' && fitsFrame(frameOf(entries))) throw new ConfabError('network', 'Not connected.');
  }

  /** Waits before the next attempt. `rate_limited` applies to the user, so all conversations wait. */
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

  /** Waits, at most until the client stops. */
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
