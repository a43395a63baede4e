import { h } from './dom.js';

const TEXTS = {
  here: 'You are logged out here. The server will be told when it can be reached.',
  everywhere: 'You are logged out here. Your other devices will be when the server can be reached.',
};

/** Returns the sentence for somebody whose logout the server has not heard of; empty while there is nothing to say. */
export function pendingLogoutNotice(pendingLogouts) {
  const element = h('p', { class: 'notice', role: 'status', 'data-testid': 'pending-logout' });
  pendingLogouts.addEventListener('change', () => {
    element.textContent = TEXTS[pendingLogouts.late] ?? '';
  });
  return element;
}
