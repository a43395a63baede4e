/**
 * The conversation that the window shows, kept in the URL's hash, so that the browser's back button leads from a
 * conversation to the list.
 *
 * Events: `change`.
 */
export class Router extends EventTarget {
  #stop;

  constructor() {
    super();
    const changed = () => this.dispatchEvent(new Event('change'));
    addEventListener('popstate', changed);
    this.#stop = () => removeEventListener('popstate', changed);
  }

  get conversation() {
    const match = location.hash.match(/^#\/((?:dm|grp)_\w+)$/);
    return match ? match[1] : null;
  }

  open(conversation) {
    if (conversation === this.conversation) return;
    const address = `#/${conversation}`;
    if (this.conversation) history.replaceState(history.state, '', address);
    else history.pushState({ fromList: true }, '', address);
    this.dispatchEvent(new Event('change'));
  }

  close() {
    if (!this.conversation) return;
    if (history.state?.fromList) {
      history.back();
      return;
    }
    history.replaceState(null, '', location.pathname + location.search);
    this.dispatchEvent(new Event('change'));
  }

  stop() {
    this.#stop();
    history.replaceState(null, '', location.pathname + location.search);
  }
}
