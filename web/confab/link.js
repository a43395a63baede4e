/** Heartbeat interval until the server sets one. Unit: milliseconds. */
const FIRST_BEAT_MS = 10_000;
/** Time without a frame after a heartbeat that means that the socket is dead. Unit: milliseconds. */
const SILENCE_MS_MAX = 8_000;
/** Time without a frame after {@link Link.probe} that means that the socket is dead. Unit: milliseconds. */
const PROBE_SILENCE_MS_MAX = 3_000;
/** Actions after which the server counts the user as active. */
const ACTIVE = new Set(['send', 'send_many', 'read', 'typing']);
/**
 * Delay after which `idle` is sent again after a change or an action, since frames may overtake each other.
 * Unit: milliseconds.
 */
const SAY_AGAIN_MS = 3_000;

/**
 * One open WebSocket: sends heartbeats and detects when the socket is dead.
 *
 * A heartbeat is due when no frame was sent for one interval, since the user's presence lease would run out, and when
 * no frame was received for one interval, since the socket may be dead without a close frame. Each heartbeat says
 * whether the user is `idle`.
 */
export class Link {
  #socket;
  #alarms;
  #onFrame;
  #onDead;
  #cancelSendBy = () => {};
  #cancelReceiveBy = () => {};
  #cancelSilence = null;
  #cancelAgain = () => {};
  #idle;
  #beats = 0;
  #next_ms = FIRST_BEAT_MS;

  /**
   * @param {WebSocket} socket  Already open.
   * @param {object} use
   * @param {import('./alarms.js').Alarms} use.alarms
   * @param {boolean} [use.idle]  Whether the user is idle.
   * @param {(frame: object) => void} use.onFrame
   * @param {(code?: number) => void} use.onDead  `code` is that of the close frame, if one arrived.
   */
  constructor(socket, { alarms, idle = false, onFrame, onDead }) {
    this.#socket = socket;
    this.#alarms = alarms;
    this.#idle = idle;
    this.#onFrame = onFrame;
    this.#onDead = onDead;
    socket.onmessage = ({ data }) => this.#received(data);
    socket.onclose = (event) => this.#die(event?.code);
    socket.onerror = () => this.#die();
  }

  /** Sends a frame. Returns whether the socket was open; the frame may still get lost. */
  send(frame) {
    if (this.#socket.readyState !== 1) return false;
    this.#socket.send(JSON.stringify(frame));
    // For the server, every frame counts as a heartbeat.
    this.#planSend();
    if (this.#idle && ACTIVE.has(frame.action)) this.#sayAgain();
    return true;
  }

  /** Sets whether the user is idle, and sends a change immediately. */
  setIdle(idle) {
    if (idle === this.#idle) return;
    this.#idle = idle;
    this.beat();
    this.#sayAgain();
  }

  /** Sends a heartbeat. The socket counts as dead if no frame arrives within `silence_ms`. */
  beat(silence_ms = SILENCE_MS_MAX) {
    this.#planSend();
    this.#planReceive();
    this.#beats += 1;
    this.send({ action: 'heartbeat', id: `beat-${this.#beats}`, ...(this.#idle && { idle: true }) });
    this.#cancelSilence ??= this.#alarms.after(silence_ms, () => this.#die());
  }

  /** Checks the socket now. */
  probe() {
    this.#endSilence();
    this.beat(PROBE_SILENCE_MS_MAX);
  }

  /**
   * Closes the socket without calling `onDead`.
   * @param {Promise<unknown>} [after]  The socket stays open until this settles, without listeners.
   */
  close(after) {
    this.#cancelSendBy();
    this.#cancelReceiveBy();
    this.#cancelAgain();
    this.#endSilence();
    const socket = this.#socket;
    socket.onmessage = socket.onclose = socket.onerror = null;
    const close = () => socket.close(1000);
    if (after) after.then(close, close);
    else close();
  }

  #endSilence() {
    this.#cancelSilence?.();
    this.#cancelSilence = null;
  }

  #sayAgain() {
    this.#cancelAgain();
    this.#cancelAgain = this.#alarms.after(SAY_AGAIN_MS, () => this.beat());
  }

  #planSend() {
    this.#cancelSendBy();
    this.#cancelSendBy = this.#alarms.after(this.#next_ms, () => this.beat());
  }

  #planReceive() {
    this.#cancelReceiveBy();
    this.#cancelReceiveBy = this.#alarms.after(this.#next_ms, () => this.beat());
  }

  #received(data) {
    this.#endSilence();
    this.#planReceive();
    const frame = frameOf(data);
    if (!frame) return;
    if (frame.type === 'heartbeat') this.#heartbeat(frame);
    else this.#onFrame(frame);
  }

  /**
   * Adopts the server's interval. A heartbeat without an `id` is a probe, which is answered with a heartbeat
   * immediately.
   */
  #heartbeat({ id, next_seconds }) {
    if (next_seconds > 0) this.#next_ms = next_seconds * 1000;
    if (id === undefined || id === null) {
      this.beat();
      return;
    }
    this.#planSend();
    this.#planReceive();
  }

  #die(code) {
    this.close();
    this.#onDead(code);
  }
}

/** Returns the frame of a WebSocket message, or null. AWS sends an empty message where there is no answer. */
function frameOf(data) {
  if (data === '') return null;
  try {
    const frame = JSON.parse(data);
    return isObject(frame) ? frame : null;
  } catch {
    return null;
  }
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
