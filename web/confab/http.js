import { storedSession } from './accounts.js';
import { plainAlarms } from './alarms.js';
import { retryWaitMs } from './backoff.js';
import { ConfabError } from './errors.js';
import { newClientMessageId } from './ids.js';

/** Longest wait for an answer, including the upload of a long text. Unit: milliseconds. */
const ANSWER_MS_MAX = 30_000;
/** Time before its expiry at which an access token is renewed. Unit: milliseconds. */
const RENEW_BEFORE_MS = 60_000;
/**
 * Longest wait before a `rate_limited` call is repeated. If the server asks for a longer one, the call throws.
 * Unit: milliseconds.
 */
const LIMITED_MS_MAX = 5_000;
/** Largest number of attempts of a `rate_limited` call. */
const LIMITED_TRIES_MAX = 4;

/**
 * Client of the HTTP API.
 *
 * Every method throws {@link ConfabError}. An access token is renewed shortly before it expires, or when the server
 * refuses it. Only one window at a time renews, since most uses of an outdated refresh token end the session.
 *
 * Each refresh has an `attempt` id, which is stored before the request. A refresh whose answer was lost is repeated
 * with the same id, also after a reload.
 */
export class ConfabHttp {
  #base;
  #credentials;
  #fetch;
  #alarms;
  #cached = null;
  #renewing = null;

  /**
   * @param {object} [options]
   * @param {string} [options.base]  Origin of the API; empty means the page's origin.
   * @param {object} [options.credentials]  `{load, save, end, exclusively}`; not needed for signup and login.
   * @param {typeof fetch} [options.fetch]
   * @param {import('./alarms.js').Alarms} [options.alarms]
   */
  constructor({ base = '', credentials = null, fetch = globalThis.fetch.bind(globalThis), alarms = plainAlarms } = {}) {
    this.#base = base;
    this.#credentials = credentials;
    this.#fetch = fetch;
    this.#alarms = alarms;
  }

  /** The `login` name, see {@link Accounts}, of the tokens that were used last. */
  get currentLogin() {
    return this.#cached?.login;
  }

  /** @returns {Promise<object>} A session, ready to be stored. */
  async signup({ handle, password, display_name, device, invite }) {
    return storedSession(await this.#call('POST', '/v1/signup', { handle, password, display_name, device, invite }));
  }

  /** @returns {Promise<object>} A session, ready to be stored. */
  async login({ handle, password, device }) {
    return storedSession(await this.#call('POST', '/v1/login', { handle, password, device }));
  }

  /** @param {{everywhere?: boolean}} [where]  `everywhere`: all devices of the user. */
  logout = ({ everywhere } = {}) => this.#authorized('POST', '/v1/logout', everywhere ? { everywhere } : undefined);
  /** @returns {Promise<{ticket: string, url: string, expires_in_seconds: number}>} */
  ticket = () => this.#authorized('POST', '/v1/tickets');
  me = () => this.#authorized('GET', '/v1/me');
  /** @param {{display_name?: string, avatar?: string | null, group_adds?: 'everyone' | 'friends'}} changes */
  patchMe = (changes) => this.#authorized('PATCH', '/v1/me', changes);
  user = (user) => this.#authorized('GET', `/v1/users/${encodeURIComponent(user)}`);
  userByHandle = (handle) => this.#authorized('GET', `/v1/users?handle=${encodeURIComponent(handle)}`);
  devices = async () => (await this.#authorized('GET', '/v1/devices')).devices;
  endDevice = (device) => this.#authorized('DELETE', `/v1/devices/${encodeURIComponent(device)}`);
  /** Registers this device for pushes. @param {{platform: 'apns' | 'fcm', token: string}} push */
  putPush = (push) => this.#authorized('PUT', '/v1/devices/self/push', push);
  deletePush = () => this.#authorized('DELETE', '/v1/devices/self/push');

  /** @param {{name: string, members: string[]}} group  The caller becomes its owner. */
  createGroup = (group) => this.#authorized('POST', '/v1/groups', group);
  group = (group) => this.#authorized('GET', groupPath(group));
  /** @param {{name: string}} changes */
  patchGroup = (group, changes) => this.#authorized('PATCH', groupPath(group), changes);
  deleteGroup = (group) => this.#authorized('DELETE', groupPath(group));
  /** Adds a member or, with a role, changes a member's role. */
  putMember = (group, user, role) => this.#authorized('PUT', memberPath(group, user), { role });
  removeMember = (group, user) => this.#authorized('DELETE', memberPath(group, user));

  /**
   * Changes the password, which logs out every other device and gives this one new tokens. No other window renews the
   * old tokens meanwhile.
   * @param {{old_password: string, new_password: string}} passwords
   * @throws {ConfabError} `forbidden` if the old password is wrong.
   *   `network` and `unavailable` leave the outcome unknown.
   */
  changePassword(passwords) {
    return this.#credentials.exclusively(() => this.#changePassword(passwords));
  }

  /** Returns the whole chat list, from all pages. */
  conversations = async () => (await this.#allPages('/v1/conversations', ['conversations'])).conversations;

  /**
   * Returns the whole contact list, from all pages.
   * @returns {Promise<{contacts: object[], requests: object[], requested: object[]}>}
   */
  contacts = () => this.#allPages('/v1/contacts', ['contacts', 'requests', 'requested']);
  /** @returns {Promise<{user: string, friends: boolean}>} */
  putContact = (user) => this.#authorized('PUT', `/v1/contacts/${encodeURIComponent(user)}`);
  deleteContact = (user) => this.#authorized('DELETE', `/v1/contacts/${encodeURIComponent(user)}`);

  /** Returns all users whom the user has blocked, from all pages. */
  blocks = async () => (await this.#allPages('/v1/blocks', ['blocks'])).blocks;
  putBlock = (user) => this.#authorized('PUT', `/v1/blocks/${encodeURIComponent(user)}`);
  deleteBlock = (user) => this.#authorized('DELETE', `/v1/blocks/${encodeURIComponent(user)}`);

  /**
   * Returns one page of complete messages, ascending.
   * @param {string} conversation
   * @param {{before?: number, after?: number, around?: number, limit?: number}} [where]
   * @returns {Promise<{messages: object[], more: boolean}>}
   */
  messages(conversation, where = {}) {
    return this.#authorized('GET', `${conversationPath(conversation)}/messages?${new URLSearchParams(where)}`);
  }

  /** Sends a message of any permitted size. The answer is like an `ack`. */
  postMessage(conversation, { client_message_id, text, read_seq }) {
    return this.#authorized('POST', `${conversationPath(conversation)}/messages`, { client_message_id, text, read_seq });
  }

  /** @param {{muted_until_ms?: number | null, accept_adds?: true}} changes */
  patchConversation = (conversation, changes) => this.#authorized('PATCH', conversationPath(conversation), changes);

  /** Returns the read marks of a conversation's members. */
  async receipts(conversation) {
    const answer = await this.#authorized('GET', `${conversationPath(conversation)}/receipts`);
    return answer?.receipts ?? [];
  }

  /** @param {string[]} names  The names of the lists in each page. */
  async #allPages(path, names) {
    const all = Object.fromEntries(names.map((name) => [name, []]));
    let cursor;
    do {
      const query = cursor ? `?cursor=${encodeURIComponent(cursor)}` : '';
      const page = await this.#authorized('GET', path + query);
      for (const name of names) all[name].push(...page[name]);
      cursor = page.next;
    } while (cursor);
    return all;
  }

  /**
   * Makes a call. Repeats it after `rate_limited`, which means that the server has not carried it out, once the
   * requested wait is over.
   */
  async #authorized(method, path, body) {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#once(method, path, body);
      } catch (error) {
        const wait_ms = retryWaitMs(error, tries);
        if (error.code !== 'rate_limited' || tries === LIMITED_TRIES_MAX || wait_ms > LIMITED_MS_MAX) throw error;
        await new Promise((resolve) => this.#alarms.after(wait_ms, resolve));
      }
    }
  }

  async #once(method, path, body) {
    const token = await this.#accessToken(null);
    try {
      return await this.#call(method, path, body, token);
    } catch (error) {
      if (error.status !== 401) throw error;
    }
    const renewed = await this.#accessToken(token);
    try {
      return await this.#call(method, path, body, renewed);
    } catch (error) {
      if (error.status === 401) await this.#credentials.exclusively(() => this.#end(renewed));
      throw error;
    }
  }

  /** @param {string | null} refused  A token that the server no longer accepts. */
  async #accessToken(refused) {
    if (this.#cached && usable(this.#cached, refused)) return this.#cached.access_token;
    const token = await this.#renewing;
    if (token && token !== refused) return token;
    this.#renewing ??= this.#credentials.exclusively(() => this.#renew(refused)).finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  async #renew(refused) {
    // Read from the store: another window may have renewed the session while this one waited for the lock.
    const session = await this.#credentials.load();
    if (!session) throw sessionEnded();
    this.#cached = session;
    if (usable(session, refused)) return session.access_token;
    try {
      const attempt = await this.#attemptOf(session);
      const answer = await this.#call('POST', '/v1/token/refresh', { refresh_token: session.refresh_token, attempt: attempt ?? undefined });
      this.#cached = { ...storedSession(answer), login: session.login };
      await this.#credentials.save(this.#cached);
      return answer.access_token;
    } catch (error) {
      if (error.status === 401) await this.#end(session.access_token);
      if (session.access_token !== refused && session.expires_at_ms > Date.now()) return session.access_token;
      throw error;
    }
  }

  async #changePassword(passwords) {
    const session = await this.#settled(null);
    try {
      await this.#changePasswordOf(session, passwords);
    } catch (error) {
      if (error.status !== 401) throw error;
      await this.#changePasswordOf(await this.#settled(session.access_token), passwords);
    }
  }

  async #changePasswordOf(session, passwords) {
    // If the answer is lost, only a refresh without an attempt id returns the new tokens.
    await this.#credentials.save({ ...session, attempt: null });
    let answer;
    try {
      answer = await this.#call('POST', '/v1/me/password', passwords, session.access_token);
    } catch (error) {
      // After a refusal the tokens are unchanged.
      if (error.status >= 400 && error.status < 500) await this.#credentials.save(session);
      throw error;
    }
    this.#cached = { ...storedSession(answer), login: session.login };
    await this.#credentials.save(this.#cached);
  }

  /** Returns a session with the newest tokens. Renews them first if an answer with newer ones may have been lost. */
  async #settled(refused) {
    const known = await this.#credentials.load();
    await this.#renew(known?.attempt === undefined ? refused : known.access_token);
    const session = await this.#credentials.load();
    if (session?.attempt !== undefined) throw new ConfabError('unavailable', 'Try again.');
    return session;
  }

  /** Returns the attempt id for a refresh with the session's refresh token, or null if the refresh must have none. */
  async #attemptOf(session) {
    if (session.attempt !== undefined) return session.attempt;
    const attempt = newClientMessageId();
    try {
      await this.#credentials.save({ ...session, attempt });
    } catch {
      // Without a stored id, a lost answer can be fetched again for only a minute.
    }
    return attempt;
  }

  async #end(access_token) {
    this.#cached = null;
    const ended = await this.#credentials.end(access_token);
    throw ended ? sessionEnded() : new ConfabError('unavailable', 'Try again.');
  }

  async #call(method, path, body, token) {
    const headers = {};
    if (token) headers.Authorization = `Bearer ${token}`;
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    let response;
    let text;
    try {
      response = await this.#fetch(this.#base + path, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        cache: 'no-store',
        signal: AbortSignal.timeout(ANSWER_MS_MAX),
      });
      text = await response.text();
    } catch {
      throw new ConfabError('network', 'The server cannot be reached. Check your connection and try again.');
    }
    const answer = parse(text);
    if (response.ok) return answer;
    throw errorFromAnswer(response, answer);
  }
}

function sessionEnded() {
  return new ConfabError('session_ended', 'You have been logged out.', { status: 401 });
}

function usable(session, refused) {
  const margin_ms = Math.min(RENEW_BEFORE_MS, (session.life_ms ?? Infinity) / 5);
  return session.access_token !== refused && session.expires_at_ms - Date.now() > margin_ms;
}

function conversationPath(conversation) {
  return `/v1/conversations/${encodeURIComponent(conversation)}`;
}

function groupPath(group) {
  return `/v1/groups/${encodeURIComponent(group)}`;
}

function memberPath(group, user) {
  return `${groupPath(group)}/members/${encodeURIComponent(user)}`;
}

function parse(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

function errorFromAnswer(response, answer) {
  const error = answer?.error ?? {};
  const header_seconds = Number(response.headers.get('Retry-After'));
  return new ConfabError(
    error.code ?? CODE_BY_STATUS[response.status] ?? (response.status >= 500 ? 'unavailable' : 'bad_request'),
    error.message ?? 'Something went wrong. Try again.',
    {
      ...error,
      status: response.status,
      retry_after_ms: error.retry_after_ms ?? (header_seconds > 0 ? header_seconds * 1000 : undefined),
    },
  );
}

// Error codes for answers of a proxy, which lack the API's error bodies.
const CODE_BY_STATUS = { 401: 'unauthenticated', 403: 'forbidden', 404: 'not_found', 413: 'too_large', 429: 'rate_limited' };
