import { plainAlarms } from './alarms.js';
import { retryWaitMs } from './backoff.js';
import { ConfabHttp } from './http.js';
import { exclusively } from './locks.js';
import { SessionStore } from './session-store.js';

/**
 * Logouts that the server has not confirmed yet. Only the tokens of these logins are kept, until the server answers
 * that it has ended the login or has no such login.
 *
 * Events: `change`, after {@link late} has changed.
 */
export class PendingLogouts extends EventTarget {
  /**
   * What the last attempt could not send: `here` for a logout of this device, `everywhere` for one of all devices,
   * else null.
   */
  late = null;
  #base;
  #fetch;
  #sessions;
  #alarms;
  #random;
  #failures = 0;
  #cancelRetry = () => {};

  constructor({
    base,
    fetch,
    sessions = new SessionStore({ database: 'confab-pending-logouts', key: 'device' }),
    alarms = plainAlarms,
    random = Math.random,
  } = {}) {
    super();
    this.#base = base;
    this.#fetch = fetch;
    this.#sessions = sessions;
    this.#alarms = alarms;
    this.#random = random;
  }

  /** Sends the logouts that earlier pages left, now and whenever the network is back. */
  start() {
    globalThis.addEventListener?.('online', () => this.settle());
    return this.settle();
  }

  /**
   * @param {{device: string, access_token: string, refresh_token: string, everywhere?: boolean}} session
   *   `everywhere`: log out all devices of the user.
   */
  add(session) {
    return this.#sessions.save(session);
  }

  /** Sends the pending logouts, and retries later those that fail. Never throws. */
  settle() {
    this.#cancelRetry();
    return exclusively('confab-pending-logouts', () => this.#sendAll());
  }

  async #sendAll() {
    let failure = null;
    let late = null;
    for (const { device, everywhere } of await this.#sessions.all().catch(() => [])) {
      try {
        await this.#send(device, everywhere);
      } catch (error) {
        if (error.code === 'session_ended') continue;
        failure = error;
        late = everywhere ? 'everywhere' : (late ?? 'here');
      }
    }
    this.#cancelRetry();
    this.#failures = failure ? this.#failures + 1 : 0;
    if (failure) {
      const wait_ms = retryWaitMs(failure, this.#failures, this.#random);
      this.#cancelRetry = this.#alarms.after(wait_ms, () => this.settle());
    }
    this.#setLate(late);
  }

  async #send(device, everywhere) {
    const end = async () => {
      await this.#sessions.remove(device);
      return true;
    };
    const credentials = {
      load: () => this.#sessions.load(device),
      save: (session) => this.#sessions.save({ ...session, device, everywhere }),
      end,
      exclusively: (work) => work(),
    };
    await new ConfabHttp({ base: this.#base, fetch: this.#fetch, credentials }).logout({ everywhere });
    await end();
  }

  #setLate(late) {
    if (late === this.late) return;
    this.late = late;
    this.dispatchEvent(new Event('change'));
  }
}
