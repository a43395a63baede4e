import { batched, h, reconcile, setAttribute } from './dom.js';
import { showPhrase } from './system-entry.js';
import { icon } from './icons.js';
import { friendRequests } from './friend-requests.js';
import { mutedMark, updateMutedMark } from './mute.js';
import { isShownEnded, titleOf, typingIn } from './names.js';
import { portrait, updatePortrait } from './portrait.js';
import { isOnline } from './presence.js';
import { previewOf } from './preview.js';
import { listTime } from './time.js';

/** Number of chats from which the search field is shown. */
const SEARCH_FROM = 5;
const MINUTE_MS = 60_000;
/**
 * Delay that gathers changes for one render, since names arrive one by one after the first login. Unit: milliseconds.
 */
const RENDER_MS = 30;

/** The list of conversations, the newest first. */
export class ChatList {
  #client;
  #drafts;
  #onOpen;
  #current = null;
  #cleanup = [];

  /** @param {{client: object, drafts: import('./drafts.js').Drafts, onOpen: (conversation: string) => void, onNew: () => void, onRequests: () => void}} use */
  constructor({ client, drafts, onOpen, onNew, onRequests }) {
    this.#client = client;
    this.#drafts = drafts;
    this.#onOpen = onOpen;
    this.filter = h('input', { type: 'search', placeholder: 'Search chats', 'aria-label': 'Search chats', 'data-testid': 'search', on: { input: () => this.render() } });
    this.search = h('div', { class: 'search', hidden: true }, icon('search'), this.filter);
    this.list = h('ul', { class: 'chats', tabindex: '-1', 'data-testid': 'chat-list', 'aria-label': 'Chats' });
    this.note = h('p', { role: 'status' });
    this.start = h('button', { class: 'button primary', type: 'button', text: 'Start a chat', on: { click: onNew } });
    this.empty = h('div', { class: 'chats-note', hidden: true }, this.note, this.start);
    this.requests = friendRequests({ client, onMore: onRequests, onGone: () => this.focus() });
    const nav = h('nav', { class: 'chat-list', 'aria-label': 'Chats' }, this.search, this.list, this.empty);
    this.element = h('div', { class: 'lists' }, this.requests.element, nav);
    nav.addEventListener('keydown', (event) => this.#move(event));
    const render = batched(() => this.render(), RENDER_MS);
    for (const type of ['change', 'outbox', 'status', 'presence', 'typing', 'contacts']) {
      client.addEventListener(type, render);
      this.#cleanup.push(() => client.removeEventListener(type, render));
    }
    const timer = setInterval(render, MINUTE_MS);
    this.#cleanup.push(() => clearInterval(timer));
    this.render();
  }

  dispose() {
    for (const cleanup of this.#cleanup.splice(0)) cleanup();
  }

  select(conversation) {
    this.#current = conversation;
    this.render();
  }

  focus(conversation) {
    const link = this.list.querySelector(`[data-conversation="${conversation}"]`);
    (link ?? this.list.querySelector('a') ?? this.list).focus();
  }

  render() {
    this.requests.render();
    const items = this.#items();
    this.search.hidden = items.length < SEARCH_FROM && !this.filter.value;
    const wanted = this.filter.value.trim().replace(/^@/, '').toLocaleLowerCase();
    const shown = items.filter(({ title }) => `${title.name} ${title.handle ?? ''}`.toLocaleLowerCase().includes(wanted));
    reconcile(this.list, shown, { key: ({ chat }) => chat.conversation, create: (item) => this.#create(item), update: (element, item) => this.#update(element, item) });
    this.empty.hidden = shown.length > 0;
    this.start.hidden = items.length > 0 || !this.#client.chats.listLoaded;
    this.note.textContent = items.length ? 'No chat with that name.' : this.#emptyText();
  }

  #emptyText() {
    if (this.#client.chats.listLoaded) return 'No chats yet. To start one, all you need is somebody’s handle.';
    return ['offline', 'displaced'].includes(this.#client.status) ? 'Your chats will appear when you’re back online.' : 'Loading your chats…';
  }

  #items() {
    const client = this.#client;
    return client.chats
      .all()
      .map((chat) => ({ chat, entry: client.outbox.of(chat.conversation).at(-1) ?? null }))
      .filter(({ chat, entry }) => chat.listed || entry || isShownEnded(chat))
      .map((item) => ({ ...item, title: titleOf(client, item.chat), at_ms: Math.max(item.chat.last_message?.sent_at_ms ?? 0, item.entry?.created_at_ms ?? 0) }))
      .sort((a, b) => b.at_ms - a.at_ms || a.chat.conversation.localeCompare(b.chat.conversation));
  }

  #create({ chat }) {
    const parts = {
      portrait: portrait(),
      name: h('span', { class: 'chat-name', dir: 'auto' }),
      muted: mutedMark(),
      time: h('time', { class: 'chat-time' }),
      preview: h('span', { class: 'chat-preview', dir: 'auto' }),
      unread: h('span', { class: 'badge', 'data-testid': 'unread' }),
    };
    const link = h(
      'a',
      { class: 'chat', href: `#/${chat.conversation}`, 'data-testid': 'chat-item', data: { conversation: chat.conversation } },
      parts.portrait,
      h('span', { class: 'chat-title' }, parts.name, parts.muted),
      parts.time,
      parts.preview,
      parts.unread,
    );
    link.addEventListener('click', (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      this.#onOpen(chat.conversation);
    });
    const element = h('li', {}, link);
    Object.assign(element, { link, parts });
    return element;
  }

  #update({ link, parts }, { chat, entry, title, at_ms }) {
    updatePortrait(parts.portrait, { ...title, online: chat.kind === 'dm' && isOnline(this.#client, title.id) });
    setText(parts.name, title.name);
    setText(parts.time, at_ms ? listTime(at_ms) : '');
    const isOpen = chat.conversation === this.#current;
    showPhrase(parts.preview, previewOf(this.#client, chat, entry, isOpen ? '' : this.#drafts.get(chat.conversation)));
    updateMutedMark(parts.muted, chat);
    link.classList.toggle('has-ended', chat.left !== null);
    parts.preview.classList.toggle('failed', entry?.state === 'failed');
    parts.preview.classList.toggle('is-typing', entry?.state !== 'failed' && typingIn(this.#client, chat) !== null);
    parts.unread.hidden = chat.unread_count === 0;
    setText(parts.unread, chat.unread_count > 99 ? '99+' : String(chat.unread_count));
    parts.unread.setAttribute('aria-label', `${chat.unread_count} unread`);
    link.classList.toggle('has-unread', chat.unread_count > 0);
    setAttribute(link, 'aria-current', isOpen ? 'true' : null);
  }

  #move(event) {
    const links = [...this.list.querySelectorAll('a')];
    const at = links.indexOf(document.activeElement);
    if (event.key === 'Escape' && document.activeElement === this.filter && this.filter.value) {
      this.filter.value = '';
      this.render();
      return;
    }
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: at < 0 ? -1 : 0, End: at < 0 ? -1 : links.length - 1 }[event.key];
    if (to === undefined || !links[to]) return;
    event.preventDefault();
    links[to].focus();
  }
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
