import { Accounts, ConfabClient } from '../confab.js';
import { Drafts } from './drafts.js';
import { keepPage } from './offline.js';
import { pendingLogoutNotice } from './pending-logout-notice.js';
import { Shell } from './shell.js';
import { signInView } from './sign-in.js';
import { holdToasts } from './toast.js';

const root = document.getElementById('app');
const accounts = new Accounts();
const pending = pendingLogoutNotice(accounts.pendingLogouts);
let shell = null;
let drafts = null;
let client = null;

holdToasts(document.body);
keepPage();
accounts.pendingLogouts.start();
const account = await accounts.resume();
if (account) await enter(account.user);
else showSignIn();

async function enter(user) {
  accounts.activate(user);
  client = await ConfabClient.open({ user, credentials: accounts.credentials(user) });
  const opened = client;
  opened.addEventListener('ended', ({ detail }) => {
    if (client === opened) leave(detail.reason);
  });
  opened.addEventListener('change', () => keepNames(opened));
  // Drafts and unsent messages survive the reload.
  opened.addEventListener('outdated', () => location.reload());
  drafts = new Drafts(user);
  shell = new Shell({ client: opened, drafts, onSwitch, onLogout: (where) => logOut(opened, where) });
  root.replaceChildren(shell.element);
  opened.start();
}

/** Updates the names on the "Continue as" buttons. */
function keepNames({ user, profiles }) {
  const profile = profiles.get(user);
  const known = accounts.get(user);
  if (!profile || !known) return;
  const { handle, display_name } = profile;
  if (known.handle !== handle || known.display_name !== display_name) accounts.update(user, { handle, display_name });
}

async function logOut(opened, where) {
  root.inert = true;
  try {
    await opened.logout(where);
  } finally {
    root.inert = false;
  }
}

function onSwitch() {
  client.stop();
  close();
  showSignIn();
}

function leave(reason) {
  const { user } = client;
  const handle = accounts.get(user)?.handle;
  if (reason === 'logout') shell.forget();
  close();
  if (reason === 'logout') {
    accounts.forget(user);
    showSignIn();
  } else {
    showSignIn({ notice: 'Your session has ended. Log in again to go on; unsent messages are kept.', handle });
  }
}

function close() {
  shell?.dispose();
  drafts?.dispose();
  shell = drafts = null;
  client = null;
  accounts.deactivate();
}

function showSignIn({ notice, handle } = {}) {
  // Closed and not just removed, so that each dialog releases its resources.
  for (const dialog of document.querySelectorAll('dialog')) dialog.close();
  const view = signInView({ accounts, notice, pending, handle, onEnter: enter });
  root.replaceChildren(view.element);
  view.focus();
}
