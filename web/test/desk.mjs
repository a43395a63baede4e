import assert from 'node:assert/strict';
import { ConfabClient } from '../confab/client.js';
import { FakeBrowser } from './fake-browser.mjs';
import { FakeChatServer } from './fake-chat-server.mjs';
import { ManualClock } from './manual-clock.mjs';

export const ME = 'usr_1';
export const C = 'dm_1_2';

/** One account's windows in one browser, and a server with one conversation. */
export class Desk {
  clock = new ManualClock();
  server = new FakeChatServer({ user: ME, conversation: C });
  browser = new FakeBrowser({ clock: this.clock, server: this.server });
  /** The account's login in this browser, or null. */
  session = { user: ME, access_token: 'a', refresh_token: 'r', login: 'first', expires_at_ms: Infinity };
  pages = [];

  /** Opens a window with the account's page, and waits until it is ready. */
  async open(platform) {
    const page = this.openAtOnce(platform);
    await this.clock.pass(50);
    return page;
  }

  /** @param {object} [platform]  Replaces the browser's APIs in this window. */
  openAtOnce(platform) {
    const window = this.browser.window();
    const client = new ConfabClient({ user: ME, credentials: this.#credentials(), store: window.store, platform: { ...window.platform, ...platform } });
    const page = { window, client, got: [], ended: [], statuses: [] };
    client.addEventListener('message', ({ detail }) => page.got.push(...detail.messages.map(({ text }) => text)));
    client.addEventListener('ended', ({ detail }) => page.ended.push(detail.reason));
    client.addEventListener('status', () => page.statuses.push(client.status));
    client.chats.load().then(() => client.start());
    this.pages.push(page);
    return page;
  }

  /** Asserts that every running window shows the whole log, in order and once, and has nothing left to send. */
  assertAllHaveAll(when = '') {
    const { server } = this;
    for (const { window, client, got } of this.pages.filter(({ window }) => !window.isDead && !window.isFrozen)) {
      assert.equal(client.chats.get(C).log.cursor, server.log.length, `window ${window.number} ${when}`);
      assert.deepEqual(got, server.texts.slice(server.log.length - got.length), `window ${window.number} ${when}`);
      assert.deepEqual(client.outbox.of(C), [], `window ${window.number} ${when}`);
      assert.equal(client.status, 'online', `window ${window.number} ${when}`);
    }
  }

  /** Returns the frames of an action that the server has received. */
  asked(action) {
    return this.server.frames.filter((frame) => frame.action === action);
  }

  #credentials() {
    return {
      load: async () => this.session,
      save: async () => {},
      exclusively: (work) => work(),
      leave: async () => {},
      settle: async () => {},
      end: async (token) => {
        if (this.session && this.session.access_token !== token) return false;
        this.session = null;
        return true;
      },
    };
  }
}

export const send = ({ client }, text) => client.send(C, text);
