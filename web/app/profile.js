import { openDialog } from './dialog.js';
import { h } from './dom.js';
import { field } from './field.js';
import { displayNameError } from './rules.js';
import { toast } from './toast.js';
import { problemOf } from './words.js';

/** Opens the dialog in which the user changes their display name. */
export function openProfile({ client }) {
  const profile = client.profiles.get(client.user);
  const name = field({ label: 'Display name', hint: 'What other people see.', testid: 'profile-name', name: 'display_name', autocomplete: 'name', dir: 'auto', maxlength: '128', value: profile?.display_name ?? '', autofocus: true });
  const handle = field({ label: 'Handle', hint: 'Give it to people who want to write to you.', prefix: '@', readonly: true, value: profile?.handle ?? '' });
  const save = h('button', { class: 'button primary', type: 'submit', 'data-testid': 'profile-save', text: 'Save' });
  const form = h('form', { class: 'dialog-form', novalidate: true }, name.element, handle.element, save);
  const dialog = openDialog('Profile', form);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const wanted = name.input.value.trim();
    const problem = displayNameError(wanted);
    if (problem) {
      name.setError(problem);
      return;
    }
    save.disabled = true;
    try {
      await client.profiles.rename(wanted);
      dialog.close();
      toast('Your name is saved.');
    } catch (error) {
      name.setError(problemOf(error));
    } finally {
      save.disabled = false;
    }
  });
}
