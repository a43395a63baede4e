import { avatar } from './avatar.js';
import { copyText } from './clipboard.js';
import { h, setAttribute } from './dom.js';
import { icon } from './icons.js';
import { splitLinks } from './links.js';
import { clockTime, fullTime } from './time.js';

/** Texts longer than this are shown in part at first. Unit: UTF-16 code units. */
const FOLD_ABOVE = 3_000;
/** Length of the shown part of a folded text. Unit: UTF-16 code units. */
const FOLD_TO = 1_200;

const STATES = {
  pending: { icon: 'clock', label: 'Sending' },
  sent: { icon: 'check', label: 'Sent' },
  read: { icon: 'checks', label: 'Read' },
  failed: { icon: 'alert', label: 'Not sent' },
};

const onlyEmoji = emojiPattern();

/**
 * Returns the element of a message.
 * @param {{onRetry: (id) => void, onDiscard: (id) => void, onShowAll: (row) => Promise<void>}} actions
 */
export function createMessage(actions) {
  const element = h('div', { class: 'message', 'data-testid': 'message' });
  element.actions = actions;
  return element;
}

/**
 * Shows a row of `rowsOf` in its element.
 * @param {{inGroup: boolean, sender: string | null}} place  
 *   `sender` is the name that the first of several consecutive messages shows.
 */
export function updateMessage(element, row, place) {
  const signature = JSON.stringify([row, place, element.unfolded]);
  if (element.signature === signature) return;
  element.signature = signature;
  Object.assign(element.dataset, { state: row.state, clientMessageId: row.client_message_id });
  setAttribute(element, 'data-seq', row.seq);
  element.className = ['message', row.own ? 'own' : 'other', place.sender && 'named', row.first && 'first', row.last && 'last', isBig(row) && 'big']
    .filter(Boolean)
    .join(' ');
  const showsMeta = row.last || row.state === 'failed';
  element.replaceChildren(
    ...[
      ...(place.sender && row.first ? [avatar(row.sender, place.sender), h('span', { class: 'sender', dir: 'auto', 'data-testid': 'sender', text: place.sender })] : []),
      bubble(element, row, place),
      showsMeta ? meta(row, place) : null,
      row.state === 'failed' ? failure(element, row, place) : null,
    ].filter(Boolean),
  );
}

function bubble(element, row, place) {
  const shortened = row.truncated || (row.text.length > FOLD_ABOVE && !element.unfolded);
  const shown = shortened ? cut(row.text) : row.text;
  const text = h('div', { class: 'text', dir: 'auto' });
  for (const part of splitLinks(shown)) {
    text.append(part.href ? h('a', { href: part.href, target: '_blank', rel: 'noopener noreferrer', text: part.text }) : part.text);
  }
  if (shortened) text.append('…');
  if (!row.text && row.attachments) text.append(h('em', { text: row.attachments > 1 ? `${row.attachments} attachments` : 'Attachment' }));
  const box = h('div', { class: 'bubble', title: fullTime(row.at_ms) }, text);
  if (shortened) box.append(showAll(element, row, place));
  return box;
}

function showAll(element, row, place) {
  const label = row.truncated ? 'Show all' : `Show all ${row.text.length.toLocaleString()} characters`;
  const button = h('button', { class: 'show-all', type: 'button', 'data-testid': 'show-all', text: label });
  button.addEventListener('click', async () => {
    button.disabled = true;
    element.unfolded = true;
    try {
      if (row.truncated) await element.actions.onShowAll(row);
      else updateMessage(element, row, place);
    } catch {
      button.disabled = false;
      button.textContent = 'Could not load. Try again';
    }
  });
  return button;
}

function meta(row, { inGroup }) {
  const state = STATES[row.state];
  const words = inGroup && row.state === 'read' ? `Read by ${row.readers}` : state?.label;
  const time = h('time', { datetime: new Date(row.at_ms).toISOString(), text: clockTime(row.at_ms) });
  const label = state && h('span', { class: row.saysRead || row.state === 'failed' ? 'state-label' : 'visually-hidden', text: words });
  return h('div', { class: 'meta' }, time, label, state && icon(state.icon));
}

function failure(element, row, place) {
  const act = (action) => () => action(row.client_message_id);
  // An id that belongs to another message cannot be sent any more. The text can be sent as a new message.
  const first =
    row.error?.code === 'conflict'
      ? copyButton(row.text)
      : h('button', { type: 'button', class: 'text-button', 'data-testid': 'retry', text: 'Retry', on: { click: act(element.actions.onRetry) } });
  return h(
    'div',
    { class: 'failure', role: 'group', 'aria-label': 'Message not sent' },
    h('span', { class: 'failure-reason', text: reasonOf(row.error, place) }),
    h(
      'span',
      { class: 'failure-actions' },
      first,
      h('button', { type: 'button', class: 'text-button', 'data-testid': 'delete', text: 'Delete', on: { click: act(element.actions.onDiscard) } }),
    ),
  );
}

function copyButton(text) {
  const button = h('button', { type: 'button', class: 'text-button', 'data-testid': 'copy', text: 'Copy text' });
  button.addEventListener('click', async () => {
    button.textContent = (await copyText(text)) ? 'Copied' : 'Could not copy';
  });
  return button;
}

function reasonOf(error, { inGroup }) {
  switch (error?.code) {
    case 'forbidden':
      return inGroup ? 'You are no longer in this group.' : 'This message was not accepted.';
    case 'not_found':
      return inGroup ? 'This group no longer exists.' : 'This person no longer exists.';
    case 'too_large':
      return 'This message is too long.';
    case 'conflict':
      return 'This message cannot be sent as it is. Copy its text and send it as a new message.';
    case 'internal':
      return 'The server could not take this message.';
    default:
      return error?.message ?? 'The server refused this message.';
  }
}

function cut(text) {
  // Never within a surrogate pair.
  return text.slice(0, FOLD_TO).replace(/[\uD800-\uDBFF]$/u, '');
}

function isBig(row) {
  return row.text.length <= 24 && onlyEmoji?.test(row.text.replace(/\s/gu, ''));
}

function emojiPattern() {
  try {
    // Built by the constructor, because older browsers reject a whole file with a `v` flag in a literal.
    return new RegExp('^\\p{RGI_Emoji}{1,3}$', 'v');
  } catch {
    return null;
  }
}
