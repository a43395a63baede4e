import { h, setAttribute } from './dom.js';

let lastId = 0;

/**
 * A labelled input with a hint and a place for its error.
 * @returns {{element: HTMLElement, input: HTMLInputElement, setError: (message: string | null) => void}}
 */
export function field({ label, hint, testid, prefix, after, ...attributes }) {
  lastId += 1;
  const id = `field-${lastId}`;
  const input = h('input', { id, 'data-testid': testid, 'aria-describedby': `${id}-note`, ...attributes });
  const note = h('p', { id: `${id}-note`, class: 'field-note', text: hint ?? '' });
  const box = h('div', { class: 'field-box' }, prefix ? h('span', { class: 'field-prefix', 'aria-hidden': 'true', text: prefix }) : null, input, after);
  const element = h('div', { class: 'field' }, h('label', { for: id, text: label }), box, note);
  const setError = (message) => {
    setAttribute(input, 'aria-invalid', message ? 'true' : null);
    element.classList.toggle('invalid', Boolean(message));
    note.textContent = message ?? hint ?? '';
  };
  input.addEventListener('input', () => setError(null));
  return { element, input, setError };
}
