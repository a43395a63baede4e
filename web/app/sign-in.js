import { ConfabHttp } from '../confab.js';
import { avatar } from './avatar.js';
import { deviceName } from './device-name.js';
import { h } from './dom.js';
import { field } from './field.js';
import { logo } from './icons.js';
import { displayNameError, handleError, passwordError } from './rules.js';
import { signUp } from './sign-up.js';
import { problemOf } from './words.js';

/**
 * The page for login and signup.
 * @param {object} use
 * @param {import('../confab.js').Accounts} use.accounts
 * @param {string} [use.notice]  Why the user has to log in.
 * @param {HTMLElement} use.pending  The notice of a logout that the server has not confirmed yet.
 * @param {string} [use.handle]  The initial handle.
 * @param {(user: string) => void} use.onEnter
 */
export function signInView({ accounts, notice, pending, handle: knownHandle = '', onEnter }) {
  const http = new ConfabHttp();
  // A user who is offered an account to continue with and does not take it is likely to want a new one.
  let isSignup = !notice && (!accounts.visited || accounts.all().some((account) => account.logged_in));

  const title = h('h1');
  const handle = field({ label: 'Handle', hint: 'Letters, digits, underscores. How people find you.', prefix: '@', testid: 'handle', name: 'username', autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false', maxlength: '33', value: knownHandle });
  const name = field({ label: 'Display name', hint: 'Optional. What other people see.', testid: 'display-name', name: 'name', autocomplete: 'name', dir: 'auto', maxlength: '128' });
  const reveal = h('button', { class: 'reveal', type: 'button', 'aria-pressed': 'false', 'data-testid': 'show-password', text: 'Show', 'aria-label': 'Show password' });
  const password = field({ label: 'Password', hint: 'At least 8 characters.', testid: 'password', name: 'password', type: 'password', maxlength: '256', after: reveal });
  const invited = new URLSearchParams(location.search).get('invite') ?? '';
  const invite = field({ label: 'Invitation', hint: 'The code that you were given.', testid: 'invite', name: 'invite', autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false', value: invited });
  /** Whether the server has asked for an invitation, or the URL has one. */
  let needsInvite = invited !== '';
  const problem = h('p', { class: 'form-error', role: 'alert' });
  const submit = h('button', { class: 'button primary wide', type: 'submit', 'data-testid': 'submit' });
  const toggleText = h('span');
  const toggle = h('button', { class: 'text-button', type: 'button', 'data-testid': 'toggle-mode' });
  const form = h('form', { class: 'sign-in-form', novalidate: true }, handle.element, name.element, password.element, invite.element, problem, submit);

  const showMode = () => {
    form.dataset.mode = isSignup ? 'signup' : 'login';
    title.textContent = isSignup ? 'Create your account' : 'Welcome back';
    submit.textContent = isSignup ? 'Create account' : 'Log in';
    toggleText.textContent = isSignup ? 'Already have an account? ' : 'New here? ';
    toggle.textContent = isSignup ? 'Log in' : 'Create an account';
    name.element.hidden = !isSignup;
    invite.element.hidden = !isSignup || !needsInvite;
    form.classList.toggle('without-hints', !isSignup);
    password.input.autocomplete = isSignup ? 'new-password' : 'current-password';
    for (const { setError } of [handle, name, password, invite]) setError(null);
    problem.textContent = '';
  };
  toggle.addEventListener('click', () => {
    isSignup = !isSignup;
    showMode();
    handle.input.focus();
  });
  reveal.addEventListener('click', () => {
    const shows = password.input.type === 'password';
    password.input.type = shows ? 'text' : 'password';
    reveal.textContent = shows ? 'Hide' : 'Show';
    reveal.setAttribute('aria-pressed', String(shows));
  });

  const values = () => ({
    handle: handle.input.value.trim().replace(/^@/, '').toLowerCase(),
    password: password.input.value,
    display_name: name.input.value.trim() || undefined,
    invite: invite.input.value.trim() || undefined,
  });
  const check = (typed) => {
    handle.setError(handleError(typed.handle));
    password.setError(isSignup ? passwordError(typed.password) : typed.password ? null : 'Enter your password.');
    name.setError(isSignup && typed.display_name ? displayNameError(typed.display_name) : null);
    return form.querySelector('[aria-invalid]');
  };
  const explain = (error) => {
    const at = isSignup && error.code === 'bad_request' ? [handle, password, name].find((one) => error.message.includes(FIELD_NAMES.get(one))) : null;
    if (isSignup && error.code === 'conflict') handle.setError('That handle is taken. Try another, or log in if it’s yours.');
    else if (at) at.setError(error.message);
    else if (isSignup && error.code === 'forbidden') askForInvite();
    else problem.textContent = sentenceFor(error, isSignup);
    (form.querySelector('[aria-invalid]') ?? (isSignup ? handle : password).input).focus();
  };
  const askForInvite = () => {
    needsInvite = true;
    invite.element.hidden = false;
    invite.setError(invite.input.value.trim() ? 'This invitation is not good, or not any more. Ask for another.' : 'New accounts need an invitation here. Enter its code.');
  };
  const FIELD_NAMES = new Map([[handle, 'handle'], [password, 'password'], [name, 'display_name']]);

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (submit.disabled) return;
    const typed = values();
    problem.textContent = '';
    const wrong = check(typed);
    if (wrong) {
      wrong.focus();
      return;
    }
    submit.disabled = true;
    submit.classList.add('busy');
    try {
      const device = { id: accounts.deviceOf(typed.handle), name: deviceName(navigator.userAgent), platform: 'web' };
      const session = await (isSignup ? signUp(http, { ...typed, device }) : http.login({ ...typed, device }));
      await accounts.logIn(session, { handle: typed.handle, ...(typed.display_name && { display_name: typed.display_name }) });
      onEnter(session.user);
    } catch (error) {
      explain(error);
    } finally {
      submit.disabled = false;
      submit.classList.remove('busy');
    }
  });

  showMode();
  const card = h(
    'div',
    { class: 'card' },
    notice ? h('p', { class: 'notice', role: 'alert', 'data-testid': 'notice', text: notice }) : null,
    pending,
    continueAs(accounts, onEnter),
    title,
    form,
    h('p', { class: 'toggle' }, toggleText, toggle),
  );
  const element = h('main', { class: 'sign-in' }, h('div', { class: 'brand' }, logo(), h('span', { text: 'Confab' })), card, h('p', { class: 'promise', text: 'Every message arrives, once and in order.' }));
  return { element, focus: () => (knownHandle ? password.input : handle.input).focus() };
}

function continueAs(accounts, onEnter) {
  const usable = accounts.all().filter((account) => account.logged_in);
  if (usable.length === 0) return null;
  const buttons = usable.map((account) => {
    const shown = account.display_name || account.handle;
    return h(
      'button',
      { class: 'continue', type: 'button', 'data-testid': 'continue-as', data: { user: account.user }, on: { click: () => onEnter(account.user) } },
      avatar(account.user, shown),
      h('span', { class: 'continue-name' }, h('strong', { dir: 'auto', text: `Continue as ${shown}` }), h('span', { text: `@${account.handle}` })),
    );
  });
  return h('div', { class: 'continue-list' }, ...buttons, h('p', { class: 'or' }, h('span', { text: 'or use another account' })));
}

function sentenceFor(error, isSignup) {
  if (!isSignup && WRONG_LOGIN.has(error.code)) return 'That handle and password don’t match.';
  return problemOf(error);
}

const WRONG_LOGIN = new Set(['unauthenticated', 'forbidden', 'not_found', 'bad_request']);
