import { plainAlarms } from './alarms.js';

/** Shortest time between two `typing` frames for one conversation. Unit: milliseconds. */
const SEND_MS = 3_000;
/** Time for which a user counts as typing after the last event. Unit: milliseconds. */
const LASTS_MS = 5_000;

/**
 * The users who are typing, per conversation. Nothing is stored, and each entry expires.
 *
 * Events: `change` (`detail` is `{conversation}`).
 */
export class Typing extends EventTarget {
  #user;
  #connection;
  #alarms;
  /** Conversations for which a frame was sent within {@link SEND_MS}, each with the function that cancels its timer. */
  #recentlySent = new Map();
  /**
   * Per conversation, the users who are typing, in the order in which they began, each with the function that cancels
   * its timer.
   */
  #typists = new Map();

  constructor({ user, connection, alarms = plainAlarms }) {
    super();
    this.#user = user;
    this.#connection = connection;
    this.#alarms = alarms;
  }

  /** Sends that the user is typing. Call at every key. */
  typing(conversation) {
    if (this.#recentlySent.has(conversation) || !this.#connection.send({ action: 'typing', conversation })) return;
    this.#recentlySent.set(conversation, this.#alarms.after(SEND_MS, () => this.#recentlySent.delete(conversation)));
  }

  /** Call when the user has sent their text. The next key sends `typing` again without a wait. */
  sent(conversation) {
    this.#recentlySent.get(conversation)?.();
    this.#recentlySent.delete(conversation);
  }

  /** Returns the users who are typing in a conversation. */
  in(conversation) {
    return [...(this.#typists.get(conversation)?.keys() ?? [])];
  }

  /** Applies a `typing` event. */
  take({ conversation, user }) {
    if (user === this.#user) return;
    const typists = this.#typists.get(conversation) ?? new Map();
    this.#typists.set(conversation, typists);
    const isNew = !typists.has(user);
    typists.get(user)?.();
    typists.set(user, this.#alarms.after(LASTS_MS, () => this.ended(conversation, user)));
    if (isNew) this.#changed(conversation);
  }

  /** Records that a user has stopped typing, since their message has arrived. */
  ended(conversation, user) {
    const typists = this.#typists.get(conversation);
    if (!typists?.has(user)) return;
    typists.get(user)();
    typists.delete(user);
    if (typists.size === 0) this.#typists.delete(conversation);
    this.#changed(conversation);
  }

  #changed(conversation) {
    this.dispatchEvent(new CustomEvent('change', { detail: { conversation } }));
  }
}
