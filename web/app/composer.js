import { h } from './dom.js';
import { icon } from './icons.js';

/** Longest text of a message. Unit: Unicode code points, inclusive. */
const TEXT_CHARS_MAX = 100_000;
/** Length from which the counter is shown. Unit: Unicode code points. */
const COUNTER_FROM = 95_000;

/** Returns the text to send: the typed text without blank lines at its start and blanks at its end. */
export function cleaned(text) {
  return text.replace(/^(?:[ \t]*\r?\n)+/u, '').trimEnd();
}

/**
 * The input of a message. Enter sends, Shift+Enter breaks the line. The draft is stored per conversation, for all
 * windows.
 * @param {{conversation: string, drafts: import('./drafts.js').Drafts, name: string, onSend: (text: string) => void, onType: () => void}} use
 *   `onType` is called whenever something is typed that could be sent.
 */
export function composer({ conversation, drafts, name, onSend, onType }) {
  const input = h('textarea', {
    rows: '1',
    dir: 'auto',
    placeholder: 'Write a message',
    'aria-label': `Message to ${name}`,
    'data-testid': 'composer',
    autocomplete: 'off',
    enterkeyhint: 'send',
  });
  const counter = h('span', { class: 'counter', role: 'status', hidden: true });
  const send = h('button', { class: 'send', type: 'submit', 'aria-label': 'Send', 'data-testid': 'send', disabled: true }, icon('send'));
  const form = h('form', { class: 'composer' }, h('div', { class: 'composer-box' }, input, counter, send));

  const changed = () => {
    fit(input);
    // A text has no more code points than code units, so short texts need no count.
    const length = input.value.length < COUNTER_FROM ? 0 : Array.from(cleaned(input.value)).length;
    const left = TEXT_CHARS_MAX - length;
    counter.hidden = length < COUNTER_FROM;
    counter.textContent = left >= 0 ? `${left.toLocaleString()} left` : `${(-left).toLocaleString()} too many`;
    counter.classList.toggle('over', left < 0);
    send.disabled = cleaned(input.value) === '' || left < 0;
    if (drafts.get(conversation) !== input.value) drafts.set(conversation, input.value);
  };
  const submit = () => {
    if (send.disabled) return;
    onSend(cleaned(input.value));
    input.value = '';
    changed();
    input.focus();
  };
  input.addEventListener('input', () => {
    changed();
    if (!send.disabled) onType();
  });
  input.addEventListener('keydown', (event) => {
    // While an input method composes, Enter chooses a candidate.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    submit();
  });
  const followDraft = ({ detail }) => {
    // A text that the user is editing here is not replaced.
    if (detail.conversation !== conversation || input.value !== detail.before) return;
    input.value = detail.draft;
    changed();
  };
  drafts.addEventListener('change', followDraft);
  input.value = drafts.get(conversation);
  requestAnimationFrame(changed);
  return {
    element: form,
    focus: () => input.focus(),
    dispose: () => drafts.removeEventListener('change', followDraft),
    setName: (to) => input.setAttribute('aria-label', `Message to ${to}`),
  };
}

function fit(input) {
  input.style.height = 'auto';
  input.style.height = `${input.scrollHeight}px`;
}
