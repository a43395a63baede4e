import { h } from './dom.js';
import { icon } from './icons.js';

/**
 * Returns a button that opens a menu. `setNews` of the element marks the button and adds a text to its label; null
 * removes the mark.
 * @param {object} use
 * @param {string} use.label
 * @param {string} [use.testid]
 * @param {() => {icon: string, text: string, testid?: string, run: () => void}[]} use.items
 *   Called when the menu opens.
 */
export function menuButton({ label, items, testid = 'menu' }) {
  const button = h('button', { class: 'icon-button', type: 'button', 'aria-label': label, title: label, 'aria-haspopup': 'menu', 'aria-expanded': 'false', 'data-testid': testid }, icon('more'));
  const dot = h('span', { class: 'news-dot', hidden: true, 'data-testid': `${testid}-news` });
  const menu = h('div', { class: 'menu', role: 'menu', 'aria-label': label, hidden: true });
  const element = h('div', { class: 'menu-anchor' }, button, dot, menu);

  const entryOf = (item) =>
    h('button', { class: 'menu-item', type: 'button', role: 'menuitem', tabindex: '-1', 'data-testid': item.testid, on: { click: () => choose(item) } }, icon(item.icon), item.text);
  const show = (open) => {
    if (open) menu.replaceChildren(...items().map(entryOf));
    menu.hidden = !open;
    button.setAttribute('aria-expanded', String(open));
    if (open) menu.firstElementChild.focus();
  };
  const choose = (item) => {
    show(false);
    button.focus();
    item.run();
  };
  button.addEventListener('click', () => show(menu.hidden));
  element.addEventListener('keydown', (event) => {
    if (menu.hidden) return;
    const entries = [...menu.children];
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
  element.setNews = (news) => {
    dot.hidden = !news;
    button.setAttribute('aria-label', news ? `${label}, ${news}` : label);
  };
  return element;
}
