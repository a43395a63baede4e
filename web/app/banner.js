import { h } from './dom.js';

/** Duration of a reconnect after which the banner shows it. Unit: milliseconds. */
const QUIET_MS = 1_500;
const SECOND_MS = 1_000;

const TEXTS = {
  offline: 'Offline. Messages go out when you’re back.',
  held: 'Offline, by the switch of the phone in the menu. Messages go out when you’re back.',
  connecting: 'Reconnecting…',
  displaced: 'This window is disconnected, because this login is in use in newer ones.',
  slowed: 'You are sending fast. The rest goes out a little later.',
};

/**
 * A line that is shown while there is no connection, or while the server slows sending down.
 * @param {object} client
 * @param {() => void} onGone  Called when the line disappears while it contains the focus.
 * @returns {{element: HTMLElement, dispose: () => void}}
 */
export function banner(client, onGone) {
  const text = h('span', { role: 'status' });
  // Outside of the live region, since it changes every second.
  const countdown = h('span', { class: 'countdown', 'data-testid': 'next-try' });
  const retry = h('button', { class: 'text-button', type: 'button', 'data-testid': 'retry-now', text: 'Retry now', on: { click: () => client.wake() } });
  // Only a click or a sent message reconnects a displaced window. If focus or typing did, windows would displace each
  // other.
  const here = h('button', { class: 'text-button', type: 'button', 'data-testid': 'use-here', text: 'Use Confab here', on: { click: () => client.reconnect() } });
  const element = h('div', { class: 'banner', hidden: true }, text, countdown, retry, here);
  let timer;
  let ticking;
  const tick = () => {
    clearTimeout(ticking);
    const waits = !element.hidden && !retry.hidden;
    countdown.textContent = waits ? nextTry(client.retryAt) : '';
    if (waits) ticking = setTimeout(tick, SECOND_MS);
  };
  const show = () => {
    clearTimeout(timer);
    const reason = reasonOf(client);
    const apply = () => {
      const hadFocus = element.contains(document.activeElement);
      element.hidden = !reason;
      element.dataset.status = client.status;
      const words = TEXTS[reason] ?? '';
      if (text.textContent !== words) text.textContent = words;
      here.hidden = reason !== 'displaced';
      retry.hidden = !['offline', 'connecting'].includes(reason);
      tick();
      if (hadFocus && !element.contains(document.activeElement)) onGone();
    };
    if (reason === 'connecting' && element.hidden) timer = setTimeout(apply, QUIET_MS);
    else apply();
  };
  client.addEventListener('status', show);
  show();
  const dispose = () => {
    client.removeEventListener('status', show);
    clearTimeout(timer);
    clearTimeout(ticking);
  };
  return { element, dispose };
}

function nextTry(retryAt, now = Date.now()) {
  if (retryAt === null) return 'Trying…';
  const seconds = Math.max(0, Math.ceil((retryAt - now) / SECOND_MS));
  return seconds ? `Next try in ${seconds} s.` : 'Trying…';
}

function reasonOf({ status, held, outbox }) {
  if (status === 'online') return outbox.slowed ? 'slowed' : null;
  if (status === 'offline' && held) return 'held';
  return status in TEXTS ? status : null;
}
