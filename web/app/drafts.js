const PREFIX = 'confab.draft.';

/**
 * The drafts of an account's conversations, in localStorage. A draft outlives the window and ends when it is sent or
 * the account logs out.
 */
export class Drafts extends EventTarget {
  #prefix;
  #storage;
  #target;
  #onStorage = (event) => this.#changedElsewhere(event);

  /**
   * @param {string} user  `usr_…`
   * @param {{storage?: Storage, target?: EventTarget}} [platform]
   */
  constructor(user, { storage = globalThis.localStorage, target = globalThis } = {}) {
    super();
    this.#prefix = `${PREFIX}${user}.`;
    this.#storage = storage;
    this.#target = target;
    target.addEventListener('storage', this.#onStorage);
  }

  dispose() {
    this.#target.removeEventListener('storage', this.#onStorage);
  }

  /** Returns the draft of a conversation, or an empty text. */
  get(conversation) {
    return this.#storage.getItem(this.#prefix + conversation) ?? '';
  }

  set(conversation, draft) {
    try {
      if (draft) this.#storage.setItem(this.#prefix + conversation, draft);
      else this.#storage.removeItem(this.#prefix + conversation);
    } catch {
      // A draft too large for the browser's quota is not kept.
    }
  }

  /** Deletes all drafts of the account. */
  clear() {
    const keys = Array.from({ length: this.#storage.length }, (_, index) => this.#storage.key(index));
    for (const key of keys) if (key.startsWith(this.#prefix)) this.#storage.removeItem(key);
  }

  #changedElsewhere({ key, oldValue, newValue }) {
    if (!key?.startsWith(this.#prefix)) return;
    const conversation = key.slice(this.#prefix.length);
    this.dispatchEvent(new CustomEvent('change', { detail: { conversation, before: oldValue ?? '', draft: newValue ?? '' } }));
  }
}
