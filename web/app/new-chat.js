import { openDialog } from './dialog.js';
import { h } from './dom.js';
import { field } from './field.js';

/** Asks for a handle and opens the conversation with its owner. */
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
  const dialog = openDialog('New chat', form);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (submit.disabled) return;
    submit.disabled = true;
    try {
      const conversation = await find(client, handle.input.value);
      dialog.close();
      onOpen(conversation);
    } catch (error) {
      handle.setError(sentenceFor(error, handle.input.value));
      handle.input.focus();
    } finally {
      submit.disabled = false;
    }
  });
}

async function find(client, typed) {
  const wanted = typed.trim().replace(/^@/, '');
  if (!/^[a-z0-9_]{3,32}$/i.test(wanted)) throw { code: 'malformed' };
  const { profile, conversation } = await client.findConversation(wanted);
  if (profile.user === client.user) throw { code: 'self' };
  return conversation;
}

function sentenceFor(error, typed) {
  switch (error.code) {
    case 'malformed':
      return 'A handle has 3 to 32 letters, digits or underscores.';
    case 'self':
      return 'That’s your own handle.';
    case 'not_found':
      return `Nobody has the handle @${typed.trim().replace(/^@/, '')}. Check the spelling.`;
    case 'rate_limited':
      return 'Too many tries. Wait a moment and try again.';
    default:
      return error.message ?? 'Something went wrong. Try again.';
  }
}
