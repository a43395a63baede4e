import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { launch } from './browser.mjs';
import { Cable } from './cable.mjs';
import { Person } from './person.mjs';
import { startServer } from './server.mjs';

/** Longest wait for anything on a page. Unit: milliseconds. */
const WAIT_MS_MAX = 15_000;
/** Interval at which {@link until} checks. Unit: milliseconds. */
const POLL_MS = 20;
/** Console errors of a browser whose connection a test has cut. */
export const LINE_CUT = /net::ERR_|WebSocket connection to/;
/** Console warning of Playwright in a browser without service workers. */
const WORKER_BLOCKED = 'Service Worker registration blocked by Playwright';
/** Console error of a browser after a refusal by the server. */
export const refused = (status) => new RegExp(`the server responded with a status of ${status}`);

const shared = {};

function browser() {
  shared.browser ??= launch();
  return shared.browser;
}

/** The server that the tests of one file share. */
export function server() {
  shared.server ??= startServer();
  return shared.server;
}

after(async () => {
  await (await shared.browser)?.close();
  await (await shared.server)?.stop();
});

/**
 * Runs a test. It also fails when a page writes an error to its console or violates its content security policy.
 * @param {string} sentence
 * @param {{expected?: RegExp[]}} options  Errors that are allowed on the console.
 * @param {(stage: Stage) => Promise<void>} body
 */
export function scene(sentence, options, body) {
  if (typeof options === 'function') [options, body] = [{}, options];
  test(sentence, async () => {
    const stage = new Stage(await server());
    try {
      await body(stage);
      const { expected = [] } = options;
      assert.deepEqual(stage.complaints.filter((line) => !expected.some((pattern) => pattern.test(line))), []);
    } finally {
      await stage.close();
    }
  });
}

/** Waits until `check` returns a truthy value, and returns that value. */
export async function until(check) {
  const end_ms = Date.now() + WAIT_MS_MAX;
  for (;;) {
    const value = await check();
    if (value) return value;
    assert.ok(Date.now() < end_ms, `waited in vain for: ${check}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** The browsers of one test. */
export class Stage {
  complaints = [];
  #ends = [];

  constructor({ http, listen }) {
    this.http = http;
    this.listen = listen;
  }

  /**
   * Returns a user with their own browser. It has no service workers unless `serviceWorkers` is `allow`, since a test
   * cannot reroute their requests.
   */
  async person({ base = this.http, path, ...options } = {}) {
    const context = await (await browser()).newContext({ viewport: { width: 1280, height: 800 }, serviceWorkers: 'block', ...options });
    context.setDefaultTimeout(WAIT_MS_MAX);
    this.#ends.push(() => context.close());
    return this.window(context, base, path);
  }

  /** Returns another window of the same browser. */
  async window(context, base = this.http, path) {
    const page = await context.newPage();
    page.on('console', (line) => {
      if (line.text() === WORKER_BLOCKED) return;
      if (line.type() === 'error' || line.type() === 'warning') this.complaints.push(`${line.text()} ${line.location().url}`.trim());
    });
    page.on('pageerror', (error) => this.complaints.push(error.stack ?? error.message));
    return new Person(page, base, { path });
  }

  /** Returns a relay to the server that the test can cut. */
  async cable(to = this.listen) {
    const cable = await Cable.lay(to);
    this.#ends.push(() => cable.close());
    return cable;
  }

  onClose(end) {
    this.#ends.push(end);
  }

  async close() {
    for (const end of this.#ends.splice(0)) await end();
  }
}
