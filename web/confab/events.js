/** Dispatches the socket's events to the parts of the client. */
export class Events {
  #parts;

  /**
   * @param {object} parts  Parts of the client, by name.
   * @param {string} parts.user
   * @param {(change: {user: string, change: string}) => void} parts.onContact  The contact lists have been loaded after a `contact` event.
   */
  constructor(parts) {
    this.#parts = parts;
  }

  take(frame) {
    const { synchronizer, presence, typing, profiles } = this.#parts;
    switch (frame.type) {
      case 'message':
        return this.#takeMessage(frame);
      case 'receipt':
        return this.#takeReceipt(frame);
      case 'conversation':
        return synchronizer.hint(frame);
      case 'presence':
        return presence.take(frame.users);
      case 'typing':
        return typing.take(frame);
      case 'contact':
        return this.#takeContact(frame);
      case 'profile':
        return profiles.take(frame);
      default:
        // Unknown kinds of frames are ignored.
    }
  }

  #takeMessage({ type, ...message }) {
    this.#parts.synchronizer.take(message);
  }

  #takeReceipt({ conversation, user, read_seq }) {
    const { chats } = this.#parts;
    const chat = chats.get(conversation);
    if (!chat) return;
    if (user === this.#parts.user) chats.moveRead(chat, read_seq);
    else chats.moveMarkers(chat, [{ user, read_seq }]);
  }

  async #takeContact({ user, change }) {
    const { contacts, onContact } = this.#parts;
    await contacts.changed();
    if (!contacts.error) onContact({ user, change });
  }
}
