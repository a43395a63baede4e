import { begunNow, countToSend } from './store.js';
import { unionRanges } from './ranges.js';

/** Replacement for {@link Store} where the browser forbids IndexedDB. Its data ends with the page. */
export class MemoryStore {
  #conversations = new Map();
  #messages = new Map();
  #outbox = new Map();
  #profiles = new Map();

  close() {}

  async conversations() {
    return [...this.#conversations.values()];
  }

  async patchConversation(conversation, changes) {
    const record = this.#conversations.get(conversation);
    const cursor = Math.max(record?.cursor ?? 0, changes.cursor ?? 0);
    this.#conversations.set(conversation, { conversation, ...record, ...changes, cursor });
  }

  async putMessages(conversation, messages, log) {
    const kept = this.#messages.get(conversation) ?? new Map();
    for (const message of messages) kept.set(message.seq, message);
    this.#messages.set(conversation, kept);
    const record = this.#conversations.get(conversation);
    const held = unionRanges(record?.held ?? [], log.held);
    await this.patchConversation(conversation, { held, cursor: log.cursor });
  }

  async messages(conversation, from, to) {
    const kept = this.#messages.get(conversation)?.values() ?? [];
    return [...kept].filter(({ seq }) => from <= seq && seq <= to).sort((a, b) => a.seq - b.seq);
  }

  async outbox() {
    return [...this.#outbox.values()].sort((a, b) => a.order - b.order);
  }

  async putOutbox(entry) {
    this.#outbox.set(entry.client_message_id, entry);
  }

  async beginSends(entries, max) {
    const stored = [...this.#outbox.values()];
    const count = countToSend(stored, entries, max);
    for (const entry of begunNow(stored, entries.slice(0, count))) this.#outbox.set(entry.client_message_id, entry);
    return count;
  }

  async adoptOutbox({ client_message_id, window: owner }, window) {
    const entry = this.#outbox.get(client_message_id);
    if (entry?.window !== owner) return null;
    await this.putOutbox({ ...entry, window });
    return { ...entry, window };
  }

  async deleteOutbox(id) {
    this.#outbox.delete(id);
  }

  async profiles() {
    return [...this.#profiles.values()];
  }

  async putProfile(profile) {
    this.#profiles.set(profile.user, profile);
  }
}
