import { h } from './dom.js';

const TONES = 8;

/** Returns up to two letters that stand for a name. */
export function initials(name) {
  const words = name.trim().split(/\s+/u).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words;
  return letters.map(firstGrapheme).join('').toLocaleUpperCase() || '?';
}

/** Returns the number of a user's avatar colour, which never changes. */
export function toneOf(id) {
  let hash = 0;
  for (const character of id) hash = (hash * 31 + character.codePointAt(0)) >>> 0;
  return hash % TONES;
}

/** Returns an avatar. It is hidden from screen readers, so the name must be next to it. */
export function avatar(id, name) {
  const element = h('span', { class: 'avatar', 'aria-hidden': 'true' });
  updateAvatar(element, id, name);
  return element;
}

export function updateAvatar(element, id, name) {
  element.textContent = initials(name);
  element.dataset.tone = toneOf(id);
  element.classList.toggle('of-group', id.startsWith('grp_'));
}

function firstGrapheme(word) {
  if (!Intl.Segmenter) return Array.from(word)[0];
  return [...new Intl.Segmenter().segment(word)][0].segment;
}
