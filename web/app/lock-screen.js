import { h, reconcile } from './dom.js';
import { logo } from './icons.js';
import { pushSummary } from './phone-screen.js';
import { clockTime, dayLabel, fullTime } from './time.js';

const SERVICES = { apns: 'APNs', fcm: 'FCM' };

/**
 * Returns a view that resembles a phone's lock screen, and the list of all pushes.
 * @returns {{elements: HTMLElement[], show: (screen: object, pushes: object[]) => void, complain: (sentence: string) => void}}
 */
export function lockScreen() {
  const time = h('span', { class: 'phone-time' });
  const day = h('span', {});
  const notifications = h('ul', { class: 'phone-notifications', 'aria-label': 'Notifications', 'aria-live': 'polite', 'data-testid': 'phone-notifications' });
  const none = h('p', { class: 'phone-none', text: 'No notifications' });
  const badge = h('span', { class: 'badge', 'aria-hidden': 'true', 'data-testid': 'phone-badge' });
  const unread = h('span', { class: 'visually-hidden' });
  const app = h('div', { class: 'phone-app' }, h('div', { class: 'phone-icon' }, logo(), badge), h('span', { text: 'Confab' }), unread);
  const phone = h('section', { class: 'phone', 'aria-label': 'The phone’s screen' }, h('div', { class: 'phone-clock', 'aria-hidden': 'true' }, time, day), notifications, none, app);
  const trouble = h('p', { class: 'dialog-error', role: 'status' });
  const all = h('ul', {});
  const allTitle = h('summary', {});
  const log = h('details', { class: 'phone-log', 'data-testid': 'phone-log' }, allTitle, all);

  const show = (screen, pushes) => {
    const now = Date.now();
    time.textContent = clockTime(now);
    day.textContent = dayLabel(now, now);
    reconcile(notifications, screen.notifications, { key: ({ conversation }) => conversation, create: createNotification, update: updateNotification });
    notifications.hidden = screen.notifications.length === 0;
    none.hidden = !notifications.hidden;
    badge.hidden = screen.badge === 0;
    badge.textContent = String(screen.badge);
    unread.textContent = `, ${screen.badge} unread`;
    allTitle.textContent = `All pushes to this phone (${pushes.length})`;
    const numbered = pushes.map((push, index) => ({ push, index })).reverse();
    reconcile(all, numbered, { key: ({ index }) => String(index), create: createPush, update: updatePush });
  };
  const complain = (sentence) => {
    if (trouble.textContent !== sentence) trouble.textContent = sentence;
  };
  return { elements: [phone, trouble, log], show, complain };
}

function createNotification() {
  const parts = { about: h('span', {}), time: h('time', {}), title: h('strong', { dir: 'auto' }), body: h('p', { dir: 'auto' }), payload: payload() };
  const head = h('div', { class: 'phone-notification-head' }, logo(), parts.about, parts.time);
  const element = h('li', { class: 'phone-notification', 'data-testid': 'phone-notification' }, head, parts.title, parts.body, parts.payload.element);
  parts.payload.label('Payload');
  element.parts = parts;
  return element;
}

function updateNotification(element, { title, body, platform, at_ms, push }) {
  if (element.push === push) return;
  element.push = push;
  const { parts } = element;
  parts.about.textContent = `Confab · ${SERVICES[platform] ?? platform}`;
  parts.time.textContent = clockTime(at_ms);
  parts.time.title = fullTime(at_ms);
  parts.title.textContent = title;
  parts.body.textContent = body;
  parts.payload.show(push);
}

function createPush() {
  const parts = { payload: payload() };
  const element = h('li', { 'data-testid': 'phone-push' }, parts.payload.element);
  element.parts = parts;
  return element;
}

function updatePush(element, { push }) {
  element.parts.payload.label(`${fullTime(push.sent_at_ms)} · ${SERVICES[push.platform] ?? push.platform} · ${pushSummary(push)}`);
  element.parts.payload.show(push);
}

/** Returns a collapsed view of a push's payload. */
function payload() {
  const title = h('summary', {});
  // In the tab order, so that the keyboard can scroll it: it may be wider than the phone.
  const text = h('pre', { tabindex: '0', role: 'region', 'aria-label': 'Payload', dir: 'ltr' });
  return {
    element: h('details', { class: 'payload', 'data-testid': 'payload' }, title, text),
    label: (words) => setText(title, words),
    show: (push) => setText(text, JSON.stringify(push, null, 2)),
  };
}

/** Sets a text only if it differs, since setting it clears the reader's selection. */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
