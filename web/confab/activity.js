import { plainAlarms } from './alarms.js';

/** Time without input after which a visible window counts as inactive. Unit: milliseconds. */
const INPUT_MS_MAX = 5 * 60_000;
/** Input events. `scroll` is not among them, because an incoming message also scrolls. */
const INPUTS = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'];

/**
 * Reports whether the user is active in the window: the window is visible, and there was keyboard or pointer input
 * within the last {@link INPUT_MS_MAX}.
 *
 * @param {(active: boolean) => void} onChange  Called when the state changes. The initial state is active.
 * @param {object} [platform]
 * @param {EventTarget & {visibilityState: string}} [platform.document]
 * @param {import('./alarms.js').Alarms} [platform.alarms]
 * @param {() => number} [platform.now]
 * @returns {() => void}  Stops the reports.
 */
export function watchActivity(onChange, { document = globalThis.document, alarms = plainAlarms, now = Date.now } = {}) {
  if (!document) return () => {};
  let active = true;
  let lastInput = now();
  let pointer = null;
  let cancel = () => {};
  const update = () => {
    cancel();
    const left_ms = document.visibilityState === 'visible' ? lastInput + INPUT_MS_MAX - now() : 0;
    if (left_ms > 0) cancel = alarms.after(left_ms, update);
    if (left_ms > 0 === active) return;
    active = !active;
    onChange(active);
  };
  const noteInput = ({ type, screenX, screenY }) => {
    // Browsers also report `pointermove` when the page moves below a pointer that does not move.
    const at = `${screenX},${screenY}`;
    if (type === 'pointermove' && at === pointer) return;
    if (type === 'pointermove') pointer = at;
    lastInput = now();
    if (!active) update();
  };
  const noteVisibility = () => {
    // Bringing a window to the front counts as input.
    lastInput = now();
    update();
  };
  for (const type of INPUTS) document.addEventListener(type, noteInput, { capture: true, passive: true });
  document.addEventListener('visibilitychange', noteVisibility);
  update();
  return () => {
    cancel();
    for (const type of INPUTS) document.removeEventListener(type, noteInput, { capture: true });
    document.removeEventListener('visibilitychange', noteVisibility);
  };
}
