import { h, reconcile, unlessRunning } from './dom.js';
import { portrait, updatePortrait } from './portrait.js';

let lastId = 0;

/**
 * Returns a section of a dialog: a heading, and users with actions. Without users it is hidden, unless it has a text
 * for that.
 * @param {object} use
 * @param {string} use.title
 * @param {string} use.testid
 * @param {string} [use.empty]  Text without users.
 * @param {((person: object) => void) | null} use.onOpen  Called on a click on a user.
 * @param {{text: string, testid: string, kind?: string, run: (person: object) => unknown}[]} use.actions
 * @param {() => void} use.onGone  Called when the section disappears while it contains the focus.
 * @returns {{element: HTMLElement, show: (people: {user: string, name: string, detail: string, online: boolean}[]) => void}}
 */
export function peopleSection({ title, testid, empty, onOpen, actions, onGone }) {
  lastId += 1;
  const id = `people-${lastId}`;
  const heading = h('h3', { class: 'members-title', id, tabindex: '-1', text: title });
  const list = h('ul', { class: 'people', 'aria-labelledby': id, 'data-testid': testid });
  const words = empty ? h('p', { class: 'people-empty', text: empty }) : null;
  const element = h('section', { class: 'people-section', 'aria-labelledby': id, hidden: true }, heading, list, words);

  const show = (people) => {
    const hadFocus = list.contains(document.activeElement);
    reconcile(list, people, { key: ({ user }) => user, create: () => createRow({ onOpen, actions }), update: updateRow });
    const isEmpty = people.length === 0;
    list.hidden = isEmpty;
    if (words) words.hidden = !isEmpty;
    else element.hidden = isEmpty;
    if (!hadFocus || list.contains(document.activeElement)) return;
    if (element.hidden) onGone();
    else heading.focus();
  };
  return { element, show };
}

function createRow({ onOpen, actions }) {
  const parts = {
    portrait: portrait({ labelled: false }),
    name: h('bdi'),
    detail: h('span', { 'data-testid': 'person-detail' }),
    buttons: [],
  };
  const inside = [parts.portrait, h('span', { class: 'person-words' }, h('strong', {}, parts.name), parts.detail)];
  const element = h('li', { class: 'people-row', 'data-testid': 'person' });
  const summary = onOpen ? h('button', { class: 'person', type: 'button', 'data-testid': 'person-open', on: { click: () => onOpen(element.person) } }, ...inside) : h('div', { class: 'person' }, ...inside);
  for (const action of actions) {
    const button = h('button', { class: `button small ${action.kind ?? ''}`, type: 'button', 'data-testid': action.testid, text: action.text });
    button.addEventListener('click', unlessRunning(() => action.run(element.person)));
    parts.buttons.push([button, action.text]);
  }
  element.append(summary, h('div', { class: 'people-actions' }, ...parts.buttons.map(([button]) => button)));
  element.parts = parts;
  return element;
}

function updateRow(element, person) {
  const signature = JSON.stringify(person);
  if (element.signature === signature) return;
  element.signature = signature;
  element.person = person;
  const { parts } = element;
  element.dataset.user = person.user;
  updatePortrait(parts.portrait, { id: person.user, name: person.name, online: person.online });
  parts.name.textContent = person.name;
  parts.detail.textContent = person.detail;
  for (const [button, text] of parts.buttons) button.setAttribute('aria-label', `${text} ${person.name}`);
}
