import { plainAlarms } from './alarms.js';
import { retryWaitMs } from './backoff.js';
import { ConfabHttp } from './http.js';
import { exclusively } from './locks.js';
import { SessionStore } from './session-store.js';

/**
 * Logins that have ended in this browser and of which the server has not been
 * told: their tokens and nothing else, kept until the server answers that it
 * has ended them too, or has no such login.
 *
 * Events: `change`, after {@link late} has changed.
 */
export class PendingLogouts extends EventTarget {
  /** What the last try left the server untold: `here` that this login has ended, `everywhere` that all of a user's are to end; else null. */
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

  /** Tells the server of what earlier pages left, now and whenever the network is back. */
  start() {
    globalThis.addEventListener?.('online', () => this.settle());
    return this.settle();
  }

  /** @param {{device: string, access_token: string, refresh_token: string, everywhere?: boolean}} session  `everywhere`: all devices of the user are to be logged out. */
  add(session) {
    return this.#sessions.save(session);
  }

  /** Tells the server, and tries again later where it cannot be told. Never throws. */
  settle() {
    this.#cancelRetry();
    return exclusively('confab-pending-logouts', () => this.#tellAll());
  }

  async #tellAll() {
    let failure = null;
    let late = null;
    for (const { device, everywhere } of await this.#sessions.all().catch(() => [])) {
      try {
        await this.#tell(device, everywhere);
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

  async #tell(device, everywhere) {
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
