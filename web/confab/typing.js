import { plainAlarms } from './alarms.js';

/** Time between two frames that tell of one user's typing. Unit: milliseconds. */
const TELL_MS = 3_000;
/** How long somebody counts as typing after the last event. Unit: milliseconds. */
const LASTS_MS = 5_000;

/**
 * Who is typing where. Nothing of it is kept: it ends by itself.
 *
 * Events: `change` (`detail` is `{conversation}`).
 */
export class Typing extends EventTarget {
  #user;
  #connection;
  #alarms;
  /** Conversations that were told a moment ago, and how to forget that. */
  #told = new Map();
  /** Per conversation who is typing, in the order in which they began, and how to cancel their end. */
  #typists = new Map();

  constructor({ user, connection, alarms = plainAlarms }) {
    super();
    this.#user = user;
    this.#connection = connection;
    this.#alarms = alarms;
  }

  /** Says that the user is typing; call at every key. */
  typing(conversation) {
    if (this.#told.has(conversation) || !this.#connection.send({ action: 'typing', conversation })) return;
    this.#told.set(conversation, this.#alarms.after(TELL_MS, () => this.#told.delete(conversation)));
  }

  /** Says that the user has sent what they typed: what they type next is told anew. */
  sent(conversation) {
    this.#told.get(conversation)?.();
    this.#told.delete(conversation);
  }

  /** Returns the users who are typing in a conversation. */
  in(conversation) {
    return [...(this.#typists.get(conversation)?.keys() ?? [])];
  }

  /** Takes a `typing` event. */
  take({ conversation, user }) {
    if (user === this.#user) return;
    const typists = this.#typists.get(conversation) ?? new Map();
    this.#typists.set(conversation, typists);
    const isNew = !typists.has(user);
    typists.get(user)?.();
    typists.set(user, this.#alarms.after(LASTS_MS, () => this.ended(conversation, user)));
    if (isNew) this.#changed(conversation);
  }

  /** Takes note that somebody types no more, since what they wrote is there. */
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
