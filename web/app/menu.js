import { h } from './dom.js';
import { icon } from './icons.js';

/**
 * Returns a button that opens a menu.
 * @param {{label: string, items: {icon: string, text: string, testid?: string, run: () => void}[]}} use
 */
export function menuButton({ label, items }) {
  const button = h('button', { class: 'icon-button', type: 'button', 'aria-label': label, 'aria-haspopup': 'menu', 'aria-expanded': 'false', 'data-testid': 'menu' }, icon('more'));
  const entries = items.map((item) =>
    h('button', { class: 'menu-item', type: 'button', role: 'menuitem', tabindex: '-1', 'data-testid': item.testid, on: { click: () => choose(item) } }, icon(item.icon), item.text),
  );
  const menu = h('div', { class: 'menu', role: 'menu', 'aria-label': label, hidden: true }, ...entries);
  const element = h('div', { class: 'menu-anchor' }, button, menu);

  const show = (open) => {
    menu.hidden = !open;
    button.setAttribute('aria-expanded', String(open));
    if (open) entries[0].focus();
  };
  const choose = (item) => {
    show(false);
    button.focus();
    item.run();
  };
  button.addEventListener('click', () => show(menu.hidden));
  element.addEventListener('keydown', (event) => {
    if (menu.hidden) return;
    const at = entries.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (event.key === 'Escape') {
      event.stopPropagation();
      show(false);
      button.focus();
    } else if (to !== undefined) {
      event.preventDefault();
      entries.at(to % entries.length).focus();
    }
  });
  element.addEventListener('focusout', (event) => {
    if (!element.contains(event.relatedTarget)) show(false);
  });
  return element;
}
