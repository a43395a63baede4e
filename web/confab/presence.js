import { plainAlarms } from './alarms.js';
import { retryWaitMs } from './backoff.js';
import { oneAtATime } from './one-at-a-time.js';

/** Users that one query may name. */
const QUERY_USERS_MAX = 100;
/**
 * How often those on the screen are asked for again while somebody looks, of whom no event tells. For each the server
 * may have to read the user's whole chat list, to find a group that both are in. Unit: milliseconds.
 */
const REFRESH_MS = 60_000;
/** Every so many rounds, those are asked for too who are not on the screen. */
const ROUNDS_PER_WHOLE = 10;
/** Members of a group come one list after the other; they are asked for together. Unit: milliseconds. */
const GATHER_MS = 100;

/**
 * Who is online, as far as the server tells: of friends by events and by the contact
 * list, of everybody who matters to the page by a query after each connect, and of
 * those who are no friends by further ones while somebody looks.
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
  /** Per user what is known, and when it was asked for or told. */
  #known = new Map();
  /** Who was asked for since the last connect. */
  #asked = new Set();
  #time = 0;
  #queries = 0;
  #gathering = false;
  #cancelRefresh = () => {};
  #refresh = oneAtATime(() => this.#query(this.#people()));

  /**
   * @param {object} use
   * @param {() => Iterable<string>} use.people  The users whose statuses matter at this moment.
   * @param {() => Iterable<string>} use.friends  Those of whom events tell.
   * @param {() => Iterable<string>} use.onScreen  Those who are in what is open.
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
   * Returns a user's status, or null where it is not known.
   * @returns {{status: 'online' | 'offline', last_active_at_ms?: number} | null}
   */
  get(user) {
    // Without a connection nobody tells of a change.
    if (['offline', 'displaced'].includes(this.#connection.status)) return null;
    return this.#known.get(user)?.presence ?? null;
  }

  /** Takes a `presence` event. Events may overtake each other, so an older one tells nothing. */
  take(users) {
    const news = users.filter(({ user, last_active_at_ms = 0 }) => last_active_at_ms >= (this.#known.get(user)?.presence?.last_active_at_ms ?? 0));
    const time = this.#tick();
    this.#put(news.map((one) => [one.user, one, time]));
  }

  /** Returns what {@link answered} needs to know of a question that is about to be asked. */
  asking() {
    return this.#tick();
  }

  /**
   * Takes an answer. Who was asked for and is left out becomes unknown; what
   * has been told since the question was asked stands.
   * @param {number} time  From {@link asking}.
   * @param {string[]} asked
   * @param {{user: string, status: string, last_active_at_ms?: number}[]} users
   */
  answered(time, asked, users) {
    const told = new Map(users.map((one) => [one.user, one]));
    for (const user of asked) this.#asked.add(user);
    const due = asked.filter((user) => (this.#known.get(user)?.time ?? 0) <= time);
    this.#put(due.map((user) => [user, told.get(user), time]));
  }

  /** Asks for everybody who matters; call when a new connection has synchronised. */
  synced() {
    this.#asked.clear();
    this.#refresh();
  }

  /** Asks for those who have begun to matter; call as often as you like. */
  notice() {
    if (this.#gathering) return;
    this.#gathering = true;
    this.#alarms.after(GATHER_MS, () => {
      this.#gathering = false;
      this.ask([...this.#people()].filter((user) => !this.#asked.has(user)));
    });
  }

  /** Asks for some users. */
  ask(users) {
    return this.#query(users);
  }

  /** Says whether somebody looks at the page; while that is so, those are asked for now and then of whom no event tells. */
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
        // What is known stays, until the next round or the next connect; where the server asks to wait, until then.
        if (error.code === 'rate_limited') this.#alarms.after(retryWaitMs(error, 1), () => this.#query(users.slice(from)));
        return;
      }
    }
  }

  #put(entries) {
    let changed = false;
    for (const [user, told, time] of entries) {
      const presence = told ? presenceFrom(told) : null;
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

/** Nobody was active at 0: it stands for somebody who has never connected. */
function presenceFrom({ status, last_active_at_ms }) {
  return last_active_at_ms ? { status, last_active_at_ms } : { status };
}
