import { watchActivity } from './activity.js';

/**
 * Tells what becomes of the page and of the network, where the browser does.
 * @param {object} use
 * @param {() => void} use.onNetwork  The network has come or gone.
 * @param {() => void} use.onSuspend  The page is about to be frozen; it may never go on.
 * @param {() => void} use.onResume
 * @param {() => void} use.onLeave  The page is about to end.
 * @param {(active: boolean) => void} use.onActivity  Somebody has come to the window, or nobody is at it any more.
 * @returns {() => void}  Ends it.
 */
export function watchPage({ onNetwork, onSuspend, onResume, onLeave, onActivity }) {
  const cleanups = [watchActivity(onActivity)];
  const listen = (target, type, listener) => {
    target?.addEventListener?.(type, listener);
    cleanups.push(() => target?.removeEventListener?.(type, listener));
  };
  for (const type of ['online', 'offline']) listen(globalThis, type, onNetwork);
  listen(globalThis.document, 'freeze', onSuspend);
  listen(globalThis.document, 'resume', onResume);
  listen(globalThis, 'pageshow', onResume);
  listen(globalThis, 'pagehide', ({ persisted }) => (persisted ? onSuspend() : onLeave()));
  return () => {
    for (const cleanup of cleanups) cleanup();
  };
}
