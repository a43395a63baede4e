import { h } from './dom.js';
import { phraseNodes } from './system-entry.js';
import { icon } from './icons.js';

/** How long a toast is shown, for failures and for all others. Unit: milliseconds. */
const BAD_MS = 12_000;
const GOOD_MS = 5_000;
const SHOWN_MAX = 3;

/**
 * The live regions that show toasts, the topmost last. A modal dialog makes everything outside of it inert, so it has
 * its own.
 */
const regions = [];

/** Shows toasts in an element of the page until the returned function is called. */
export function holdToasts(parent) {
  const region = h('div', { class: 'toasts', role: 'status', 'aria-live': 'polite', 'data-testid': 'toasts' });
  regions.push(region);
  parent.append(region);
  return () => {
    regions.splice(regions.indexOf(region), 1);
    // The last toasts stay visible after the dialog has closed.
    regions.at(-1)?.append(...region.children);
    region.remove();
  };
}

/**
 * Shows the outcome of an action for a few seconds. Screen readers read it without interrupting.
 * @param {string | import('./system-entry.js').Phrase} words
 * @param {{bad?: boolean}} [how]  `bad`: the action has failed.
 */
export function toast(words, { bad = false } = {}) {
  const phrase = typeof words === 'string' ? [{ text: words }] : words;
  const close = h('button', { class: 'icon-button', type: 'button', 'aria-label': 'Dismiss' }, icon('close'));
  const element = h('div', { class: `toast ${bad ? 'bad' : ''}`, 'data-testid': 'toast' }, h('p', {}, ...phraseNodes(phrase)), close);
  let focusedBefore = null;
  let timer;
  const remove = () => {
    const hadFocus = element.contains(document.activeElement);
    clearTimeout(timer);
    element.remove();
    if (hadFocus && focusedBefore?.isConnected) focusedBefore.focus();
  };
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(remove, bad ? BAD_MS : GOOD_MS);
  };
  const stay = () => clearTimeout(timer);
  close.addEventListener('click', remove);
  element.addEventListener('pointerenter', stay);
  element.addEventListener('pointerleave', wait);
  element.addEventListener('focusin', ({ relatedTarget }) => {
    focusedBefore = relatedTarget;
    stay();
  });
  element.addEventListener('focusout', wait);
  const region = regions.at(-1);
  region.append(element);
  while (region.childElementCount > SHOWN_MAX) region.firstElementChild.remove();
  wait();
}
