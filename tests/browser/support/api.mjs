import { randomUUID } from 'node:crypto';

export const PASSWORD = 'correct horse battery';

/** A user without a page, who uses the HTTP API. */
export class Api {
  /** @param {string} base  `http://HOST:PORT` */
  static async signUp(base, handle, display_name = handle) {
    const session = await call(base, 'POST', '/v1/signup', { handle, display_name, password: PASSWORD });
    return new Api(base, session);
  }

  static async logIn(base, handle) {
    return new Api(base, await call(base, 'POST', '/v1/login', { handle, password: PASSWORD }));
  }

  constructor(base, session) {
    this.base = base;
    this.user = session.user;
    this.token = session.access_token;
  }

  call(method, path, body) {
    return call(this.base, method, path, body, this.token);
  }

  async conversationWith(handle) {
    const { user } = await this.call('GET', `/v1/users?handle=${handle}`);
    return `dm_${[this.user, user].map((id) => id.slice('usr_'.length)).sort().join('_')}`;
  }

  /** Sends a text and returns its `ack`. */
  say(conversation, text) {
    return this.call('POST', `/v1/conversations/${conversation}/messages`, { client_message_id: randomUUID(), text });
  }

  async messages(conversation, query = 'limit=100') {
    return (await this.call('GET', `/v1/conversations/${conversation}/messages?${query}`)).messages;
  }
}

async function call(base, method, path, body, token) {
  const response = await fetch(base + path, {
    method,
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: body && JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : null;
}
