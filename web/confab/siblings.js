import { plainAlarms } from './alarms.js';
import { heldNames, holdShared } from './locks.js';

/** Interval at which a window checks for unsent messages of closed windows. Unit: milliseconds. */
const ADOPT_MS = 30_000;
/**
 * Delay of that check after a window has posted `goes`. The browser releases the window's locks a moment later.
 * Unit: milliseconds.
 */
const ADOPT_SOON_MS = 500;

/**
 * The other windows of an account in this browser: exchanges messages with them besides the events of the socket, and
 * takes over the unsent messages of closed windows.
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
   * @param {string} use.name  The same name in all windows of the account.
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

  /**
   * Lets other windows take over this window's unsent messages. Call when the browser is about to freeze this window.
   */
  suspend() {
    this.#release();
    this.goes();
  }

  /** Undoes {@link suspend}, except for messages that another window has taken over. */
  async resume() {
    this.#own();
    await this.#outbox.yieldAdopted();
  }

  /** Posts a message to the other windows. */
  tell(message) {
    this.#channel?.postMessage(message);
  }

  /** Posts that this window is about to close or freeze, so that others take over its unsent messages. */
  goes() {
    this.tell({ goes: true });
  }

  /** Takes over the unsent messages of closed windows. */
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

/** Returns the name of the lock that a window holds while its unsent messages are its own. */
function lockOf(window) {
  return `confab-outbox:${window}`;
}
