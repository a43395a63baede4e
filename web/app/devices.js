import { openDialog } from './dialog.js';
import { h, unlessRunning } from './dom.js';
import { icon } from './icons.js';
import { ago } from './time.js';
import { toastOutcome } from './toast-outcome.js';
import { problemOf } from './words.js';

/** Opens the list of devices on which the account is logged in, where other devices can be logged out. */
export function openDevices({ client }) {
  const list = h('ul', { class: 'devices', 'aria-busy': 'true' }, h('li', { class: 'devices-wait' }, h('span', { class: 'spinner', role: 'img', 'aria-label': 'Loading' })));
  const note = h('p', { class: 'dialog-error', role: 'alert' });
  const dialog = openDialog('Devices', h('p', { class: 'dialog-text', text: 'You are logged in on these devices. Log out any that you don’t recognise.' }), list, note);
  const title = dialog.querySelector('h2');
  title.setAttribute('tabindex', '-1');

  const load = async () => {
    try {
      const devices = await client.http.devices();
      devices.sort((a, b) => b.current - a.current || b.last_active_at_ms - a.last_active_at_ms);
      list.replaceChildren(...devices.map(row));
      note.textContent = '';
    } catch (error) {
      list.replaceChildren();
      note.textContent = problemOf(error);
    }
    list.removeAttribute('aria-busy');
  };
  const row = (device) => {
    const name = device.name ?? 'Unnamed device';
    const used = device.current ? 'This device' : `Last used ${ago(device.last_active_at_ms)}`;
    const end = device.current
      ? null
      : h('button', { class: 'button small', type: 'button', text: 'Log out', 'aria-label': `Log out ${name}`, 'data-testid': 'end-device', on: { click: unlessRunning(() => remove(device, name)) } });
    return h('li', { class: 'device', data: { device: device.device } }, icon('devices'), h('div', {}, h('strong', { text: name }), h('span', { text: used })), end);
  };
  const remove = async ({ device }, name) => {
    if (!(await toastOutcome(() => client.http.endDevice(device), [{ name }, { text: ' is logged out.' }]))) return;
    const hadFocus = list.contains(document.activeElement);
    await load();
    if (hadFocus) (list.querySelector('button') ?? title).focus();
  };
  load();
}
