import { h } from './dom.js';

const TEXTS = {
  here: 'You are logged out here. The server will be told when it can be reached.',
  everywhere: 'You are logged out here. Your other devices will be when the server can be reached.',
};

/** Returns the notice of a logout that the server has not confirmed yet. It is empty while there is none. */
export function pendingLogoutNotice(pendingLogouts) {
  const element = h('p', { class: 'notice', role: 'status', 'data-testid': 'pending-logout' });
  pendingLogouts.addEventListener('change', () => {
    element.textContent = TEXTS[pendingLogouts.late] ?? '';
  });
  return element;
}
