import { MemoryStore } from '../confab/memory-store.js';

/**
 * A browser with several windows, each of which can be closed, killed or frozen between any two deliveries to it.
 * Windows share locks, channels and a store. Every delivery from one place to another is a step.
 */
export class FakeBrowser {
  steps = 0;
  /** Called before each step with its number. */
  onStep = () => {};
  store = new MemoryStore();
  #locks = new Map();
  #channels = new Map();
  #windows = 0;

  constructor({ clock, server }) {
    this.clock = clock;
    this.server = server;
  }

  window() {
    this.#windows += 1;
    return new FakeWindow(this, this.#windows);
  }

  /**
   * Runs `work` in a window a moment later, in order, unless the window is dead by then. A frozen window runs it when
   * it thaws.
   */
  deliver(window, work) {
    Promise.resolve().then(() => {
      this.steps += 1;
      this.onStep(this.steps);
      window.run(work);
    });
  }

  lockOf(name) {
    if (!this.#locks.has(name)) this.#locks.set(name, { holders: [], queue: [] });
    return this.#locks.get(name);
  }

  get heldLocks() {
    return [...this.#locks].flatMap(([name, { holders }]) => holders.map(() => ({ name })));
  }

  grant(name) {
    const lock = this.lockOf(name);
    while (lock.queue.length) {
      const [next] = lock.queue;
      const free = lock.holders.length === 0 || (next.shared && lock.holders.every(({ shared }) => shared));
      if (!free) return;
      lock.queue.shift();
      lock.holders.push(next);
      this.deliver(next.window, () => next.granted());
    }
  }

  /** Removes the locks and channels of a window that has ended. */
  forget(window) {
    for (const [name, lock] of this.#locks) {
      lock.holders = lock.holders.filter((request) => request.window !== window);
      lock.queue = lock.queue.filter((request) => request.window !== window);
      this.grant(name);
    }
    for (const listeners of this.#channels.values()) {
      for (const listener of [...listeners]) if (listener.window === window) listeners.delete(listener);
    }
  }

  channel(window, name) {
    if (!this.#channels.has(name)) this.#channels.set(name, new Set());
    const listeners = this.#channels.get(name);
    const listener = {
      window,
      onmessage: null,
      postMessage: (data) => {
        if (window.isDead) return;
        for (const other of listeners) {
          if (other !== listener) this.deliver(other.window, () => listeners.has(other) && other.onmessage?.({ data: structuredClone(data) }));
        }
      },
      close: () => listeners.delete(listener),
    };
    listeners.add(listener);
    return listener;
  }
}

class FakeWindow {
  isDead = false;
  isFrozen = false;
  #waiting = [];
  #sockets = [];
  /** The page's callbacks. */
  #page = null;

  constructor(browser, number) {
    this.browser = browser;
    this.number = number;
  }

  run(work) {
    if (this.isDead) return;
    if (this.isFrozen) this.#waiting.push(work);
    else work();
  }

  freeze() {
    this.isFrozen = true;
  }

  thaw() {
    this.isFrozen = false;
    for (const work of this.#waiting.splice(0)) this.run(work);
    this.#page?.onResume();
  }

  /** Makes the user active or inactive in the window. */
  beAt(active) {
    this.#page?.onActivity(active);
  }

  /** Freezes the window after notifying the page. */
  suspend() {
    this.#page?.onSuspend();
    this.freeze();
  }

  /** Ends the window without notifying its page. */
  kill() {
    if (this.isDead) return;
    this.isDead = true;
    for (const socket of this.#sockets) socket.gone();
    this.browser.forget(this);
  }

  /** The browser APIs of a page in this window. */
  get platform() {
    return {
      alarms: { after: (wait_ms, work) => this.browser.clock.after(wait_ms, () => this.run(work)) },
      locks: { request: (...request) => this.#requestLock(...request), query: async () => ({ held: this.browser.heldLocks }) },
      openChannel: (name) => this.browser.channel(this, name),
      fetch: (...call) => this.#fetch(...call),
      WebSocket: this.#webSocket(),
      watchPage: (page) => {
        this.#page = page;
        return () => {};
      },
    };
  }

  get store() {
    const writes = new Set(['patchConversation', 'putMessages', 'putOutbox', 'deleteOutbox', 'putProfile', 'beginSends', 'adoptOutbox']);
    return new Proxy(this.browser.store, {
      get: (store, method) => {
        if (method === 'close') return () => {};
        return (...values) => (this.isDead && writes.has(method) ? new Promise(() => {}) : store[method](...structuredClone(values)));
      },
    });
  }

  #requestLock(name, options, work) {
    if (typeof options === 'function') [options, work] = [{}, options];
    const lock = this.browser.lockOf(name);
    return new Promise((resolve, reject) => {
      const request = { window: this, shared: options.mode === 'shared' };
      const end = () => {
        lock.holders = lock.holders.filter((other) => other !== request);
        this.browser.grant(name);
      };
      request.granted = () => Promise.resolve(work({ name })).then((value) => (end(), resolve(value)), (error) => (end(), reject(error)));
      request.stolen = () => reject(new DOMException('stolen', 'AbortError'));
      options.signal?.addEventListener('abort', () => {
        if (!lock.queue.includes(request)) return;
        lock.queue = lock.queue.filter((other) => other !== request);
        reject(options.signal.reason);
      });
      if (options.steal) {
        for (const holder of lock.holders.splice(0)) this.browser.deliver(holder.window, () => holder.stolen());
        lock.queue.unshift(request);
      } else {
        lock.queue.push(request);
      }
      this.browser.grant(name);
    });
  }

  #fetch(path, { method, body }) {
    return new Promise((resolve) => {
      const answer = this.browser.server.http(method, path, body && JSON.parse(body));
      this.browser.deliver(this, () => resolve(new Response(answer === null ? null : JSON.stringify(answer), { status: answer === null ? 204 : 200 })));
    });
  }

  #webSocket() {
    const window = this;
    return class {
      readyState = 0;

      constructor() {
        window.#sockets.push(this);
        const receive = (data) => window.browser.deliver(window, () => this.readyState === 1 && this.onmessage?.({ data }));
        const closed = (code) => window.browser.deliver(window, () => {
          if (this.readyState === 3) return;
          this.readyState = 3;
          this.onclose?.({ code });
        });
        this.far = window.browser.server.connect({ receive, closed });
        window.browser.deliver(window, () => {
          if (this.readyState !== 0) return;
          this.readyState = 1;
          this.onopen?.();
        });
      }

      send(data) {
        if (!window.isDead) this.far.take(data);
      }

      close() {
        if (this.readyState === 3) return;
        this.readyState = 3;
        this.gone();
      }

      gone() {
        this.far.gone();
      }
    };
  }
}
