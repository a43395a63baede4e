import { avatar, updateAvatar } from './avatar.js';
import { h } from './dom.js';

/**
 * Returns an avatar with a dot that shows that the user is online.
 * @param {{labelled?: boolean}} [how]  `labelled: false` if a text beside it says the same.
 */
export function portrait({ labelled = true } = {}) {
  const picture = avatar('', '');
  const words = labelled ? { role: 'img', 'aria-label': 'online' } : { 'aria-hidden': 'true' };
  const dot = h('span', { class: 'presence-dot', 'data-testid': 'presence-dot', hidden: true, ...words });
  const element = h('span', { class: 'portrait' }, picture, dot);
  element.parts = { picture, dot };
  return element;
}

export function updatePortrait({ parts: { picture, dot } }, { id, name, online }) {
  updateAvatar(picture, id, name);
  dot.hidden = !online;
}
