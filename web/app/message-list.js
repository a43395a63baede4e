import { countsAsUnread } from '../confab.js';
import { batched, h, reconcile } from './dom.js';
import { phraseOf, showPhrase } from './system-entry.js';
import { icon } from './icons.js';
import { createMessage, updateMessage } from './message.js';
import { nameOf, othersMarkers } from './names.js';
import { rowsOf } from './rows.js';
import { Scroller } from './scroller.js';
import { dayLabel } from './time.js';

/** Largest number of pages that opening loads to reach the first unread message. */
const UNREAD_PAGES_MAX = 10;

/** The messages of one conversation: loading, scrolling, read markers. */
export class MessageList {
  #client;
  #chat;
  #timeline;
  #unreadAfter;
  #shownSeq = 0;
  #loadError = null;
  #newCount = 0;
  /** Whether the initial scroll position is set. Before that, visible messages do not count as read. */
  #placed = false;
  #cleanup = [];

  constructor(client, conversation) {
    this.#client = client;
    this.#chat = client.chats.ensure(conversation);
    this.#timeline = client.timeline(conversation);
    this.#unreadAfter = this.#chat.unread_count > 0 ? this.#chat.read_seq : null;
    this.#build();
    this.#listen();
    this.#render();
    this.#open();
  }

  dispose() {
    for (const cleanup of this.#cleanup.splice(0)) cleanup();
    this.#client.closeTimeline(this.#chat.conversation);
  }

  /** Scrolls to the end, where the user's own messages appear. */
  follow() {
    this.#unreadAfter = null;
    this.scroller.toEnd();
  }

  #build() {
    this.top = h('div', { class: 'log-top', role: 'status' });
    this.rows = h('div', { class: 'rows', role: 'log', 'aria-label': 'Messages', 'aria-busy': 'true', 'aria-live': 'polite', 'data-testid': 'messages' });
    this.viewport = h('div', { class: 'viewport', tabindex: '0', 'aria-label': 'Message history', role: 'region' }, this.top, this.rows);
    this.jumpLabel = h('span', { class: 'jump-label' });
    this.jump = h(
      'button',
      { class: 'jump', type: 'button', hidden: true, 'data-testid': 'jump-newest', on: { click: () => this.scroller.toEnd({ smooth: true }) } },
      this.jumpLabel,
      icon('down'),
    );
    this.element = h('div', { class: 'log' }, this.viewport, this.jump);
    this.scroller = new Scroller(this.viewport, { onMove: () => this.#moved(), onNearTop: () => this.#loadOlder() });
    this.#cleanup.push(() => this.scroller.dispose());
  }

  #listen() {
    const render = batched(() => this.#render());
    const on = (target, type, listener) => {
      target.addEventListener(type, listener);
      this.#cleanup.push(() => target.removeEventListener(type, listener));
    };
    on(this.#timeline, 'change', render);
    on(this.#client, 'change', render);
    on(this.#client, 'outbox', render);
    on(this.#client, 'message', ({ detail }) => this.#arrived(detail));
    on(window, 'focus', () => this.#markRead());
    on(document, 'visibilitychange', () => this.#markRead());
    on(this.#client, 'status', () => {
      if (this.#client.status === 'online' && this.#loadError?.retryable) this.#open();
    });
  }

  async #open() {
    await this.#loadOlder({ again: true });
    for (let pages = 1; this.#timeline.low > this.#unreadAfter + 1 && this.#unreadAfter !== null && pages < UNREAD_PAGES_MAX && !this.#loadError; pages += 1) {
      await this.#loadOlder({ again: true });
    }
    this.#client.loadMarkers(this.#chat.conversation);
    // A user who has scrolled while the pages were loading stays there.
    if (!this.scroller.hasLeftEnd) this.#place();
    this.#placed = true;
    this.#markRead();
  }

  #place() {
    const line = this.rows.querySelector('.unread-line');
    this.scroller.toEnd();
    if (line) this.scroller.showFrom(line);
  }

  async #loadOlder({ again = false } = {}) {
    if (!this.#timeline.hasOlder || (!again && (this.#timeline.loading || this.#loadError))) return;
    this.rows.setAttribute('aria-busy', 'true');
    const loading = this.#timeline.loadOlder();
    this.#renderTop();
    try {
      await loading;
      this.#loadError = null;
    } catch (error) {
      this.#loadError = error;
    }
    this.#render();
    this.rows.removeAttribute('aria-busy');
  }

  #arrived({ conversation, messages }) {
    if (conversation !== this.#chat.conversation) return;
    const own = messages.some((message) => message.sender === this.#client.user);
    const others = messages.filter((message) => countsAsUnread(message, this.#client.user)).length;
    if (own) this.#unreadAfter = null;
    if (!this.scroller.atEnd) this.#newCount += others;
    else if (this.#unreadAfter === null && others && !document.hasFocus()) this.#unreadAfter = messages[0].seq - 1;
  }

  #render() {
    const client = this.#client;
    const rows = rowsOf({
      messages: this.#timeline.messages,
      entries: client.outbox.of(this.#chat.conversation),
      user: client.user,
      markers: othersMarkers(client, this.#chat),
      unreadAfter: this.#unreadAfter,
    });
    this.scroller.preserve(() => {
      this.#renderTop();
      reconcile(this.rows, rows, {
        key: (row) => row.key,
        create: (row) => this.#create(row),
        update: (element, row) => this.#update(element, row),
      });
    });
    this.#moved();
  }

  #create(row) {
    if (row.type === 'message') {
      return createMessage({
        onRetry: (id) => this.#client.outbox.retry(id),
        onDiscard: (id) => this.#client.outbox.discard(id),
        onShowAll: ({ seq }) => this.#timeline.loadWhole(seq),
      });
    }
    if (row.type === 'day') return h('div', { class: 'day-line' }, h('span'));
    if (row.type === 'unread') return h('div', { class: 'unread-line' }, h('span', { text: 'New messages' }));
    return h('div', { class: 'system-line', 'data-testid': 'system-entry', data: { kind: row.kind, seq: row.seq } }, h('span'));
  }

  #update(element, row) {
    const client = this.#client;
    const inGroup = this.#chat.kind === 'group';
    if (row.type === 'message') updateMessage(element, row, { inGroup, sender: inGroup && !row.own ? nameOf(client, row.sender) : null });
    if (row.type === 'day') element.firstChild.textContent = dayLabel(row.at_ms);
    if (row.type === 'system') showPhrase(element.firstChild, phraseOf(row, { user: client.user, nameOf: (user) => nameOf(client, user) }));
  }

  #renderTop() {
    const { loading, messages, hasOlder } = this.#timeline;
    const empty = messages.length === 0 && this.#client.outbox.of(this.#chat.conversation).length === 0;
    this.top.dataset.kind = hasOlder ? 'more' : empty ? 'empty' : 'start';
    if (loading) this.top.replaceChildren(h('span', { class: 'spinner', role: 'img', 'aria-label': 'Loading messages' }));
    else if (this.#loadError) this.top.replaceChildren(this.#loadErrorLine());
    else if (empty && !hasOlder && !this.#chat.left) this.top.replaceChildren(h('p', { text: 'No messages yet. Say hello!' }));
    else this.top.replaceChildren();
  }

  #loadErrorLine() {
    const again = h('button', { class: 'text-button', type: 'button', text: 'Try again', on: { click: () => this.#loadOlder({ again: true }) } });
    return h('p', {}, 'Older messages could not be loaded. ', again);
  }

  #moved() {
    if (this.scroller.atEnd) this.#newCount = 0;
    this.jump.hidden = this.scroller.atEnd;
    this.jumpLabel.textContent = this.#newCount ? `${this.#newCount} new` : '';
    this.jump.setAttribute('aria-label', this.#newCount ? `Jump to newest, ${this.#newCount} new` : 'Jump to newest');
    this.#markRead();
  }

  #markRead() {
    if (!this.#placed || document.visibilityState !== 'visible' || !document.hasFocus()) return;
    const seq = this.scroller.lastVisibleSeq(this.rows);
    if (seq <= this.#shownSeq) return;
    this.#shownSeq = seq;
    this.#client.markRead(this.#chat.conversation, seq);
  }
}
