import { h } from './dom.js';
import { field } from './field.js';
import { findPerson, sentenceFor } from './find-person.js';
import { problemOf } from './words.js';

/**
 * A field for adding users by handle, one after the other.
 * @param {{client: object, label: string, hint: string, onFound: (profile: object) => unknown}} use
 *   `onFound` may throw an error, or reject with one, whose `message` is then shown.
 * @returns {{element: HTMLElement, input: HTMLInputElement, add: () => Promise<boolean>}}
 *   `add` adds the typed handle, and returns whether the field is empty or its handle was added.
 */
export function handleAdder({ client, label, hint, onFound }) {
  const button = h('button', { class: 'field-action', type: 'button', 'data-testid': 'add-handle-submit', text: 'Add' });
  const { element, input, setError } = field({
    label,
    hint,
    prefix: '@',
    after: button,
    testid: 'add-handle',
    name: 'handle',
    autocomplete: 'off',
    autocapitalize: 'none',
    spellcheck: 'false',
    maxlength: '33',
  });
  let adding = null;
  const take = async () => {
    const typed = input.value;
    if (!typed.trim()) return true;
    let found = false;
    button.disabled = true;
    try {
      const profile = await findPerson(client, typed);
      found = true;
      await onFound(profile);
      // The user may have typed on meanwhile.
      if (input.value === typed) input.value = '';
      setError(null);
      return true;
    } catch (error) {
      setError(found ? problemOf(error) : sentenceFor(error, typed));
      return false;
    } finally {
      button.disabled = false;
    }
  };
  const add = () => {
    adding ??= take().finally(() => {
      adding = null;
    });
    return adding;
  };
  const addAndStay = async () => {
    await add();
    input.focus();
  };
  button.addEventListener('click', addAndStay);
  input.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.isComposing || !input.value.trim()) return;
    event.preventDefault();
    addAndStay();
  });
  return { element, input, add };
}
