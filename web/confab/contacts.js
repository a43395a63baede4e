import { plainAlarms } from './alarms.js';
import { retryWaitMs } from './backoff.js';
import { oneAtATime } from './one-at-a-time.js';
import { repeated } from './repeated.js';

/** Interval at which a watched list is reloaded, since not every change causes an event. Unit: milliseconds. */
const RELOAD_MS = 60_000;

/**
 * Friends, requests and blocks. The lists are loaded after each connect, when a view of them opens, after each change
 * by the user, and after each `contact` event.
 *
 * Events: `change`, `changed-here` (the user has changed something in this window).
 */
export class Contacts extends EventTarget {
  /**
   * Profiles. `friends`: both users have added each other; `requests`: the other user has added this one;
   * `requested`: this user has added the other; `blocks`: this user has blocked the other.
   */
  friends = [];
  requests = [];
  requested = [];
  blocks = [];
  loaded = false;
  /** Error of the last load, or null. */
  error = null;
  /** Loads friends and requests again. */
  refresh = oneAtATime(() => this.#attempt(() => this.#load()));
  /** Loads blocks again. */
  refreshBlocks = oneAtATime(() => this.#attempt(() => this.#loadBlocks()));
  #http;
  #profiles;
  #presence;
  #alarms;

  constructor({ http, profiles, presence, alarms = plainAlarms }) {
    super();
    this.#http = http;
    this.#profiles = profiles;
    this.#presence = presence;
    this.#alarms = alarms;
  }

  /**
   * Returns the user's relation to another user.
   * @returns {'blocked' | 'friend' | 'requested' | 'request' | 'none'}
   *   `requested`: this user has sent a request, `request`: the other user has.
   */
  relationTo(user) {
    const has = (list) => list.some((one) => one.user === user);
    if (has(this.blocks)) return 'blocked';
    if (has(this.friends)) return 'friend';
    if (has(this.requested)) return 'requested';
    return has(this.requests) ? 'request' : 'none';
  }

  /** Loads all lists, and reloads them regularly until the returned function is called. */
  watch() {
    let cancel = () => {};
    const load = () => {
      this.refreshAll();
      cancel = this.#alarms.after(RELOAD_MS, load);
    };
    load();
    return () => cancel();
  }

  refreshAll() {
    return Promise.all([this.refresh(), this.refreshBlocks()]);
  }

  /** Reloads friends and requests after another user's change, and retries after an error of the server. */
  async changed(failures = 0) {
    await this.refresh();
    // The next connect loads everything.
    if (!this.error?.retryable || this.error.code === 'network') return;
    this.#alarms.after(retryWaitMs(this.error, failures + 1), () => this.changed(failures + 1));
  }

  /** Sends a friend request or accepts one. Returns whether the two users are friends now. */
  async put(user) {
    const { friends } = await this.#change(user, () => this.#http.putContact(user));
    return friends;
  }

  /** Ends a friendship, withdraws a request, or ignores one. */
  async remove(user) {
    await this.#change(user, () => this.#http.deleteContact(user));
  }

  async block(user) {
    await this.#change(user, () => this.#http.putBlock(user));
  }

  async unblock(user) {
    await this.#change(user, () => this.#http.deleteBlock(user));
  }

  /** Changes are idempotent: repeating one returns the same answer. */
  async #change(user, change) {
    const answer = await repeated(change, this.#alarms);
    await this.refreshAll();
    this.#presence.ask([user]);
    this.dispatchEvent(new Event('changed-here'));
    return answer;
  }

  async #load() {
    const time = this.#presence.asking();
    const { contacts, requests, requested } = await this.#http.contacts();
    this.#presence.answered(time, contacts.map(({ user }) => user), contacts);
    this.friends = contacts.map(profileOf);
    Object.assign(this, { requests, requested, loaded: true });
    for (const profile of [...this.friends, ...requests, ...requested]) this.#profiles.put(profile);
  }

  async #loadBlocks() {
    this.blocks = await this.#http.blocks();
    for (const block of this.blocks) this.#profiles.put(profileOf(block));
  }

  async #attempt(load) {
    try {
      await load();
      this.error = null;
    } catch (error) {
      this.error = error;
    }
    this.dispatchEvent(new Event('change'));
  }
}

function profileOf({ user, handle, display_name, avatar }) {
  return { user, handle, display_name, ...(avatar && { avatar }) };
}
