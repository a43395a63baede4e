import { newClientMessageId } from './ids.js';
import { exclusively, heldNames, holdShared } from './locks.js';
import { PendingLogouts } from './pending-logouts.js';
import { SessionStore } from './session-store.js';

const PREFIX = 'confab.account.';
const ACTIVE = 'confab.active';
const VISITED = 'confab.visited';

/**
 * The accounts that this browser knows (localStorage) and the account that this window uses (sessionStorage). Two
 * windows can use two accounts.
 *
 * Shape of an account: `{user, handle, display_name, device, logged_in, last_used_at_ms}`.
 */
export class Accounts {
  #release = null;

  constructor({
    local = globalThis.localStorage,
    perWindow = globalThis.sessionStorage,
    sessions = new SessionStore(),
    pendingLogouts = new PendingLogouts(),
  } = {}) {
    this.local = local;
    this.perWindow = perWindow;
    this.sessions = sessions;
    this.pendingLogouts = pendingLogouts;
  }

  /** Returns all accounts, the most recently used first. */
  all() {
    const accounts = [];
    for (let index = 0; index < this.local.length; index += 1) {
      const key = this.local.key(index);
      if (key.startsWith(PREFIX)) accounts.push(this.get(key.slice(PREFIX.length)));
    }
    return accounts.filter(Boolean).sort((a, b) => b.last_used_at_ms - a.last_used_at_ms);
  }

  get(user) {
    try {
      return JSON.parse(this.local.getItem(PREFIX + user));
    } catch {
      return null;
    }
  }

  /** Whether an account was ever logged in in this browser, including accounts that were forgotten since. */
  get visited() {
    return this.local.getItem(VISITED) !== null;
  }

  /** Merges `changes` into the account and creates the account if it does not exist. */
  update(user, changes) {
    const account = { user, logged_in: false, last_used_at_ms: 0, ...this.get(user), ...changes };
    this.local.setItem(PREFIX + user, JSON.stringify(account));
    this.local.setItem(VISITED, 'yes');
    return account;
  }

  /**
   * Stores a new session under a new `login` name. Renewed tokens keep the name, so windows can distinguish this
   * login from a later one.
   * @param {object} session  From signup or login.
   * @param {{handle: string, display_name?: string}} names
   */
  async logIn(session, names) {
    await this.sessions.save({ ...session, login: newClientMessageId() });
    return this.update(session.user, { ...names, device: session.device, logged_in: true });
  }

  /** Forgets an account that has logged out. */
  async forget(user) {
    this.local.removeItem(PREFIX + user);
    await this.sessions.remove(user);
  }

  /** Returns the device id of an earlier login with this handle in this browser, or undefined. */
  deviceOf(handle) {
    return this.all().find((account) => account.handle === handle.toLowerCase())?.device;
  }

  /** Makes `user` the account of this window and holds a shared lock that shows this to other windows. */
  activate(user) {
    this.deactivate();
    this.perWindow.setItem(ACTIVE, user);
    this.update(user, { last_used_at_ms: Date.now() });
    this.#release = holdShared(windowLock(user));
  }

  deactivate() {
    this.perWindow.removeItem(ACTIVE);
    this.#release?.();
    this.#release = null;
  }

  /**
   * Returns the account for a newly opened window, or null. The window's own account comes first, then the most
   * recently used logged-in account that no window uses.
   */
  async resume() {
    const active = this.get(this.perWindow.getItem(ACTIVE));
    if (active?.logged_in) return active;
    const held = await heldNames();
    const usable = this.all().filter((account) => account.logged_in);
    return usable.find((account) => !held.has(windowLock(account.user))) ?? null;
  }

  /** Returns the functions with which {@link ConfabClient} loads, stores, renews and ends a session. */
  credentials(user) {
    return {
      load: () => this.sessions.load(user),
      save: async (session) => {
        // A late renewal must not restore an account that has logged out meanwhile.
        if (this.get(user)) await this.sessions.save(session);
      },
      end: async (access_token) => {
        // Another window may have logged in again since this token was refused.
        if (!(await this.sessions.removeIf(user, access_token))) return false;
        if (this.get(user)) this.update(user, { logged_in: false });
        return true;
      },
      exclusively: (work) => exclusively(`confab-refresh:${user}`, work),
      // No lock is needed: a concurrent renewal only makes the kept tokens outdated, and the server also ends the
      // login when it receives outdated ones.
      leave: async ({ everywhere = false } = {}) => {
        const session = await this.sessions.load(user);
        if (session) await this.pendingLogouts.add({ ...session, everywhere });
      },
      settle: () => this.pendingLogouts.settle(),
    };
  }
}

function windowLock(user) {
  return `confab-window:${user}`;
}

/** Converts a session answer to its stored form. Times are by the local clock. */
export function storedSession(answer, now = Date.now()) {
  const life_ms = answer.expires_in_seconds * 1000;
  return { ...answer, life_ms, expires_at_ms: now + life_ms };
}
