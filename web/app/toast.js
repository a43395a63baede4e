import { h } from './dom.js';
import { phraseNodes } from './system-entry.js';
import { icon } from './icons.js';

/** How long a toast is shown, one about what went wrong and any other. Unit: milliseconds. */
const BAD_MS = 12_000;
const GOOD_MS = 5_000;
const SHOWN_MAX = 3;

/** The live regions that toasts are shown in, the topmost last: a modal dialog makes all inert that is outside of it. */
const regions = [];

/** Shows toasts in an element of the page, until the returned function is called. */
export function holdToasts(parent) {
  const region = h('div', { class: 'toasts', role: 'status', 'aria-live': 'polite', 'data-testid': 'toasts' });
  regions.push(region);
  parent.append(region);
  return () => {
    regions.splice(regions.indexOf(region), 1);
    // What was said last can still be read where the dialog was.
    regions.at(-1)?.append(...region.children);
    region.remove();
  };
}

/**
 * Tells in passing what has come of something; screen readers say it when they have nothing else to say.
 * @param {string | import('./system-entry.js').Phrase} words
 * @param {{bad?: boolean}} [how]  `bad`: it did not work.
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
