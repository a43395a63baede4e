import { plainAlarms } from './alarms.js';

/** Time without input after which nobody is taken to be at a window that is in front. Unit: milliseconds. */
const INPUT_MS_MAX = 5 * 60_000;
/** Not `scroll`, which a message that comes in causes too. */
const INPUTS = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'];

/**
 * Tells whether somebody is at the window: it can be seen, and something was
 * typed or pointed at within the last minutes.
 * @param {(active: boolean) => void} onChange  Called when that changes; at first somebody is there.
 * @param {object} [platform]
 * @param {EventTarget & {visibilityState: string}} [platform.document]
 * @param {import('./alarms.js').Alarms} [platform.alarms]
 * @param {() => number} [platform.now]
 * @returns {() => void}  Ends it.
 */
export function watchActivity(onChange, { document = globalThis.document, alarms = plainAlarms, now = Date.now } = {}) {
  if (!document) return () => {};
  let active = true;
  let lastInput = now();
  let pointer = null;
  let cancel = () => {};
  const look = () => {
    cancel();
    const left_ms = document.visibilityState === 'visible' ? lastInput + INPUT_MS_MAX - now() : 0;
    if (left_ms > 0) cancel = alarms.after(left_ms, look);
    if (left_ms > 0 === active) return;
    active = !active;
    onChange(active);
  };
  const noteInput = ({ type, screenX, screenY }) => {
    // Browsers also report a pointer that rests while the page moves below it.
    const at = `${screenX},${screenY}`;
    if (type === 'pointermove' && at === pointer) return;
    if (type === 'pointermove') pointer = at;
    lastInput = now();
    if (!active) look();
  };
  const noteVisibility = () => {
    // To bring a window to the front is to be there.
    lastInput = now();
    look();
  };
  for (const type of INPUTS) document.addEventListener(type, noteInput, { capture: true, passive: true });
  document.addEventListener('visibilitychange', noteVisibility);
  look();
  return () => {
    cancel();
    for (const type of INPUTS) document.removeEventListener(type, noteInput, { capture: true });
    document.removeEventListener('visibilitychange', noteVisibility);
  };
}
