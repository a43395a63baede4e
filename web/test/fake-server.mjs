import { Chats } from '../confab/chats.js';
import { ConfabError } from '../confab/errors.js';
import { MemoryStore } from '../confab/memory-store.js';
import { Synchronizer } from '../confab/synchronizer.js';
import { Timeline } from '../confab/timeline.js';
import { ManualClock, settled } from './manual-clock.mjs';

export const ME = 'usr_me';
export const GROUP = 'grp_1';

/** An entry of the group's log. */
export const entry = (seq, more) => ({ conversation: GROUP, seq, sender: 'usr_ada', client_message_id: `m${seq}`, kind: 'text', text: `text ${seq}`, sent_at_ms: seq, ...more });
export const added = (seq, user = ME) => entry(seq, { kind: 'member_added', mentions: [user], text: undefined });
export const removed = (seq, user = ME, sender = 'usr_ada') => entry(seq, { kind: 'member_removed', mentions: [user], sender, text: undefined });
export const row = (last_seq, more) => ({ conversation: GROUP, kind: 'group', name: 'Climbing', last_seq, read_seq: 0, unread_count: 0, ...more });
export const seqsOf = (messages) => messages.map(({ seq }) => seq);

/** A server with one group, as one of its users sees it, and that user's page. */
export class FakeServer {
  /** The messages that the user may read, ascending. */
  log = [];
  /** The chat list. */
  rows = [];
  /** Error code of `history` and of calls about the group, or null. */
  refusal = null;
  /** Requests by action or path, in order. */
  asked = [];
  clock = new ManualClock();
  released = [];
  #connection = new EventTarget();

  constructor() {
    Object.assign(this.#connection, { status: 'online', request: (frame, onPart) => this.#answer(frame, onPart) });
    this.store = new MemoryStore();
    this.chats = new Chats({ user: ME, store: this.store });
    this.chats.addEventListener('released', ({ detail }) => {
      this.released.push(...seqsOf(detail.messages));
      this.timeline?.append(detail.messages);
    });
    this.chats.addEventListener('skipped', () => this.timeline?.reset());
    this.http = {
      conversations: async () => this.#note('list', this.rows),
      group: async (group) => this.#refusable(this.#note('group', { group, name: 'Climbing', created_at_ms: 0, members: [] })),
      messages: async (_, { before = Infinity, after = 0, limit }) => {
        const all = this.#refusable(this.log).filter(({ seq }) => seq > after && seq < before);
        const page = before < Infinity ? all.slice(-limit) : all.slice(0, limit);
        return { messages: page, more: all.length > page.length };
      },
    };
    this.synchronizer = new Synchronizer({ connection: this.#connection, http: this.http, chats: this.chats, alarms: this.clock });
  }

  get chat() {
    return this.chats.ensure(GROUP);
  }

  openTimeline() {
    this.timeline = new Timeline({ chat: this.chat, store: this.store, http: this.http });
    return this.timeline;
  }

  /** Makes the page load the server's list and connect. */
  async start() {
    await this.synchronizer.prepare();
    await this.connect();
  }

  connect() {
    this.#connection.dispatchEvent(new Event('open'));
    return settled();
  }

  deliver(...messages) {
    for (const message of messages) this.synchronizer.take(message);
  }

  #note(what, answer) {
    this.asked.push(what);
    return answer;
  }

  #refusable(answer) {
    if (this.refusal) throw new ConfabError(this.refusal, 'refused');
    return answer;
  }

  async #answer({ action, cursors, after, limit }, onPart) {
    this.asked.push(action);
    if (action === 'sync') {
      const conversations = this.rows.map((known) => ({ ...known, messages: this.log.filter(({ seq }) => seq > (cursors[GROUP] ?? 0)) }));
      onPart({ conversations });
      return {};
    }
    return { messages: this.#refusable(this.log).filter(({ seq }) => seq > after).slice(0, limit), more: false };
  }
}
