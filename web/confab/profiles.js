/** Concurrency limit of profile requests. */
const LOOKUPS_MAX = 4;

/**
 * Profiles of users, loaded from the store and, if missing there, from the server.
 *
 * Events: `change`.
 */
export class Profiles extends EventTarget {
  #http;
  #store;
  #known = new Map();
  #asked = new Set();
  #queue = [];
  #running = 0;

  constructor({ http, store }) {
    super();
    this.#http = http;
    this.#store = store;
  }

  async load() {
    for (const profile of await this.#store.profiles()) this.#known.set(profile.user, profile);
  }

  /** Returns the known profile, or null. Requests a missing one from the server. */
  get(user) {
    const profile = this.#known.get(user) ?? null;
    if (!profile) this.refresh(user);
    return profile;
  }

  /** Requests a profile from the server, once per page load. */
  refresh(user) {
    if (this.#asked.has(user)) return;
    this.#asked.add(user);
    this.#queue.push(user);
    this.#work();
  }

  put(profile) {
    this.putAll([profile]);
  }

  putAll(profiles) {
    const news = profiles.filter((profile) => JSON.stringify(this.#known.get(profile.user)) !== JSON.stringify(profile));
    for (const profile of news) {
      this.#known.set(profile.user, profile);
      this.#store.putProfile(profile);
    }
    if (news.length) this.dispatchEvent(new Event('change'));
  }

  /** Applies a `profile` event, which has all fields of a profile but the handle. */
  take({ user, display_name, avatar }) {
    const known = this.#known.get(user);
    if (known) this.put({ user, handle: known.handle, display_name, ...(avatar && { avatar }) });
    else this.refresh(user);
  }

  /** Loads the user's own profile. */
  async loadOwn() {
    const me = await this.#http.me().catch(() => null);
    if (me) this.put(me);
  }

  /** Changes the user's display name. */
  async rename(display_name) {
    this.put(await this.#http.patchMe({ display_name }));
  }

  async #work() {
    if (this.#running >= LOOKUPS_MAX) return;
    this.#running += 1;
    while (this.#queue.length) {
      const user = this.#queue.shift();
      try {
        this.put(await this.#http.user(user));
      } catch (error) {
        // The profile is requested again when it is next needed. A user who does not exist stays unknown.
        if (error.retryable) this.#asked.delete(user);
      }
    }
    this.#running -= 1;
  }
}
