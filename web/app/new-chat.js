import { openDialog } from './dialog.js';
import { h } from './dom.js';
import { field } from './field.js';
import { findPerson, sentenceFor } from './find-person.js';
import { icon } from './icons.js';
import { openNewGroup } from './new-group.js';

/** Opens the dialog that asks for a handle and opens the conversation with its user, or continues to a new group. */
export function openNewChat({ client, onOpen }) {
  const handle = field({
    label: 'Handle',
    hint: 'Ask the other person for their exact handle.',
    prefix: '@',
    testid: 'new-chat-handle',
    name: 'handle',
    autocomplete: 'off',
    autocapitalize: 'none',
    spellcheck: 'false',
    maxlength: '33',
    autofocus: true,
  });
  const submit = h('button', { class: 'button primary', type: 'submit', 'data-testid': 'new-chat-submit', text: 'Start chat' });
  const form = h('form', { class: 'dialog-form', novalidate: true }, handle.element, submit);
  const group = h('button', { class: 'button with-icon', type: 'button', 'data-testid': 'new-group', on: { click: () => goOn() } }, icon('group'), 'New group');
  const dialog = openDialog('New chat', form, h('p', { class: 'or' }, h('span', { text: 'or with several people' })), group);
  const goOn = () => {
    dialog.close();
    openNewGroup({ client, onOpen });
  };
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (submit.disabled) return;
    submit.disabled = true;
    try {
      const { user } = await findPerson(client, handle.input.value);
      dialog.close();
      onOpen(client.conversationWith(user));
    } catch (error) {
      handle.setError(sentenceFor(error, handle.input.value));
      handle.input.focus();
    } finally {
      submit.disabled = false;
    }
  });
}
