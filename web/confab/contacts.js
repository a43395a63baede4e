import { plainAlarms } from './alarms.js';
import { retryWaitMs } from './backoff.js';
import { oneAtATime } from './one-at-a-time.js';
import { repeated } from './repeated.js';

/** How often the list is loaded while somebody watches it: not every change makes an event. Unit: milliseconds. */
const RELOAD_MS = 60_000;

/**
 * Friends, requests and blocks. The lists are loaded after each connect, when
 * the user looks at them, and after each change that the user makes or that an
 * event tells of.
 *
 * Events: `change`, `changed-here` (the user has changed something in this window).
 */
export class Contacts extends EventTarget {
  /** Profiles, each list by its own meaning: both have put each other, they the user, the user them. */
  friends = [];
  requests = [];
  requested = [];
  blocks = [];
  loaded = false;
  /** Why the lists could not be loaded the last time, or null. */
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
   * Returns how the user stands to another.
   * @returns {'blocked' | 'friend' | 'requested' | 'request' | 'none'} `requested`: the user has asked, `request`: the other has.
   */
  relationTo(user) {
    const has = (list) => list.some((one) => one.user === user);
    if (has(this.blocks)) return 'blocked';
    if (has(this.friends)) return 'friend';
    if (has(this.requested)) return 'requested';
    return has(this.requests) ? 'request' : 'none';
  }

  /** Loads all lists, and again now and then until the returned function is called. */
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

  /** Takes note that another has changed something. */
  async changed(failures = 0) {
    await this.refresh();
    // After a lost connection all is loaded anyway.
    if (!this.error?.retryable || this.error.code === 'network') return;
    this.#alarms.after(retryWaitMs(this.error, failures + 1), () => this.changed(failures + 1));
  }

  /** Asks somebody to be a friend, or accepts that they asked; returns whether both are friends now. */
  async put(user) {
    const { friends } = await this.#change(user, () => this.#http.putContact(user));
    return friends;
  }

  /** Ends a friendship, takes a request back, or ignores one. */
  async remove(user) {
    await this.#change(user, () => this.#http.deleteContact(user));
  }

  async block(user) {
    await this.#change(user, () => this.#http.putBlock(user));
  }

  async unblock(user) {
    await this.#change(user, () => this.#http.deleteBlock(user));
  }

  /** Each change may be repeated: one that was made already is answered in the same way. */
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
