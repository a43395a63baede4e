/** Actions whose `id` no other window uses: it is an idempotency key, or made up anew each time. */
const KEYED = new Set(['send', 'send_many']);
/** Silence of another window after which nobody is taken to be at it; it pings every few seconds. Unit: milliseconds. */
const WINDOW_MS_MAX = 20_000;

/**
 * The window that has the socket: opens it, tells the others what comes in,
 * sends for them, and says on it whether somebody is at any of them.
 *
 * Messages that it posts: `state`, whenever that changes and when asked;
 * `frame`, numbered; to one window `part`, `answer` and `refusal`.
 */
export class Leading {
  #connection;
  #post;
  #setStatus;
  #emit;
  #echo;
  #alarms;
  #active;
  /** The other windows that somebody is at, and for each how to end the wait for its next word. */
  #activeWindows = new Map();
  #opens = 0;
  #frames = 0;

  /**
   * @param {object} use
   * @param {() => import('./connection.js').Connection} use.connect
   * @param {(message: object) => void} use.post
   * @param {(type: string, detail?: object) => void} use.emit
   * @param {(status: string, retryAt: number | null) => void} use.setStatus
   * @param {(frame: object, answer: object) => object[]} use.echo  The events that the socket is not sent, since it made the request.
   * @param {() => boolean} use.active  Whether somebody is at this window.
   * @param {import('./alarms.js').Alarms} use.alarms
   * @param {{held: boolean, displaced: boolean}} was  What holds for the socket of the window that led before.
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
      this.#tell();
      emit('open');
    });
    connection.addEventListener('frame', ({ detail }) => this.#spread(detail));
    for (const type of ['ended', 'logged-out']) connection.addEventListener(type, () => emit(type));
    connection.setIdle(this.isIdle);
    connection.hold(held);
    connection.start({ displaced });
    this.#tell();
  }

  send(frame) {
    return this.#connection.send(frame);
  }

  async request(frame, onPart) {
    const answer = await this.#connection.request(frame, onPart);
    // Told by this window, since the one that asked may be frozen or closed by now.
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

  /** Whether nobody is at any window of the account. */
  get isIdle() {
    return !this.#active && this.#activeWindows.size === 0;
  }

  /** Notes whether somebody is at this window. */
  setActive(active) {
    this.#active = active;
    this.#tellIdle();
  }

  /** Connects again after `logged-out`, with another login. */
  restart() {
    this.#connection.start();
  }

  /** Takes what another window posts. */
  take(message) {
    switch (message.kind) {
      case 'ping':
        this.#noteActive(message);
        return this.#tell();
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

  /** @param {Promise<unknown>} [closeAfter]  Until then the socket stays open. */
  end(closeAfter) {
    this.#post({ kind: 'state', ...this.#state(), status: 'connecting' });
    this.#connection.stop(closeAfter);
    for (const cancel of this.#activeWindows.values()) cancel();
  }

  /** A window of an earlier version of the page does not say whether somebody is at it, so somebody may be. */
  #noteActive({ from, active = true }) {
    this.#activeWindows.get(from)?.();
    this.#activeWindows.delete(from);
    if (active) this.#activeWindows.set(from, this.#alarms.after(WINDOW_MS_MAX, () => this.#noteActive({ from, active: false })));
    this.#tellIdle();
  }

  #tellIdle() {
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
    // It stops only when its end is told otherwise.
    if (this.#connection.status === 'stopped') return;
    this.#setStatus(this.#connection.status, this.#connection.retryAt);
    this.#tell();
  }

  #tell() {
    this.#post({ kind: 'state', ...this.#state() });
  }

  #state() {
    const { status, held, retryAt } = this.#connection;
    return { status, held, retry_at_ms: retryAt, opens: this.#opens, frames: this.#frames };
  }
}
