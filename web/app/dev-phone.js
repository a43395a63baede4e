import { sentPushes } from './dev-pushes.js';
import { openDialog } from './dialog.js';
import { batched, h } from './dom.js';
import { lockScreen } from './lock-screen.js';
import { phoneScreen } from './phone-screen.js';

/** Interval at which a disconnected phone polls for pushes. Unit: milliseconds. */
const POLL_MS = 1_000;
/** Interval of polls after a failure. Unit: milliseconds. */
const POLL_FAILED_MS = 5_000;
const TOKEN_BYTES = 32;
const PLATFORMS = { apns: 'an iPhone (APNs)', fcm: 'an Android phone (FCM)' };

/** A phone for developers: shows this browser's device and the pushes to it. */
export class DevPhone {
  #client;
  #seen = null;
  #dialog = null;
  #noteStatus = () => this.#connected();

  constructor({ client }) {
    this.#client = client;
    for (const type of ['status', 'change']) client.addEventListener(type, this.#noteStatus);
    this.#noteStatus();
  }

  open() {
    this.#dialog = new PhoneDialog({ client: this.#client, seen: () => this.#seen });
  }

  dispose() {
    this.#dialog?.end();
    for (const type of ['status', 'change']) this.#client.removeEventListener(type, this.#noteStatus);
  }

  /** A connected app sets the number on its icon itself. */
  #connected() {
    if (this.#client.status === 'online') this.#seen = { at_ms: Date.now(), badge: this.#client.unreadTotal };
  }
}

class PhoneDialog {
  #client;
  #seen;
  #pushes = [];
  /** `{device, push}` of this browser, as soon as it is known. */
  #device = null;
  #timer;
  #round = 0;
  #ended = false;
  #render = batched(() => this.#show());
  #refresh = () => this.#poll();

  constructor({ client, seen }) {
    this.#client = client;
    this.#seen = seen;
    this.#build();
    client.addEventListener('change', this.#render);
    client.addEventListener('status', this.#refresh);
    document.addEventListener('visibilitychange', this.#refresh);
    this.dialog.addEventListener('close', () => this.end());
    this.#show();
    this.#load();
  }

  /** Stops polling. The dialog may be closed already. */
  end() {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#client.removeEventListener('change', this.#render);
    this.#client.removeEventListener('status', this.#refresh);
    document.removeEventListener('visibilitychange', this.#refresh);
  }

  #build() {
    this.news = h('p', { role: 'status', 'data-testid': 'phone-state' });
    this.registers = Object.entries(PLATFORMS).map(([platform, name]) =>
      h('button', { class: 'button', type: 'button', 'data-testid': `register-${platform}`, text: `Register ${name}`, on: { click: () => this.#register(platform) } }),
    );
    this.unregister = h('button', { class: 'button', type: 'button', 'data-testid': 'unregister', text: 'Unregister', on: { click: () => this.#unregister() } });
    this.offline = h('button', { class: 'switch', type: 'button', role: 'switch', 'data-testid': 'go-offline', on: { click: () => this.#client.hold(!this.#client.held) } }, h('span', { text: 'Go offline' }));
    this.note = h('p', { class: 'dialog-error', role: 'alert', 'data-testid': 'phone-error' });
    this.screen = lockScreen();
    this.dialog = openDialog(
      'Phone',
      h('p', { class: 'dialog-text', text: 'For developers: register this browser as a phone, and pushes to it come whenever you have no window connected, so after closing all of them, or after going offline here, when somebody writes from another browser.' }),
      h('div', { class: 'phone-controls' }, this.news, h('div', { class: 'phone-buttons' }, ...this.registers, this.unregister), this.offline),
      this.note,
      ...this.screen.elements,
    );
    this.title = this.dialog.querySelector('h2');
    this.title.setAttribute('tabindex', '-1');
    this.title.focus();
  }

  #show() {
    const push = this.#device?.push;
    const state = push ? `Registered as ${PLATFORMS[push]}.` : 'Not registered: no push comes here.';
    if (this.#device && this.news.textContent !== state) this.news.textContent = state;
    for (const button of this.registers) button.hidden = !this.#device || Boolean(push);
    this.unregister.hidden = !push;
    this.offline.setAttribute('aria-checked', String(this.#client.held));
    const own = this.#pushes.filter(({ user, device }) => user === this.#client.user && device === this.#device?.device);
    const readSeq = (conversation) => this.#client.chats.get(conversation)?.read_seq ?? 0;
    const screen = phoneScreen(own, { readSeq, seen: this.#seen() });
    if (this.#client.status === 'online') screen.badge = this.#client.unreadTotal;
    this.screen.show(screen, own);
  }

  async #load() {
    await this.#attempt(async () => {
      this.#device = (await this.#client.http.devices()).find(({ current }) => current) ?? null;
    });
    this.#poll();
  }

  /** Polls for pushes: once, and repeatedly while the browser is held offline. */
  async #poll() {
    clearTimeout(this.#timer);
    this.#round += 1;
    const round = this.#round;
    if (this.#ended || document.visibilityState !== 'visible') return;
    this.#show();
    let wait_ms = POLL_MS;
    try {
      this.#pushes = await sentPushes();
      this.screen.complain('');
    } catch {
      this.screen.complain('The list of pushes cannot be read at the moment.');
      wait_ms = POLL_FAILED_MS;
    }
    if (this.#ended || round !== this.#round) return;
    this.#show();
    if (this.#client.held) this.#timer = setTimeout(this.#refresh, wait_ms);
  }

  #register(platform) {
    return this.#change(async () => {
      await this.#client.http.putPush({ platform, token: randomToken() });
      this.#device.push = platform;
    });
  }

  #unregister() {
    return this.#change(async () => {
      await this.#client.http.deletePush();
      delete this.#device.push;
    });
  }

  /** Registers or unregisters. The used button disappears, so the focus moves to the next possible one. */
  async #change(change) {
    for (const button of [...this.registers, this.unregister]) button.disabled = true;
    await this.#attempt(change);
    for (const button of [...this.registers, this.unregister]) button.disabled = false;
    if (this.dialog.open) [...this.registers, this.unregister].find((button) => !button.hidden)?.focus();
  }

  async #attempt(work) {
    this.note.textContent = '';
    try {
      await work();
    } catch (error) {
      this.note.textContent = error.message;
    }
    this.#show();
  }
}

function randomToken() {
  return Array.from(crypto.getRandomValues(new Uint8Array(TOKEN_BYTES)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
