import { h, reconcile, unlessRunning } from './dom.js';
import { nameOf } from './names.js';
import { portrait, updatePortrait } from './portrait.js';
import { acceptRequest, ignoreRequest } from './relations.js';

/** Largest number of requests above the list of chats. The friends dialog shows the others. */
const SHOWN_MAX = 2;

/** Returns the profiles of the users whose friend requests are not answered yet. */
export function waitingRequests({ contacts }) {
  return contacts.requests.filter(({ user }) => contacts.relationTo(user) === 'request');
}

/**
 * Returns the section of unanswered friend requests above the list of chats.
 * @param {{client: object, onMore: () => void, onGone: () => void}} use
 *   `onGone` is called when the last request disappears while it contains the focus.
 * @returns {{element: HTMLElement, render: () => void}}
 */
export function friendRequests({ client, onMore, onGone }) {
  const list = h('ul', { 'data-testid': 'request-cards', 'aria-label': 'Friend requests' });
  const more = h('button', { class: 'text-button', type: 'button', 'data-testid': 'more-requests', on: { click: onMore } });
  const element = h('section', { class: 'request-cards', 'aria-label': 'Friend requests', hidden: true }, list, more);
  const render = () => {
    const waiting = waitingRequests(client);
    const hadFocus = list.contains(document.activeElement);
    reconcile(list, waiting.slice(0, SHOWN_MAX), { key: ({ user }) => user, create: (profile) => card(client, profile), update: (one, profile) => update(client, one, profile) });
    element.hidden = waiting.length === 0;
    more.hidden = waiting.length <= SHOWN_MAX;
    more.textContent = `${waiting.length - SHOWN_MAX} more`;
    more.setAttribute('aria-label', `${waiting.length - SHOWN_MAX} more friend requests`);
    if (!hadFocus || list.contains(document.activeElement)) return;
    const next = list.querySelector('button');
    if (next) next.focus();
    else onGone();
  };
  return { element, render };
}

function card(client, { user }) {
  const parts = {
    portrait: portrait({ labelled: false }),
    name: h('bdi'),
    handle: h('span'),
    accept: h('button', { class: 'button small primary', type: 'button', text: 'Accept', 'data-testid': 'card-accept' }),
    ignore: h('button', { class: 'button small', type: 'button', text: 'Ignore', 'data-testid': 'card-ignore' }),
  };
  const answer = unlessRunning((act) => act(client, user));
  parts.accept.addEventListener('click', () => answer(acceptRequest));
  parts.ignore.addEventListener('click', () => answer(ignoreRequest));
  const element = h(
    'li',
    { class: 'request-card', 'data-testid': 'request-card' },
    parts.portrait,
    h('p', {}, h('strong', {}, parts.name), ' wants to be your friend', parts.handle),
    h('div', { class: 'request-actions' }, parts.accept, parts.ignore),
  );
  element.parts = parts;
  return element;
}

function update(client, { parts }, { user, handle }) {
  const name = nameOf(client, user);
  updatePortrait(parts.portrait, { id: user, name, online: false });
  if (parts.name.textContent !== name) parts.name.textContent = name;
  parts.handle.textContent = `@${handle}`;
  parts.accept.setAttribute('aria-label', `Accept ${name}`);
  parts.ignore.setAttribute('aria-label', `Ignore ${name}`);
}
