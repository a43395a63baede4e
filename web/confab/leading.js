/** Actions whose `id` is unique over all windows: an idempotency key, or generated anew for each request. */
const KEYED = new Set(['send', 'send_many']);
/**
 * Time without a ping from another window after which that window counts as inactive. Windows ping every few seconds.
 * Unit: milliseconds.
 */
const WINDOW_MS_MAX = 20_000;

/**
 * The window that has the socket. It opens the socket, posts incoming frames to the other windows, sends their
 * frames, and reports on the socket whether the user is active in any of them.
 *
 * Messages that it posts: `state`, after each change and each ping; `frame`, numbered; to one window `part`, `answer`
 * and `refusal`.
 */
export class Leading {
  #connection;
  #post;
  #setStatus;
  #emit;
  #echo;
  #alarms;
  #active;
  /** The other windows in which the user is active, each with the function that cancels its timeout. */
  #activeWindows = new Map();
  #opens = 0;
  #frames = 0;

  /**
   * @param {object} use
   * @param {() => import('./connection.js').Connection} use.connect
   * @param {(message: object) => void} use.post
   * @param {(type: string, detail?: object) => void} use.emit
   * @param {(status: string, retryAt: number | null) => void} use.setStatus
   * @param {(frame: object, answer: object) => object[]} use.echo
   *   The events that the server does not send to the socket that made the request.
   * @param {() => boolean} use.active  Whether the user is active in this window.
   * @param {import('./alarms.js').Alarms} use.alarms
   * @param {{held: boolean, displaced: boolean}} was  State of the previous leading window's connection.
   */
  constructor({ connect, post, emit, setStatus, echo, active, alarms }, { held, displaced }) {
    this.#post = post;
    this.#setStatus = setStatus;
    this.#emit = emit;
    this.#echo = echo;
    this.#alarms = alarms;
    this.#active = active();
    const connection = connect();
    this.#connection = connection;
    connection.addEventListener('status', () => this.#statusChanged());
    connection.addEventListener('open', () => {
      this.#opens += 1;
      this.#postState();
      emit('open');
    });
    connection.addEventListener('frame', ({ detail }) => this.#spread(detail));
    for (const type of ['ended', 'logged-out']) connection.addEventListener(type, () => emit(type));
    connection.setIdle(this.isIdle);
    connection.hold(held);
    connection.start({ displaced });
    this.#postState();
  }

  send(frame) {
    return this.#connection.send(frame);
  }

  async request(frame, onPart) {
    const answer = await this.#connection.request(frame, onPart);
    // This window posts the events, since the window that made the request may be frozen or closed by now.
    for (const event of this.#echo(frame, answer)) this.#spread(event);
    return answer;
  }

  wake() {
    this.#connection.wake();
  }

  hold(held) {
    this.#connection.hold(held);
  }

  reconnect() {
    this.#connection.reconnect();
  }

  /** Whether the user is active in no window of the account. */
  get isIdle() {
    return !this.#active && this.#activeWindows.size === 0;
  }

  /** Records whether the user is active in this window. */
  setActive(active) {
    this.#active = active;
    this.#sendIdle();
  }

  /** Connects again after `logged-out`, with a new login. */
  restart() {
    this.#connection.start();
  }

  /** Handles a message from another window. */
  take(message) {
    switch (message.kind) {
      case 'ping':
        this.#noteActive(message);
        return this.#postState();
      case 'active':
        return this.#noteActive(message);
      case 'wake':
        return this.wake();
      case 'reconnect':
        return this.reconnect();
      case 'send':
        return this.send(message.frame);
      case 'request':
        return this.#serve(message);
      default:
        return undefined;
    }
  }

  /** @param {Promise<unknown>} [closeAfter]  The socket stays open until this settles. */
  end(closeAfter) {
    this.#post({ kind: 'state', ...this.#state(), status: 'connecting' });
    this.#connection.stop(closeAfter);
    for (const cancel of this.#activeWindows.values()) cancel();
  }

  /**
   * Records whether the user is active in another window. A window of an earlier page version does not say so and
   * counts as active.
   */
  #noteActive({ from, active = true }) {
    this.#activeWindows.get(from)?.();
    this.#activeWindows.delete(from);
    if (active) this.#activeWindows.set(from, this.#alarms.after(WINDOW_MS_MAX, () => this.#noteActive({ from, active: false })));
    this.#sendIdle();
  }

  #sendIdle() {
    this.#connection.setIdle(this.isIdle);
  }

  async #serve({ from, number, frame }) {
    const { id } = frame;
    const reply = (kind, more) => this.#post({ kind, to: from, number, ...more });
    const question = KEYED.has(frame.action) ? frame : { ...frame, id: `${from}.${id}` };
    try {
      await this.request(question, (part) => reply('part', { frame: { ...part, id } }));
      reply('answer');
    } catch ({ code, message, status, retry_after_ms, limit, actual }) {
      reply('refusal', { error: { code, message, status, retry_after_ms, limit, actual } });
    }
  }

  #spread(frame) {
    this.#frames += 1;
    this.#post({ kind: 'frame', number: this.#frames, frame });
    this.#emit('frame', frame);
  }

  #statusChanged() {
    // A stop is reported by other events.
    if (this.#connection.status === 'stopped') return;
    this.#setStatus(this.#connection.status, this.#connection.retryAt);
    this.#postState();
  }

  #postState() {
    this.#post({ kind: 'state', ...this.#state() });
  }

  #state() {
    const { status, held, retryAt } = this.#connection;
    return { status, held, retry_at_ms: retryAt, opens: this.#opens, frames: this.#frames };
  }
}
