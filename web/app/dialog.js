import { h } from './dom.js';
import { icon } from './icons.js';
import { holdToasts } from './toast.js';

let lastId = 0;

/**
 * Opens a modal dialog. Escape, the cross and a click beside it close it. The focus then returns to where it was.
 * @param {string} title
 * @param {...Node} content
 * @returns {HTMLDialogElement}
 */
export function openDialog(title, ...content) {
  lastId += 1;
  const id = `dialog-${lastId}`;
  const close = h('button', { class: 'icon-button', type: 'button', 'aria-label': 'Close', on: { click: () => dialog.close() } }, icon('close'));
  const header = h('header', {}, h('h2', { id, text: title }), close);
  const dialog = h('dialog', { class: 'dialog', 'aria-labelledby': id }, h('div', { class: 'dialog-box' }, header, ...content));
  const before = document.activeElement;
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  const releaseToasts = holdToasts(dialog);
  dialog.addEventListener('close', () => {
    releaseToasts();
    dialog.remove();
    before?.focus?.();
  });
  document.body.append(dialog);
  dialog.showModal();
  dialog.querySelector('[autofocus]')?.focus();
  return dialog;
}

/**
 * Asks a yes-or-no question and returns the answer.
 * @param {{calm?: boolean}} [how]  `calm`: the action removes nothing, so its button is not red.
 */
export function confirmDialog(title, sentence, yes, { calm = false } = {}) {
  return new Promise((resolve) => {
    let answer = false;
    const choose = (value) => () => {
      answer = value;
      dialog.close();
    };
    const dialog = openDialog(
      title,
      h('p', { class: 'dialog-text', text: sentence }),
      h(
        'div',
        { class: 'dialog-actions' },
        h('button', { class: 'button', type: 'button', text: 'Cancel', autofocus: true, on: { click: choose(false) } }),
        h('button', { class: `button ${calm ? 'primary' : 'danger'}`, type: 'button', text: yes, on: { click: choose(true) } }),
      ),
    );
    dialog.addEventListener('close', () => resolve(answer));
  });
}
