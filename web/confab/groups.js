import { plainAlarms } from './alarms.js';
import { retryWaitMs } from './backoff.js';
import { oneAtATime } from './one-at-a-time.js';
import { repeated } from './repeated.js';

/**
 * Members and roles of watched groups, kept up to date, and the changes that members make.
 *
 * Every change is an entry in the group's log, which all devices receive. The answer to a change is applied as well,
 * so that the user who made it need not wait for the entry.
 *
 * Events: `change`.
 */
export class Groups extends EventTarget {
  #user;
  #http;
  #chats;
  #alarms;
  #onRefused;
  #known = new Map();
  #errors = new Map();
  /** Per conversation, the number of watchers and the function that loads it. */
  #watched = new Map();

  /**
   * @param {object} use
   * @param {() => void} use.onRefused  The server refuses a group that the chat list still has.
   */
  constructor({ user, http, chats, onRefused, alarms = plainAlarms }) {
    super();
    this.#user = user;
    this.#http = http;
    this.#chats = chats;
    this.#onRefused = onRefused;
    this.#alarms = alarms;
  }

  /** @returns {{group: string, name: string, created_at_ms: number, members: {user: string, role: string, joined_at_ms: number}[]} | null} */
  get(conversation) {
    return this.#known.get(conversation) ?? null;
  }

  /** Returns why a group could not be loaded, or null. */
  errorOf(conversation) {
    return this.#errors.get(conversation) ?? null;
  }

  /** Returns the user's own role, or null if it is not known. */
  roleIn(conversation) {
    return this.get(conversation)?.members.find(({ user }) => user === this.#user)?.role ?? null;
  }

  /** Returns the members of all watched groups. */
  get watchedMembers() {
    return [...this.#watched.keys()].flatMap((conversation) => this.get(conversation)?.members.map(({ user }) => user) ?? []);
  }

  /** Loads a group and keeps it up to date until the returned function is called. */
  watch(conversation) {
    const watched = this.#watched.get(conversation) ?? { watchers: 0, failures: 0, load: oneAtATime(() => this.#load(conversation)) };
    watched.watchers += 1;
    this.#watched.set(conversation, watched);
    this.refresh(conversation);
    return () => {
      watched.watchers -= 1;
      if (watched.watchers === 0) this.#watched.delete(conversation);
    };
  }

  /** Reloads a group if it is watched. */
  refresh(conversation) {
    return this.#watched.get(conversation)?.load();
  }

  /** Reloads every watched group. Call when events may have been missed. */
  refreshAll() {
    for (const conversation of this.#watched.keys()) this.refresh(conversation);
  }

  /** Reloads a group after system entries of its log, or forgets it if the user has left. */
  released(chat, messages) {
    if (chat.left) this.#known.delete(chat.conversation);
    else if (messages.some(({ kind }) => kind !== 'text')) this.refresh(chat.conversation);
  }

  /**
   * Creates a group and returns its id. Check the chat list before repeating it: if no answer arrived, the group may
   * exist.
   */
  async create(name, members) {
    const group = await this.#http.createGroup({ name, members });
    this.#take(group);
    await this.#chats.enter(this.#chats.ensure(group.group), group.name);
    return group.group;
  }

  async rename(conversation, name) {
    this.#take(await this.#repeated(() => this.#http.patchGroup(conversation, { name })));
  }

  /** Adds a member, or changes a member's role. */
  async putMember(conversation, user, role) {
    this.#take(await this.#repeated(() => this.#http.putMember(conversation, user, role)));
  }

  async removeMember(conversation, user) {
    await this.#remove(() => this.#http.removeMember(conversation, user));
    await this.refresh(conversation);
  }

  async leave(conversation) {
    await this.#remove(() => this.#http.removeMember(conversation, this.#user));
    await this.#chats.leave(this.#chats.ensure(conversation), 'left');
  }

  /** Lets users who are no friends add the user again to a group that the user has left. */
  async acceptAdds(conversation) {
    await this.#repeated(() => this.#http.patchConversation(conversation, { accept_adds: true }));
    await this.#chats.acceptAdds(this.#chats.ensure(conversation));
  }

  async delete(conversation) {
    await this.#remove(() => this.#http.deleteGroup(conversation));
    await this.#chats.leave(this.#chats.ensure(conversation), 'deleted');
  }

  async #load(conversation) {
    const chat = this.#chats.ensure(conversation);
    const watched = this.#watched.get(conversation);
    if (chat.left || !watched) return;
    try {
      this.#take(await this.#http.group(conversation));
      watched.failures = 0;
    } catch (error) {
      this.#errors.set(conversation, error);
      watched.failures += 1;
      if (error.code === 'forbidden' || error.code === 'not_found') await this.#refused(chat, error.code);
      // After a network error, the next connect loads the group.
      else if (error.retryable && error.code !== 'network') this.#alarms.after(retryWaitMs(error, watched.failures), () => this.refresh(conversation));
      this.#changed();
    }
  }

  async #refused(chat, code) {
    this.#known.delete(chat.conversation);
    // The list is more reliable: the user may have joined the group since the request was answered.
    if (chat.listed) this.#onRefused();
    else await this.#chats.leave(chat, code === 'not_found' ? 'deleted' : 'outside');
  }

  /** Changes are idempotent: repeating one returns the same answer. */
  #repeated(change) {
    return repeated(change, this.#alarms);
  }

  /** Repeats a removal. After an unknown outcome, `not_found` means success. */
  #remove(removal) {
    let tries = 0;
    return this.#repeated(async () => {
      tries += 1;
      try {
        await removal();
      } catch (error) {
        if (tries === 1 || error.code !== 'not_found') throw error;
      }
    });
  }

  #take(group) {
    this.#known.set(group.group, group);
    this.#errors.delete(group.group);
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}
