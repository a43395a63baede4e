import { avatar } from './avatar.js';
import { cannotAddText } from './cannot-add.js';
import { openDialog } from './dialog.js';
import { h, reconcile } from './dom.js';
import { field } from './field.js';
import { handleAdder } from './handle-adder.js';
import { icon } from './icons.js';
import { displayNameError } from './rules.js';
import { problemOf } from './words.js';

/** Largest number of members beside the user. */
const OTHERS_MAX = 99;

/** Opens the dialog that asks for a name and members, and creates a group. */
export function openNewGroup({ client, onOpen }) {
  const members = new Map();
  const name = field({ label: 'Group name', hint: 'Everybody in the group sees it.', testid: 'group-name', name: 'group_name', autocomplete: 'off', dir: 'auto', maxlength: '128', autofocus: true });
  const adder = handleAdder({
    client,
    label: 'Add people',
    hint: 'One exact handle after the other. You can add more later.',
    onFound: (profile) => {
      if (!members.has(profile.user) && members.size >= OTHERS_MAX) throw new Error('A group has at most 100 members, you included.');
      members.set(profile.user, profile);
      showMembers();
    },
  });
  const list = h('ul', { class: 'picked', 'aria-label': 'People in the new group', 'data-testid': 'picked' });
  const count = h('p', { class: 'visually-hidden', role: 'status' });
  const problem = h('p', { class: 'dialog-error', role: 'alert' });
  const create = h('button', { class: 'button primary', type: 'submit', 'data-testid': 'group-create', text: 'Create group' });
  const form = h('form', { class: 'dialog-form', novalidate: true }, name.element, adder.element, list, count, problem, create);

  const showMembers = () => {
    reconcile(list, [...members.values()], {
      key: ({ user }) => user,
      create: (profile) => picked(profile, () => remove(profile)),
      update: () => {},
    });
    count.textContent = members.size === 1 ? 'One person added' : `${members.size} people added`;
  };
  const remove = (profile) => {
    members.delete(profile.user);
    showMembers();
    adder.input.focus();
  };
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (create.disabled) return;
    problem.textContent = '';
    const wanted = name.input.value.trim();
    const wrong = displayNameError(wanted);
    if (wrong) {
      name.setError(wrong);
      name.input.focus();
      return;
    }
    create.disabled = true;
    try {
      if (!(await adder.add())) {
        adder.input.focus();
        return;
      }
      const conversation = await client.groups.create(wanted, [...members.keys()]);
      dialog.close();
      onOpen(conversation);
    } catch (error) {
      problem.textContent = sentenceFor(error, members);
    } finally {
      create.disabled = false;
    }
  });
  const dialog = openDialog('New group', form);
}

function picked({ user, handle, display_name }, onRemove) {
  const shown = display_name || handle;
  const remove = h('button', { class: 'icon-button', type: 'button', 'aria-label': `Remove ${shown}`, 'data-testid': 'picked-remove', on: { click: onRemove } }, icon('close'));
  return h('li', { class: 'person', 'data-testid': 'picked-person' }, avatar(user, shown), h('div', {}, h('strong', {}, h('bdi', { text: shown })), h('span', { text: `@${handle}` })), remove);
}

function sentenceFor(error, members) {
  if (OUTCOME_UNKNOWN.has(error.code)) return 'No answer came, so the group may exist: look for it in your list before you try again.';
  const cannot = cannotAddText(error, (user) => members.get(user)?.display_name || members.get(user)?.handle || user);
  return cannot ? `${cannot}. Take them out, or ask them to be your friends first.` : problemOf(error);
}

const OUTCOME_UNKNOWN = new Set(['unavailable', 'timeout', 'network']);
