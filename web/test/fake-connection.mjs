import { ConfabError } from '../confab/errors.js';

/** A connection whose server is the test. */
export class FakeConnection extends EventTarget {
  status = 'online';
  /** Every frame that was sent, in order. */
  sent = [];
  #open = new Map();

  send(frame) {
    if (this.status !== 'online') return false;
    this.sent.push(frame);
    return true;
  }

  request(frame) {
    return new Promise((resolve, reject) => {
      this.#open.set(frame.id, { resolve, reject });
      if (!this.send(frame)) reject(new ConfabError('network', ''));
    });
  }

  answer({ id }, fields) {
    this.#open.get(id).resolve({ id, ...fields });
  }

  refuse({ id }, code) {
    this.#open.get(id).reject(new ConfabError(code, ''));
  }

  become(status) {
    this.status = status;
    this.dispatchEvent(new Event('status'));
  }
}
