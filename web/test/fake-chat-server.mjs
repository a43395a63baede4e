/**
 * A server with one conversation, as clients see it: one log, idempotent sends, events to every socket but the
 * sender's.
 */
export class FakeChatServer {
  log = [];
  read_seq = 0;
  /** Further fields of the conversation's row in the chat list. */
  rowFields = {};
  contacts = { contacts: [], requests: [], requested: [] };
  sockets = new Set();
  /** Largest number of sockets that were open at the same time. */
  socketsMax = 0;
  opened = 0;
  /** Every received frame. */
  frames = [];
  /** Called with each frame. A result other than null and undefined replaces the answer; `false` means no answer. */
  intercept = () => undefined;
  #user;
  #conversation;

  constructor({ user, conversation }) {
    this.#user = user;
    this.#conversation = conversation;
  }

  get texts() {
    return this.log.map(({ text }) => text);
  }

  /** Appends a message of another user. */
  say(text, sender = 'usr_2') {
    return this.#append({ sender, text, client_message_id: `other-${this.log.length}` }, null);
  }

  /** Sends an event to every socket. */
  sendEvent(event) {
    for (const socket of this.sockets) socket.receive(event);
  }

  connect({ receive, closed }) {
    const socket = { receive: (frame) => receive(JSON.stringify(frame)), closed };
    this.sockets.add(socket);
    this.opened += 1;
    this.socketsMax = Math.max(this.socketsMax, this.sockets.size);
    return {
      take: (data) => this.sockets.has(socket) && this.#take(socket, JSON.parse(data)),
      gone: () => this.sockets.delete(socket),
    };
  }

  /** Closes every socket, after a `closing` frame if there is a reason. */
  close(reason, code) {
    for (const socket of this.sockets) {
      this.sockets.delete(socket);
      if (reason) socket.receive({ type: 'closing', reason });
      socket.closed(code);
    }
  }

  http(method, path) {
    if (path === '/v1/tickets') return { ticket: 't', url: 'ws://test/ws?ticket=t', expires_in_seconds: 30 };
    if (path === '/v1/conversations') return { conversations: [this.#row()] };
    if (method === 'PATCH' && path.startsWith('/v1/conversations/')) return null;
    if (path === '/v1/contacts') return this.contacts;
    if (path === '/v1/blocks') return { blocks: [] };
    if (path === '/v1/me') return { user: this.#user, handle: 'ada', display_name: 'Ada' };
    if (path === '/v1/logout') return null;
    throw new Error(`${method} ${path}`);
  }

  #row() {
    const { read_seq } = this;
    const unread_count = this.log.filter(({ seq, sender }) => seq > read_seq && sender !== this.#user).length;
    return { conversation: this.#conversation, kind: 'dm', last_seq: this.log.length, read_seq, unread_count, last_message: this.log.at(-1), ...this.rowFields };
  }

  #take(socket, frame) {
    this.frames.push(frame);
    const answer = this.intercept(frame, socket) ?? this.#answer(socket, frame);
    if (answer) socket.receive({ id: frame.id, ...answer });
  }

  #answer(socket, frame) {
    switch (frame.action) {
      case 'heartbeat':
        return { type: 'heartbeat', server_at_ms: 1, next_seconds: 10 };
      case 'sync': {
        const after = frame.cursors[this.#conversation] ?? 0;
        return { type: 'sync', conversations: [{ ...this.#row(), messages: this.log.filter(({ seq }) => seq > after) }], complete: true };
      }
      case 'history':
        return { type: 'history', messages: this.log.filter(({ seq }) => seq > (frame.after ?? 0)), more: false };
      case 'send':
        return this.#send(socket, frame);
      case 'send_many':
        return { type: 'acks', acks: frame.messages.map((message) => this.#send(socket, message)).map(({ type, conversation, ...ack }, index) => ({ id: frame.messages[index].id, ...ack })) };
      case 'read':
        this.read_seq = Math.max(this.read_seq, frame.seq);
        return { type: 'ok' };
      case 'presence':
        return { type: 'presence', users: [] };
      default:
        return null;
    }
  }

  #send(socket, { id, text }) {
    const known = this.log.find(({ client_message_id, sender }) => client_message_id === id && sender === this.#user);
    const { conversation, seq, sent_at_ms } = known ?? this.#append({ sender: this.#user, text, client_message_id: id }, socket);
    return { type: 'ack', conversation, seq, sent_at_ms, duplicate: Boolean(known) };
  }

  #append(fields, origin) {
    const message = { conversation: this.#conversation, seq: this.log.length + 1, kind: 'text', sent_at_ms: this.log.length + 1, ...fields };
    this.log.push(message);
    for (const socket of this.sockets) if (socket !== origin) socket.receive({ type: 'message', ...message });
    return message;
  }
}
