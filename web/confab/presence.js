import { plainAlarms } from './alarms.js';
import { retryWaitMs } from './backoff.js';
import { oneAtATime } from './one-at-a-time.js';

/** Largest number of users in one query. */
const QUERY_USERS_MAX = 100;
/**
 * Interval at which a visible page queries users on the screen who are no friends, since events cover friends only.
 * For each of them the server may have to read the user's whole chat list, to find a group that both are in.
 * Unit: milliseconds.
 */
const REFRESH_MS = 60_000;
/** Number of rounds after which users who are not on the screen are queried too. */
const ROUNDS_PER_WHOLE = 10;
/**
 * Delay in which users are gathered for one query, since the member lists of groups arrive one by one.
 * Unit: milliseconds.
 */
const GATHER_MS = 100;

/**
 * Presence of other users. Friends: by events and by the contact list. All users that the page shows: by a query
 * after each connect. Users who are no friends: by further queries while the page is visible.
 *
 * Events: `change`.
 */
export class Presence extends EventTarget {
  #user;
  #connection;
  #alarms;
  #people;
  #friends;
  #onScreen;
  /** Per user, the known presence and the logical time of the query or event. */
  #known = new Map();
  /** Users who were queried since the last connect. */
  #asked = new Set();
  #time = 0;
  #queries = 0;
  #gathering = false;
  #cancelRefresh = () => {};
  #refresh = oneAtATime(() => this.#query(this.#people()));

  /**
   * @param {object} use
   * @param {() => Iterable<string>} use.people  The users whose presence the page shows now.
   * @param {() => Iterable<string>} use.friends  The users whom events cover.
   * @param {() => Iterable<string>} use.onScreen  The users in open conversations.
   */
  constructor({ user, connection, people, friends, onScreen, alarms = plainAlarms }) {
    super();
    this.#user = user;
    this.#connection = connection;
    this.#people = people;
    this.#friends = friends;
    this.#onScreen = onScreen;
    this.#alarms = alarms;
    connection.addEventListener('status', () => this.#changed());
  }

  /**
   * Returns a user's presence, or null if it is not known.
   * @returns {{status: 'online' | 'offline', last_active_at_ms?: number} | null}
   */
  get(user) {
    // Without a connection no change is reported.
    if (['offline', 'displaced'].includes(this.#connection.status)) return null;
    return this.#known.get(user)?.presence ?? null;
  }

  /** Applies a `presence` event. Events may overtake each other, so an older one is ignored. */
  take(users) {
    const news = users.filter(({ user, last_active_at_ms = 0 }) => last_active_at_ms >= (this.#known.get(user)?.presence?.last_active_at_ms ?? 0));
    const time = this.#tick();
    this.#put(news.map((one) => [one.user, one, time]));
  }

  /** Returns the logical time of a query that is about to be sent, for {@link answered}. */
  asking() {
    return this.#tick();
  }

  /**
   * Applies an answer. The presence of users whom the answer leaves out becomes unknown. Presence that was reported
   * after the query was sent is kept.
   * @param {number} time  From {@link asking}.
   * @param {string[]} asked
   * @param {{user: string, status: string, last_active_at_ms?: number}[]} users
   */
  answered(time, asked, users) {
    const statuses = new Map(users.map((one) => [one.user, one]));
    for (const user of asked) this.#asked.add(user);
    const due = asked.filter((user) => (this.#known.get(user)?.time ?? 0) <= time);
    this.#put(due.map((user) => [user, statuses.get(user), time]));
  }

  /** Queries all users that the page shows. Call when a new connection has synchronised. */
  synced() {
    this.#asked.clear();
    this.#refresh();
  }

  /** Queries users whom the page shows and who were not queried since the last connect. May be called often. */
  notice() {
    if (this.#gathering) return;
    this.#gathering = true;
    this.#alarms.after(GATHER_MS, () => {
      this.#gathering = false;
      this.ask([...this.#people()].filter((user) => !this.#asked.has(user)));
    });
  }

  /** Queries the given users. */
  ask(users) {
    return this.#query(users);
  }

  /** Sets whether the page is visible. While it is, users who are no friends are queried regularly. */
  setVisible(visible) {
    this.#cancelRefresh();
    if (visible) this.#round(0);
  }

  stop() {
    this.#cancelRefresh();
  }

  #round(number) {
    const friends = new Set(this.#friends());
    const people = number % ROUNDS_PER_WHOLE === 0 ? this.#people() : this.#onScreen();
    this.ask([...people].filter((user) => !friends.has(user)));
    this.#cancelRefresh = this.#alarms.after(REFRESH_MS, () => this.#round(number + 1));
  }

  async #query(people) {
    const users = [...new Set(people)].filter((user) => user !== this.#user);
    for (let from = 0; from < users.length; from += QUERY_USERS_MAX) {
      if (this.#connection.status !== 'online') return;
      const asked = users.slice(from, from + QUERY_USERS_MAX);
      for (const user of asked) this.#asked.add(user);
      this.#queries += 1;
      const time = this.asking();
      try {
        const answer = await this.#connection.request({ action: 'presence', id: `presence-${this.#queries}`, users: asked });
        this.answered(time, asked, answer.users);
      } catch (error) {
        // Known presence is kept until the next round or connect. After `rate_limited`, the rest is queried once the
        // wait is over.
        if (error.code === 'rate_limited') this.#alarms.after(retryWaitMs(error, 1), () => this.#query(users.slice(from)));
        return;
      }
    }
  }

  #put(entries) {
    let changed = false;
    for (const [user, status, time] of entries) {
      const presence = status ? presenceFrom(status) : null;
      const before = this.#known.get(user)?.presence ?? null;
      changed ||= JSON.stringify(before) !== JSON.stringify(presence);
      this.#known.set(user, { presence, time });
    }
    if (changed) this.#changed();
  }

  #tick() {
    this.#time += 1;
    return this.#time;
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}

/** Returns the presence of a user. `last_active_at_ms: 0` means that the user has never connected, and is left out. */
function presenceFrom({ status, last_active_at_ms }) {
  return last_active_at_ms ? { status, last_active_at_ms } : { status };
}
