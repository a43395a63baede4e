import { h } from './dom.js';

/** How long a reconnect may take before people are told. Unit: milliseconds. */
const QUIET_MS = 1_500;

const TEXTS = {
  offline: 'Offline. Messages go out when you’re back.',
  held: 'Offline, by the switch of the phone in the menu. Messages go out when you’re back.',
  connecting: 'Reconnecting…',
  displaced: 'This window is disconnected, because this login is in use in newer ones.',
  slowed: 'You are sending fast. The rest goes out a little later.',
};

/** Returns a line that says so while there is no connection, or while sending is slow. */
export function banner(client) {
  const text = h('span');
  // A click is what brings a displaced window back, or a message that is sent: focus and typing alone would have windows displace each other.
  const here = h('button', { class: 'text-button', type: 'button', 'data-testid': 'use-here', text: 'Use Confab here', on: { click: () => client.reconnect() } });
  const element = h('div', { class: 'banner', role: 'status', hidden: true }, text, here);
  let timer;
  const show = () => {
    clearTimeout(timer);
    const reason = reasonOf(client);
    const apply = () => {
      element.hidden = !reason;
      element.dataset.status = client.status;
      text.textContent = TEXTS[reason] ?? '';
      here.hidden = reason !== 'displaced';
    };
    if (reason === 'connecting' && element.hidden) timer = setTimeout(apply, QUIET_MS);
    else apply();
  };
  client.addEventListener('status', show);
  show();
  return element;
}

function reasonOf({ status, held, outbox }) {
  if (status === 'online') return outbox.slowed ? 'slowed' : null;
  if (status === 'offline' && held) return 'held';
  return status in TEXTS ? status : null;
}
