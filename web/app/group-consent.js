import { h, reconcile, unlessRunning } from './dom.js';
import { maySayWhoAdds, titleOf } from './names.js';
import { toastOutcome } from './toast-outcome.js';
import { problemOf } from './words.js';

const CHOICES = [
  { value: 'everyone', text: 'Everyone', done: 'Everyone may add you to groups now.' },
  { value: 'friends', text: 'Friends only', done: 'Only your friends may add you to groups now.' },
];

/**
 * Returns the controls for who may add the user to groups: in general, and again to groups that the user has left.
 * @returns {{element: HTMLElement, render: () => void}}
 */
export function groupConsent(client) {
  const left = leftGroups(client);
  return { element: h('div', { class: 'consent' }, adders(client), left.element), render: left.render };
}

function adders(client) {
  const radios = CHOICES.map(({ value }) => h('input', { type: 'radio', name: 'group_adds', value, 'data-testid': `adds-${value}` }));
  const note = h('p', { class: 'dialog-error', role: 'alert' });
  const labels = CHOICES.map(({ text }, index) => h('label', { class: 'choice' }, radios[index], h('span', { text })));
  const element = h('fieldset', { class: 'choices', disabled: true }, h('legend', { text: 'Who may add you to groups?' }), ...labels, note);
  let held = null;
  let wanted = null;
  let saving = load();

  const show = () => {
    for (const radio of radios) radio.checked = radio.value === wanted;
  };
  async function load() {
    try {
      const { group_adds = 'everyone' } = await client.http.me();
      held = wanted = group_adds;
      element.disabled = false;
      show();
    } catch (error) {
      note.textContent = problemOf(error);
    }
  }
  const save = async (value) => {
    const { done } = CHOICES.find((choice) => choice.value === value);
    if (await toastOutcome(() => client.http.patchMe({ group_adds: value }), done)) held = value;
    // If the user has made another choice meanwhile, it is saved next.
    else if (wanted === value) wanted = held;
    show();
  };
  element.addEventListener('change', ({ target }) => {
    const { value } = target;
    wanted = value;
    saving = saving.then(() => save(value));
  });
  return element;
}

/** Groups that the user has left and to which only friends can add them again, as far as this browser knows. */
function leftGroups(client) {
  const list = h('ul', { 'data-testid': 'left-groups' });
  const heading = h('h4', { class: 'choices-title', tabindex: '-1', text: 'Groups you have left' });
  const words = h('p', { class: 'dialog-text', text: 'Only friends can add you to these again.' });
  const element = h('div', { hidden: true }, heading, words, list);
  const render = () => {
    const hadFocus = list.contains(document.activeElement);
    const groups = client.chats
      .all()
      .filter(maySayWhoAdds)
      .map((chat) => ({ conversation: chat.conversation, name: titleOf(client, chat).name }))
      .sort((a, b) => a.name.localeCompare(b.name));
    reconcile(list, groups, { key: ({ conversation }) => conversation, create: (group) => leftGroup(client, group), update: () => {} });
    element.hidden = groups.length === 0;
    if (hadFocus && !list.contains(document.activeElement)) (list.querySelector('button') ?? element.closest('dialog').querySelector('h2')).focus();
  };
  render();
  return { element, render };
}

function leftGroup(client, { conversation, name }) {
  const accept = h('button', { class: 'button small', type: 'button', text: 'Let others add me', 'aria-label': `Let others add me to ${name} again`, 'data-testid': 'accept-adds', on: { click: unlessRunning(() => acceptAdds(client, conversation, name)) } });
  return h('li', { class: 'left-group' }, h('bdi', { text: name }), accept);
}

/** Lets others add the user again to a group that the user has left, and shows the outcome. */
export function acceptAdds(client, conversation, name) {
  return toastOutcome(() => client.acceptAdds(conversation), [{ text: 'Whoever adds people to ' }, { name }, { text: ' can add you again.' }]);
}
