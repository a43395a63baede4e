import { exclusively, heldNames, holdShared } from './locks.js';

const PREFIX = 'confab.account.';
const ACTIVE = 'confab.active';

/**
 * The accounts that this browser knows, in localStorage, and which of them this
 * window uses, in sessionStorage: two windows can be two people.
 *
 * Shape of an account: `{user, handle, display_name, device, session, last_used_at_ms}`;
 * `session` is null once it has ended.
 */
export class Accounts {
  #release = null;

  constructor(local = globalThis.localStorage, perWindow = globalThis.sessionStorage) {
    this.local = local;
    this.perWindow = perWindow;
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

  /** Merges `changes` into the account, which need not exist yet. */
  update(user, changes) {
    const account = { user, session: null, last_used_at_ms: 0, ...this.get(user), ...changes };
    this.local.setItem(PREFIX + user, JSON.stringify(account));
    return account;
  }

  forget(user) {
    this.local.removeItem(PREFIX + user);
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
    if (active?.session) return active;
    const held = await heldNames();
    const usable = this.all().filter((account) => account.session);
    return usable.find((account) => !held.has(windowLock(account.user))) ?? null;
  }

  /** Returns what {@link ConfabHttp} needs to keep a session alive. */
  credentials(user) {
    return {
      load: () => this.get(user)?.session ?? null,
      save: (session) => {
        // A window that has logged out meanwhile must not be logged in again by a late refresh.
        if (this.get(user)) this.update(user, { session, device: session.device });
      },
      end: () => {
        if (this.get(user)) this.update(user, { session: null });
      },
      exclusively: (work) => exclusively(`confab-refresh:${user}`, work),
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
