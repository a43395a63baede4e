/**
 * Election of the leading window: the window that holds a Web Lock leads. When it closes or crashes, the browser
 * gives the lock to the window that has waited longest.
 */
export class Leadership {
  #name;
  #locks;
  #onWon;
  #onLost;
  #end = () => {};

  /**
   * @param {object} use
   * @param {string} use.name
   * @param {LockManager} use.locks
   * @param {() => void} use.onWon
   * @param {(error: Error) => void} use.onLost
   *   Another window has seized the lock (`AbortError`), or locks are not available.
   */
  constructor({ name, locks, onWon, onLost }) {
    this.#name = name;
    this.#locks = locks;
    this.#onWon = onWon;
    this.#onLost = onLost;
  }

  /** Leads as soon as no other window leads. */
  join() {
    this.#request({ steal: false });
  }

  /** Takes the lead from a window that does not answer. */
  seize() {
    this.#request({ steal: true });
  }

  /** Stops leading or waiting. */
  leave() {
    this.#end();
  }

  #request({ steal }) {
    this.#end();
    const abort = new AbortController();
    let over = false;
    let release = () => {};
    this.#end = () => {
      over = true;
      release();
      abort.abort();
    };
    const hold = () => {
      if (over) return undefined;
      const held = new Promise((resolve) => {
        release = resolve;
      });
      this.#onWon();
      return held;
    };
    // The two options exclude each other.
    this.#locks.request(this.#name, steal ? { steal } : { signal: abort.signal }, hold).catch((error) => {
      if (over) return;
      over = true;
      this.#onLost(error);
    });
  }
}
