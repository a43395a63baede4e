import { countsAsUnread, isMuted } from '../confab.js';
import { phraseText } from './system-entry.js';
import { titleOf } from './names.js';
import { messagePreviewOf } from './preview.js';
import { toast } from './toast.js';

const PREFIX = 'confab.notify.';

/**
 * Browser notifications of new messages, one per conversation, while the user is active in no window of the account.
 * Off until the user turns them on in this browser, and off again after a logout.
 */
export class Notices {
  #client;
  #onOpen;
  #key;
  #storage;
  #Notification;
  #shown = new Map();

  /**
   * @param {object} use
   * @param {(conversation: string) => void} use.onOpen  A notification was clicked.
   * @param {Storage} [use.storage]
   * @param {typeof globalThis.Notification} [use.Notification]
   */
  constructor({ client, onOpen, storage = globalThis.localStorage, Notification = globalThis.Notification }) {
    this.#client = client;
    this.#onOpen = onOpen;
    this.#key = PREFIX + client.user;
    this.#storage = storage;
    this.#Notification = Notification;
    client.addEventListener('message', ({ detail }) => this.#take(detail));
    client.addEventListener('change', () => this.#closeRead());
  }

  /** Whether the browser has notifications. */
  get arePossible() {
    return Boolean(this.#Notification);
  }

  get areOn() {
    return this.arePossible && this.#Notification.permission === 'granted' && this.#storage.getItem(this.#key) !== null;
  }

  /**
   * Turns notifications on or off and shows the outcome. Call upon a click, since the browser may ask for permission.
   */
  async toggle() {
    if (this.areOn) {
      this.off();
      toast('Notifications are off in this browser.');
    } else if ((await this.#Notification.requestPermission()) !== 'granted') {
      toast('Your browser does not let this page notify you. Allow it in the browser’s settings for this site, then try again.', { bad: true });
    } else if (this.#show('confab', 'Confab', 'New messages are shown like this while you are away.')) {
      this.#storage.setItem(this.#key, 'on');
      toast('Notifications are on in this browser, for messages that come while you are away.');
    } else {
      toast('This browser does not show notifications of web pages.', { bad: true });
    }
  }

  off() {
    this.#storage.removeItem(this.#key);
    this.dispose();
  }

  dispose() {
    for (const notification of this.#shown.values()) notification.close();
    this.#shown.clear();
  }

  #take({ conversation, messages }) {
    const chat = this.#client.chats.get(conversation);
    const news = messages.some((message) => countsAsUnread(message, this.#client.user) && message.seq > chat.read_seq);
    if (!news || isMuted(chat) || !this.#client.isUnattended || !this.areOn) return;
    const notification = this.#show(conversation, titleOf(this.#client, chat).name, phraseText(messagePreviewOf(this.#client, chat)));
    if (!notification) return;
    this.#shown.set(conversation, notification);
    notification.onclick = () => {
      globalThis.focus();
      notification.close();
      this.#onOpen(conversation);
    };
  }

  /** Shows a notification and returns it, or null if the browser has notifications for service workers only. */
  #show(tag, title, body) {
    try {
      return new this.#Notification(title, { tag: `${this.#client.user}.${tag}`, body, icon: '/icon.svg' });
    } catch {
      return null;
    }
  }

  /** Closes the notifications of conversations that were read, in this browser or elsewhere. */
  #closeRead() {
    for (const [conversation, notification] of this.#shown) {
      if (this.#client.chats.get(conversation)?.unread_count) continue;
      notification.close();
      this.#shown.delete(conversation);
    }
  }
}
