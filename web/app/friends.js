import { openDialog } from './dialog.js';
import { batched, h } from './dom.js';
import { handleAdder } from './handle-adder.js';
import { isolated, nameOf } from './names.js';
import { peopleSection } from './people-section.js';
import { statusText } from './presence.js';
import { acceptRequest, ignoreRequest, putFriend, removeFriend, takeBack, unblock } from './relations.js';
import { problemOf } from './words.js';

/** Delay that gathers changes for one render, since names arrive one by one. Unit: milliseconds. */
const RENDER_MS = 30;
const MINUTE_MS = 60_000;

/** Opens the friends dialog: friends, requests in both directions and blocks, each with its actions. */
export function openFriends({ client, onOpen }) {
  new Friends({ client, onOpen });
}

class Friends {
  #client;
  #onOpen;

  constructor({ client, onOpen }) {
    this.#client = client;
    this.#onOpen = onOpen;
    this.#build();
    const render = batched(() => this.#render(), RENDER_MS);
    const unwatch = client.contacts.watch();
    for (const type of ['contacts', 'presence', 'change']) client.addEventListener(type, render);
    const timer = setInterval(render, MINUTE_MS);
    this.dialog.addEventListener('close', () => {
      for (const type of ['contacts', 'presence', 'change']) client.removeEventListener(type, render);
      clearInterval(timer);
      unwatch();
    });
    this.#render();
  }

  #build() {
    const { contacts } = this.#client;
    this.adder = handleAdder({ client: this.#client, label: 'Add a friend', hint: 'By their exact handle.', onFound: (profile) => this.#add(profile) });
    this.note = h('p', { class: 'dialog-error', role: 'alert', 'data-testid': 'friends-error' });
    this.wait = h('p', { class: 'devices-wait' }, h('span', { class: 'spinner', role: 'img', 'aria-label': 'Loading' }));
    this.requests = this.#section('requests', 'Friend requests', [
      { testid: 'request-accept', text: 'Accept', kind: 'primary', run: acceptRequest },
      { testid: 'request-ignore', text: 'Ignore', run: ignoreRequest },
    ]);
    this.friends = this.#section('friends', 'Friends', [{ testid: 'friend-remove', text: 'Remove', run: removeFriend }], { empty: 'Nobody yet. To add somebody, all you need is their handle.' });
    this.requested = this.#section('requested', 'Sent requests', [{ testid: 'request-take-back', text: 'Take back', run: takeBack }]);
    this.blocks = this.#section('blocks', 'Blocked', [{ testid: 'unblock', text: 'Unblock', run: unblock }], { opens: false });
    this.dialog = openDialog(
      'Friends',
      h('div', { class: 'dialog-form' }, this.adder.element),
      this.note,
      this.wait,
      ...[this.requests, this.friends, this.requested, this.blocks].map(({ element }) => element),
    );
    // Focus the title: not the close button, and not the input, for which a phone shows a keyboard.
    this.dialog.querySelector('h2').setAttribute('tabindex', '-1');
    this.dialog.querySelector('h2').focus();
  }

  #section(testid, title, actions, { empty, opens = true } = {}) {
    return peopleSection({
      title,
      testid,
      empty,
      onOpen: opens ? ({ user }) => this.#open(user) : null,
      actions: actions.map((action) => ({ ...action, run: ({ user }) => action.run(this.#client, user) })),
      onGone: () => this.dialog.querySelector('h2').focus(),
    });
  }

  #render() {
    const { contacts } = this.#client;
    this.wait.hidden = contacts.loaded || contacts.error !== null;
    this.friends.element.hidden = !contacts.loaded;
    this.requests.show(this.#people(contacts.requests));
    this.friends.show(this.#people(contacts.friends, { withStatus: true }));
    this.requested.show(this.#people(contacts.requested));
    this.blocks.show(this.#people(contacts.blocks));
    this.note.textContent = contacts.error && !contacts.loaded ? problemOf(contacts.error) : '';
  }

  /** Returns the rows of users, sorted by name. A sort by status would move rows under the pointer. */
  #people(list, { withStatus = false } = {}) {
    const people = list.map(({ user, handle }) => {
      const presence = withStatus ? this.#client.presence.get(user) : null;
      const detail = [`@${handle}`, statusText(presence)].filter(Boolean).join(' · ');
      return { user, name: nameOf(this.#client, user), detail, online: presence?.status === 'online' };
    });
    return people.sort((a, b) => a.name.localeCompare(b.name) || (a.user < b.user ? -1 : 1));
  }

  async #add({ user, display_name, handle }) {
    const name = isolated(display_name || handle);
    const { contacts } = this.#client;
    const relation = contacts.relationTo(user);
    if (relation === 'blocked') throw new Error(`You have blocked ${name}. Unblock them first.`);
    if (relation === 'friend') throw new Error(`${name} is your friend already.`);
    await putFriend(this.#client, user);
  }

  #open(user) {
    this.dialog.close();
    this.#onOpen(this.#client.conversationWith(user));
  }
}
