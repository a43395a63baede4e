/** Interval until the server names one. Unit: milliseconds. */
const FIRST_BEAT_MS = 10_000;
/** Silence after a heartbeat that means that the socket is dead. Unit: milliseconds. */
const SILENCE_MS_MAX = 8_000;
/** The same where the network is known to have changed. Unit: milliseconds. */
const PROBE_SILENCE_MS_MAX = 3_000;
/** Actions by which the server knows that somebody is there. */
const ACTIVE = new Set(['send', 'send_many', 'read', 'typing']);
/** How long after a frame that says whether somebody is there it is said again: frames may overtake each other. Unit: milliseconds. */
const SAY_AGAIN_MS = 3_000;

/**
 * One open WebSocket: heartbeats, and the judgement whether it still lives.
 *
 * A heartbeat is due when nothing was sent for an interval, since the server
 * then takes the user for gone, and when nothing was received for one, since
 * the socket may then be dead without a close frame. Each says whether nobody
 * is there (`idle`).
 */
export class Link {
  #socket;
  #alarms;
  #onFrame;
  #onDead;
  #cancelSendBy = () => {};
  #cancelHearBy = () => {};
  #cancelSilence = null;
  #cancelAgain = () => {};
  #idle;
  #beats = 0;
  #next_ms = FIRST_BEAT_MS;

  /**
   * @param {WebSocket} socket  Already open.
   * @param {object} use
   * @param {import('./alarms.js').Alarms} use.alarms
   * @param {boolean} [use.idle]  Whether nobody is there.
   * @param {(frame: object) => void} use.onFrame
   * @param {(code?: number) => void} use.onDead  `code` is that of the close frame, where one came.
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

  /** Returns whether the frame was handed to the socket; not whether it arrived. */
  send(frame) {
    if (this.#socket.readyState !== 1) return false;
    this.#socket.send(JSON.stringify(frame));
    // Every frame is as good as a heartbeat to the server.
    this.#planSend();
    if (this.#idle && ACTIVE.has(frame.action)) this.#sayAgain();
    return true;
  }

  /** Says whether nobody is there, at once where that has changed. */
  setIdle(idle) {
    if (idle === this.#idle) return;
    this.#idle = idle;
    this.beat();
    this.#sayAgain();
  }

  /** Sends a heartbeat, after which an answer must come. */
  beat(silence_ms = SILENCE_MS_MAX) {
    this.#planSend();
    this.#planHearing();
    this.#beats += 1;
    this.send({ action: 'heartbeat', id: `beat-${this.#beats}`, ...(this.#idle && { idle: true }) });
    this.#cancelSilence ??= this.#alarms.after(silence_ms, () => this.#die());
  }

  /** Asks at once whether the socket still lives. */
  probe() {
    this.#heard();
    this.beat(PROBE_SILENCE_MS_MAX);
  }

  /**
   * Lets go of the socket without a word to the owner.
   * @param {Promise<unknown>} [after]  Until then it stays open, though nobody listens any more.
   */
  close(after) {
    this.#cancelSendBy();
    this.#cancelHearBy();
    this.#cancelAgain();
    this.#heard();
    const socket = this.#socket;
    socket.onmessage = socket.onclose = socket.onerror = null;
    const close = () => socket.close(1000);
    if (after) after.then(close, close);
    else close();
  }

  #heard() {
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

  #planHearing() {
    this.#cancelHearBy();
    this.#cancelHearBy = this.#alarms.after(this.#next_ms, () => this.beat());
  }

  #received(data) {
    this.#heard();
    this.#planHearing();
    const frame = frameOf(data);
    if (!frame) return;
    if (frame.type === 'heartbeat') this.#heartbeat(frame);
    else this.#onFrame(frame);
  }

  /** Follows the server's interval; without an `id` it is a probe, which wants a heartbeat at once. */
  #heartbeat({ id, next_seconds }) {
    if (next_seconds > 0) this.#next_ms = next_seconds * 1000;
    if (id === undefined || id === null) {
      this.beat();
      return;
    }
    this.#planSend();
    this.#planHearing();
  }

  #die(code) {
    this.close();
    this.#onDead(code);
  }
}

/** Returns the frame of a WebSocket message, or null: AWS answers with an empty message where there is nothing to say. */
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
