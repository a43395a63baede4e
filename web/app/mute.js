import { isMuted } from '../confab.js';
import { openDialog } from './dialog.js';
import { h, unlessRunning } from './dom.js';
import { icon } from './icons.js';
import { untilTime } from './time.js';
import { toastOutcome } from './toast-outcome.js';

const HOUR_MS = 3_600_000;
/** The time that stands for "without an end". Unit: milliseconds since the Unix epoch. */
const FOREVER_MS = Date.UTC(9999, 11, 31);
const DURATIONS = [
  { text: 'For 1 hour', testid: 'mute-1', until: () => Date.now() + HOUR_MS },
  { text: 'For 8 hours', testid: 'mute-8', until: () => Date.now() + 8 * HOUR_MS },
  { text: 'Until I turn it off', testid: 'mute-forever', until: () => FOREVER_MS },
];

/** Returns the menu items for muting or unmuting a conversation. */
export function muteItems(client, chat) {
  // The server does not know a conversation without messages.
  if (!chat.listed) return [];
  if (isMuted(chat)) return [{ icon: 'bell', text: 'Unmute', testid: 'unmute', run: () => mute(client, chat, null) }];
  return [{ icon: 'muted', text: 'Mute', testid: 'mute', run: () => openMute(client, chat) }];
}

/** Returns in words until when a conversation is muted. */
export function mutedText({ muted_until_ms }, now = Date.now()) {
  if (muted_until_ms >= FOREVER_MS) return 'Muted';
  return `Muted until ${untilTime(muted_until_ms, now)}`;
}

/** Returns the mark of muted conversations, hidden at first. */
export function mutedMark() {
  return h('span', { class: 'muted-mark', role: 'img', hidden: true, 'data-testid': 'muted-mark' }, icon('muted'));
}

export function updateMutedMark(mark, chat) {
  mark.hidden = !isMuted(chat);
  if (mark.hidden) return;
  const text = mutedText(chat);
  mark.setAttribute('aria-label', text);
  mark.title = text;
}

function openMute(client, chat) {
  const choose = unlessRunning((run) => run());
  const choices = DURATIONS.map(({ text, testid, until }, index) => {
    const run = async () => {
      if (await mute(client, chat, until())) dialog.close();
    };
    return h('button', { class: 'button', type: 'button', text, 'data-testid': testid, autofocus: index === 0, on: { click: () => choose(run) } });
  });
  const dialog = openDialog(
    'Mute this chat',
    h('p', { class: 'dialog-text', text: 'You still get its messages. No device alerts you, and your number of unread messages does not include them.' }),
    h('div', { class: 'dialog-form' }, ...choices),
  );
}

/** Mutes or unmutes a conversation and shows the outcome. Returns whether it succeeded. */
function mute(client, { conversation }, muted_until_ms) {
  const done = muted_until_ms === null ? 'This chat alerts you again.' : `${mutedText({ muted_until_ms })}.`;
  return toastOutcome(() => client.mute(conversation, muted_until_ms), done);
}
