import { plainAlarms } from './alarms.js';
import { heldNames, holdShared } from './locks.js';

/** How often a window looks for unsent messages of windows that are gone. Unit: milliseconds. */
const ADOPT_MS = 30_000;
/** The same after a window has said that it goes; the browser takes its locks a moment later. Unit: milliseconds. */
const ADOPT_SOON_MS = 500;

/**
 * The other windows of an account in this browser: what they tell each other
 * beside what the socket brings, and the unsent messages of those that are gone.
 */
export class Siblings {
  #name;
  #outbox;
  #onMessage;
  #alarms;
  #locks;
  #openChannel;
  #channel = null;
  #release = () => {};
  #cancel = () => {};
  #stopped = false;

  /**
   * @param {object} use
   * @param {string} use.name  The same in all windows of the account.
   * @param {import('./outbox.js').Outbox} use.outbox
   * @param {(message: object) => void} use.onMessage
   * @param {import('./alarms.js').Alarms} [use.alarms]
   * @param {LockManager} [use.locks]
   * @param {(name: string) => BroadcastChannel} [use.openChannel]
   */
  constructor({ name, outbox, onMessage, alarms = plainAlarms, locks, openChannel }) {
    this.#name = name;
    this.#outbox = outbox;
    this.#onMessage = onMessage;
    this.#alarms = alarms;
    this.#locks = locks;
    this.#openChannel = openChannel;
  }

  start() {
    if (this.#openChannel) {
      this.#channel = this.#openChannel(this.#name);
      this.#channel.onmessage = ({ data }) => this.#received(data);
    }
    this.#own();
    this.#adoptNowAndThen();
  }

  /** Leaves what this window has not sent to the others; call when the browser is about to freeze it. */
  suspend() {
    this.#release();
    this.goes();
  }

  /** Undoes {@link suspend}, as far as no other has taken it over. */
  async resume() {
    this.#own();
    await this.#outbox.yieldAdopted();
  }

  /** Tells the others. */
  tell(message) {
    this.#channel?.postMessage(message);
  }

  /** Tells the others that this window goes, so that they take over what it has not sent. */
  goes() {
    this.tell({ goes: true });
  }

  /** Takes over what windows that are gone have not sent. */
  async adopt() {
    const held = await heldNames(this.#locks);
    if (!this.#stopped) await this.#outbox.adopt((window) => held.has(lockOf(window)));
  }

  stop() {
    this.#stopped = true;
    this.#cancel();
    this.#release();
    this.goes();
    this.#channel?.close();
    this.#channel = null;
  }

  #own() {
    this.#release();
    this.#release = holdShared(lockOf(this.#outbox.window), this.#locks);
  }

  #received(message) {
    if (message.goes) this.#alarms.after(ADOPT_SOON_MS, () => this.adopt());
    else this.#onMessage(message);
  }

  #adoptNowAndThen() {
    this.adopt();
    this.#cancel = this.#alarms.after(ADOPT_MS, () => this.#adoptNowAndThen());
  }
}

/** The lock that a window holds for as long as its unsent messages are its own. */
function lockOf(window) {
  return `confab-outbox:${window}`;
}
