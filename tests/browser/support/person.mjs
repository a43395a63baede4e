import { PASSWORD } from './api.mjs';

/** A user with one window of the page: their actions, and what they see. */
export class Person {
  /**
   * @param {import('playwright-core').Page} page
   * @param {{path?: string}} [options]  `path` of the page, `/?dev` for developers.
   */
  constructor(page, base, { path = '/' } = {}) {
    this.page = page;
    this.base = base;
    this.path = path;
  }

  /** Opens the page. */
  visit() {
    return this.page.goto(this.base + this.path);
  }

  find(testid) {
    return this.page.getByTestId(testid);
  }

  async signUp(handle, name, password = PASSWORD) {
    await this.visit();
    await this.find('submit').waitFor();
    if ((await this.find('submit').textContent()) !== 'Create account') await this.find('toggle-mode').click();
    await this.find('handle').fill(handle);
    await this.find('display-name').fill(name);
    await this.find('password').fill(password);
    await this.find('submit').click();
    await this.online();
  }

  async logIn(handle, password = PASSWORD) {
    await this.visit();
    await this.find('submit').waitFor();
    if ((await this.find('submit').textContent()) !== 'Log in') await this.find('toggle-mode').click();
    await this.find('handle').fill(handle);
    await this.find('password').fill(password);
    await this.find('submit').click();
    await this.online();
  }

  online() {
    return this.page.locator('.status[data-status="online"]').waitFor({ state: 'attached' });
  }

  notOnline() {
    return this.page.locator('.status:not([data-status="online"])').waitFor({ state: 'attached' });
  }

  /** Starts a chat with the dialog. */
  async startChat(handle) {
    await this.find('new-chat').click();
    await this.find('new-chat-handle').fill(handle);
    await this.find('new-chat-submit').click();
    await this.find('composer').waitFor();
  }

  /** Opens a chat of the list. */
  async open(name) {
    await this.chat(name).click();
    await this.find('composer').waitFor();
  }

  chat(name) {
    return this.find('chat-item').filter({ hasText: name });
  }

  async say(text) {
    await this.find('composer').fill(text);
    await this.find('composer').press('Enter');
  }

  /** Answers one text with an error in place of the server. Call before the page is opened. */
  async refuse(text, error) {
    await this.page.routeWebSocket(/\/ws\?/, (near) => {
      const far = near.connectToServer();
      near.onMessage((data) => {
        const frame = JSON.parse(data);
        if (frame.action === 'send' && frame.text === text) near.send(JSON.stringify({ type: 'error', id: frame.id, ...error }));
        else far.send(data);
      });
    });
  }

  /**
   * Records the frames of the page's sockets. Call before the page is opened.
   * @returns {Promise<{sent: object[], receive: (event: object) => void}>}
   *   The page's frames, and a function that sends a frame of the server to the page.
   */
  async wire() {
    const wire = { sent: [] };
    await this.page.routeWebSocket(/\/ws\?/, (near) => {
      const far = near.connectToServer();
      near.onMessage((data) => {
        wire.sent.push(JSON.parse(data));
        far.send(data);
      });
      wire.receive = (event) => near.send(JSON.stringify(event));
    });
    return wire;
  }

  message(text) {
    return this.find('message').filter({ has: this.page.getByText(text, { exact: true }) });
  }

  sees(text) {
    return this.message(text).waitFor();
  }

  /** Waits until an own message is in a state. */
  async seesState(text, state) {
    await this.page.locator(`[data-testid=message][data-state=${state}]`).filter({ has: this.page.getByText(text, { exact: true }) }).waitFor();
  }

  /** Waits until `count` messages of the log are on the screen, and returns their texts. */
  async seesAll(count) {
    await this.page.waitForFunction((wanted) => document.querySelectorAll('[data-testid=message][data-seq]').length >= wanted, count);
    return this.texts();
  }

  texts() {
    return this.page.locator('[data-testid=message] .text').allTextContents();
  }

  seqs() {
    return this.find('message').evaluateAll((messages) => messages.map(({ dataset }) => Number(dataset.seq)));
  }
}
