import { confirmDialog, openDialog } from './dialog.js';
import { batched, h, unlessRunning } from './dom.js';
import { field } from './field.js';
import { groupConsent } from './group-consent.js';
import { passwordError } from './rules.js';
import { toast } from './toast.js';
import { problemOf } from './words.js';

/** Error codes after which it is not known whether the password was changed. */
const OUTCOME_UNKNOWN = new Set(['network', 'timeout', 'unavailable']);

/**
 * Opens the account dialog: password, permission to add the user to groups, and logout on all devices.
 * @param {{client: object, onLogout: (where: {everywhere: boolean}) => void}} use
 */
export function openAccount({ client, onLogout }) {
  const everywhere = h('button', { class: 'button danger', type: 'button', text: 'Log out everywhere', 'data-testid': 'logout-everywhere', on: { click: unlessRunning(() => logOutEverywhere(client, onLogout)) } });
  const consent = groupConsent(client);
  const dialog = openDialog(
    'Account',
    passwordForm(client),
    section('Groups', consent.element),
    section('All devices', h('p', { class: 'dialog-text', text: 'Ends every login of this account, this one too. Do it if you have lost a device.' }), h('div', { class: 'dialog-actions' }, everywhere)),
  );
  const render = batched(consent.render);
  client.addEventListener('change', render);
  dialog.addEventListener('close', () => client.removeEventListener('change', render));
  // Focus the title and not the password field, so that a phone shows no keyboard.
  const title = dialog.querySelector('h2');
  title.setAttribute('tabindex', '-1');
  title.focus();
}

function section(title, ...content) {
  return h('section', { class: 'dialog-section' }, h('h3', { class: 'members-title', text: title }), ...content);
}

function passwordForm(client) {
  const secret = { type: 'password', maxlength: '256' };
  // Password managers need the account's name.
  const username = h('input', { type: 'text', name: 'username', autocomplete: 'username', hidden: true, value: client.profiles.get(client.user)?.handle ?? '' });
  const old = field({ label: 'Current password', testid: 'password-old', name: 'old_password', autocomplete: 'current-password', ...secret });
  const fresh = field({ label: 'New password', hint: 'At least 8 characters. Your other devices are logged out.', testid: 'password-new', name: 'new_password', autocomplete: 'new-password', ...secret });
  const problem = h('p', { class: 'dialog-error', role: 'alert', 'data-testid': 'password-error' });
  const save = h('button', { class: 'button primary', type: 'submit', text: 'Change password', 'data-testid': 'password-save' });
  const form = h('form', { class: 'dialog-form', novalidate: true }, username, old.element, fresh.element, problem, save);
  /** Whether an earlier attempt may have changed the password. */
  let isUncertain = false;

  const explain = (error) => {
    isUncertain ||= OUTCOME_UNKNOWN.has(error.code);
    if (error.code === 'forbidden') old.setError(isUncertain ? 'That is not your password. Perhaps the change before was made: then the new one is it already.' : 'That is not your current password.');
    else if (error.code === 'bad_request' && error.message.includes('new_password')) fresh.setError(error.message.replace('new_password', 'Password'));
    else problem.textContent = OUTCOME_UNKNOWN.has(error.code) ? `${problemOf(error)} The new password may hold already.` : problemOf(error);
    form.querySelector('[aria-invalid]')?.focus();
  };
  const change = async () => {
    problem.textContent = '';
    old.setError(old.input.value ? null : 'Enter your current password.');
    fresh.setError(passwordError(fresh.input.value));
    const wrong = form.querySelector('[aria-invalid]');
    if (wrong) {
      wrong.focus();
      return;
    }
    try {
      await client.http.changePassword({ old_password: old.input.value, new_password: fresh.input.value });
      form.reset();
      isUncertain = false;
      toast('Your password is changed. Your other devices are logged out.');
    } catch (error) {
      explain(error);
    }
  };
  const submit = unlessRunning(change);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    submit();
  });
  return form;
}

async function logOutEverywhere(client, onLogout) {
  const unsent = client.outbox.pendingCount;
  const lost = unsent ? ` ${unsent === 1 ? 'One message has' : `${unsent} messages have`} not been sent yet and will be lost.` : '';
  if (await confirmDialog('Log out everywhere?', `You will have to log in again on every device, here too.${lost}`, 'Log out everywhere')) onLogout({ everywhere: true });
}
