import { newClientMessageId } from './ids.js';
import { exclusively, heldNames, holdShared } from './locks.js';
import { PendingLogouts } from './pending-logouts.js';
import { SessionStore } from './session-store.js';

const PREFIX = 'confab.account.';
const ACTIVE = 'confab.active';
const VISITED = 'confab.visited';

/**
 * The accounts that this browser knows, in localStorage, and which of them this
 * window uses, in sessionStorage: two windows can be two people.
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

  /** Returns all accounts, the last used first. */
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

  /** Whether anybody has ever logged in here, forgotten accounts included. */
  get visited() {
    return this.local.getItem(VISITED) !== null;
  }

  /** Merges `changes` into the account, which need not exist yet. */
  update(user, changes) {
    const account = { user, logged_in: false, last_used_at_ms: 0, ...this.get(user), ...changes };
    this.local.setItem(PREFIX + user, JSON.stringify(account));
    this.local.setItem(VISITED, 'yes');
    return account;
  }

  /**
   * Keeps a new session. It is given a name that its renewals keep, `login`, by which windows tell it from a later one.
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

  /** Returns the device id of an earlier login with this handle in this browser. */
  deviceOf(handle) {
    return this.all().find((account) => account.handle === handle.toLowerCase())?.device;
  }

  /** Makes `user` the account of this window, and lets other windows see that. */
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

  /** Returns the account with which a window that just opened should go on, or null. */
  async resume() {
    const active = this.get(this.perWindow.getItem(ACTIVE));
    if (active?.logged_in) return active;
    const held = await heldNames();
    const usable = this.all().filter((account) => account.logged_in);
    return usable.find((account) => !held.has(windowLock(account.user))) ?? null;
  }

  /** Returns what {@link ConfabClient} needs to keep a session alive, and to end it. */
  credentials(user) {
    return {
      load: () => this.sessions.load(user),
      save: async (session) => {
        // An account that has logged out meanwhile must not come back by a late renewal.
        if (this.get(user)) await this.sessions.save(session);
      },
      end: async (access_token) => {
        // Another window may have logged in again since this token was refused.
        if (!(await this.sessions.removeIf(user, access_token))) return false;
        if (this.get(user)) this.update(user, { logged_in: false });
        return true;
      },
      exclusively: (work) => exclusively(`confab-refresh:${user}`, work),
      // Without the lock: a renewal under way only makes the kept tokens old, and using old ones ends the login too.
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

/** Turns a session answer into what is stored. Times are by the local clock. */
export function storedSession(answer, now = Date.now()) {
  const life_ms = answer.expires_in_seconds * 1000;
  return { ...answer, life_ms, expires_at_ms: now + life_ms };
}
