import { openAccount } from './account.js';
import { avatar, updateAvatar } from './avatar.js';
import { banner } from './banner.js';
import { ChatList } from './chat-list.js';
import { conversationView } from './conversation.js';
import { DevPhone } from './dev-phone.js';
import { isForDevelopers, offersPushes } from './dev-pushes.js';
import { openDevices } from './devices.js';
import { confirmDialog } from './dialog.js';
import { batched, h } from './dom.js';
import { waitingRequests } from './friend-requests.js';
import { openFriends } from './friends.js';
import { icon, logo } from './icons.js';
import { menuButton } from './menu.js';
import { nameOf } from './names.js';
import { openNewChat } from './new-chat.js';
import { Notices } from './notices.js';
import { openProfile } from './profile.js';
import { Router } from './router.js';
import { toast } from './toast.js';

const WIDE = matchMedia('(min-width: 760px)');
const MINUTE_MS = 60_000;
/** Texts of the connection statuses that are shown under another name. */
const STATUSES = { stopped: 'connecting', displaced: 'disconnected' };

/** The page of a logged-in user: chat list and conversation. */
export class Shell {
  #client;
  #router = new Router();
  #view = null;
  #phone = null;
  #drafts;
  #notices;
  #cleanup = [];

  /** @param {{client: object, drafts: import('./drafts.js').Drafts, onSwitch: () => void, onLogout: (where?: {everywhere: boolean}) => void}} use */
  constructor({ client, drafts, onSwitch, onLogout }) {
    this.#client = client;
    this.#drafts = drafts;
    this.#notices = new Notices({ client, onOpen: (conversation) => this.#router.open(conversation) });
    this.#cleanup.push(() => this.#notices.dispose());
    this.onSwitch = onSwitch;
    this.onLogout = onLogout;
    this.list = new ChatList({ client, drafts, onOpen: (conversation) => this.#router.open(conversation), onNew: () => this.#newChat(), onRequests: () => this.#friends() });
    this.pane = h('div', { class: 'pane' });
    const line = banner(client, () => this.#focus());
    this.#cleanup.push(() => line.dispose());
    this.element = h('main', { class: 'shell' }, h('h1', { class: 'visually-hidden', text: 'Confab' }), line.element, this.#sidebar(), this.pane);
    this.#router.addEventListener('change', () => this.#route());
    this.#listen();
    this.#findPhone();
    this.#route({ initial: true });
  }

  /** Deletes the account's drafts and notification setting in this browser. */
  forget() {
    this.#drafts.clear();
    this.#notices.off();
  }

  dispose() {
    this.#router.stop();
    this.#view?.dispose();
    this.list.dispose();
    for (const cleanup of this.#cleanup.splice(0)) cleanup();
    document.title = 'Confab';
  }

  #sidebar() {
    this.picture = avatar(this.#client.user, '');
    this.ownName = h('strong', { class: 'own-name', dir: 'auto' });
    this.status = h('span', { class: 'status', 'data-testid': 'status', role: 'status' });
    const newChat = h('button', { class: 'icon-button accent', type: 'button', 'aria-label': 'New chat', title: 'New chat', 'data-testid': 'new-chat', on: { click: () => this.#newChat() } }, icon('compose'));
    this.menu = menuButton({
      label: 'Menu',
      items: () => [
        { icon: 'user', text: 'Profile', testid: 'menu-profile', run: () => openProfile({ client: this.#client }) },
        { icon: 'friends', text: this.#friendsText(), testid: 'menu-friends', run: () => this.#friends() },
        ...(this.#notices.arePossible ? [{ icon: 'bell', text: this.#notices.areOn ? 'Turn notifications off' : 'Turn notifications on', testid: 'menu-notices', run: () => this.#notices.toggle() }] : []),
        { icon: 'key', text: 'Account', testid: 'menu-account', run: () => openAccount({ client: this.#client, onLogout: this.onLogout }) },
        { icon: 'devices', text: 'Devices', testid: 'menu-devices', run: () => openDevices({ client: this.#client }) },
        ...(this.#phone ? [{ icon: 'phone', text: 'Phone', testid: 'menu-phone', run: () => this.#phone.open() }] : []),
        { icon: 'swap', text: 'Switch account', testid: 'switch-account', run: this.onSwitch },
        { icon: 'leave', text: 'Log out', testid: 'logout', run: () => this.#logout() },
      ],
    });
    return h(
      'section',
      { class: 'sidebar', 'aria-label': 'Chats and account' },
      h('header', { class: 'pane-header' }, this.picture, h('div', { class: 'own' }, this.ownName, this.status), newChat, this.menu),
      this.list.element,
    );
  }

  #listen() {
    const update = batched(() => this.#update());
    const noteVisibility = () => this.#client.setVisible(document.visibilityState === 'visible');
    for (const type of ['change', 'status', 'contacts']) this.#client.addEventListener(type, update);
    this.#client.addEventListener('contact', ({ detail }) => this.#toastContact(detail));
    const timer = setInterval(update, MINUTE_MS);
    this.#cleanup.push(() => clearInterval(timer));
    document.addEventListener('visibilitychange', noteVisibility);
    this.#cleanup.push(() => document.removeEventListener('visibilitychange', noteVisibility));
    noteVisibility();
    this.#update();
  }

  /** Shows a friend request or its acceptance by another user, if the lists still say so. */
  #toastContact({ user, change }) {
    const { contacts } = this.#client;
    const name = nameOf(this.#client, user);
    const relation = contacts.relationTo(user);
    if (change === 'requested' && relation === 'request') toast([{ name }, { text: ' wants to be your friend.' }]);
    if (change === 'friends' && relation === 'friend') toast([{ name }, { text: ' has accepted your friend request.' }]);
  }

  /** Sets the focus to the conversation or the list, after the page has removed the focused element. */
  #focus() {
    if (this.#view) this.#view.focus({ toComposer: WIDE.matches });
    else this.list.focus();
  }

  /** Offers the developers' phone if the page was opened as `/?dev` and the server lists its pushes. */
  async #findPhone() {
    if (!isForDevelopers()) return;
    let disposed = false;
    this.#cleanup.push(() => (disposed = true));
    if (!(await offersPushes()) || disposed) return;
    const phone = new DevPhone({ client: this.#client });
    this.#phone = phone;
    this.#cleanup.push(() => phone.dispose());
  }

  #update() {
    const name = nameOf(this.#client, this.#client.user);
    updateAvatar(this.picture, this.#client.user, name);
    this.ownName.textContent = name;
    this.#showHandle();
    const { status } = this.#client;
    this.status.textContent = STATUSES[status] ?? status;
    this.status.dataset.status = status;
    const unread = this.#client.unreadTotal;
    document.title = unread ? `(${unread}) Confab` : 'Confab';
    const waiting = waitingRequests(this.#client).length;
    this.menu.setNews(waiting ? `${waiting} friend request${waiting === 1 ? '' : 's'}` : null);
  }

  #route({ initial = false } = {}) {
    const before = this.#view?.conversation;
    const { conversation } = this.#router;
    this.#view?.dispose();
    this.#view = null;
    this.element.classList.toggle('has-conversation', conversation !== null);
    this.list.select(conversation);
    if (conversation) {
      this.#view = { conversation, ...conversationView({ client: this.#client, drafts: this.#drafts, conversation, onBack: () => this.#router.close(), onOpen: (to) => this.#router.open(to) }) };
      this.pane.replaceChildren(this.#view.element);
      this.#view.focus({ toComposer: WIDE.matches });
    } else {
      this.pane.replaceChildren(this.#welcome());
      if (!initial) this.list.focus(before);
    }
  }

  #welcome() {
    this.ownHandle = h('p', { 'data-testid': 'own-handle' });
    this.#showHandle();
    const start = h('button', { class: 'button primary', type: 'button', text: 'Start a chat', on: { click: () => this.#newChat() } });
    return h(
      'div',
      { class: 'welcome' },
      logo(),
      h('h2', { text: 'Welcome to Confab' }),
      h('p', { text: 'Choose a chat on the left, or start one with somebody’s handle.' }),
      this.ownHandle,
      start,
    );
  }

  #showHandle() {
    const handle = this.#client.profiles.get(this.#client.user)?.handle;
    if (handle) this.ownHandle?.replaceChildren('People find you as ', h('span', { class: 'own-handle', text: `@${handle}` }), '.');
  }

  #newChat() {
    openNewChat({ client: this.#client, onOpen: (conversation) => this.#router.open(conversation) });
  }

  #friends() {
    openFriends({ client: this.#client, onOpen: (conversation) => this.#router.open(conversation) });
  }

  #friendsText() {
    const waiting = waitingRequests(this.#client).length;
    return waiting ? `Friends (${waiting} new)` : 'Friends';
  }

  async #logout() {
    const unsent = this.#client.outbox.pendingCount;
    if (unsent) {
      const sentence = `${unsent === 1 ? 'One message has' : `${unsent} messages have`} not been sent yet and will be lost.`;
      if (!(await confirmDialog('Log out?', sentence, 'Log out'))) return;
    }
    this.onLogout();
  }
}
