import { h } from './dom.js';

/** How long a reconnect may take before people are told. Unit: milliseconds. */
const QUIET_MS = 1_500;

const TEXTS = {
  offline: 'Offline. Messages go out when you’re back.',
  held: 'Offline, by the switch of the phone in the menu. Messages go out when you’re back.',
  connecting: 'Reconnecting…',
};

/** Returns a line that says so while there is no connection. */
export function banner(client) {
  const element = h('div', { class: 'banner', role: 'status', hidden: true });
  let timer;
  const show = () => {
    clearTimeout(timer);
    const text = TEXTS[client.held && client.status === 'offline' ? 'held' : client.status];
    const apply = () => {
      element.hidden = !text;
      element.dataset.status = client.status;
      element.textContent = text ?? '';
    };
    if (client.status === 'connecting' && element.hidden) timer = setTimeout(apply, QUIET_MS);
    else apply();
  };
  client.addEventListener('status', show);
  show();
  return element;
}
