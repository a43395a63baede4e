import { watchActivity } from './activity.js';

/**
 * Reports changes of the page's life cycle and of the network, as far as the browser does.
 * @param {object} use
 * @param {() => void} use.onNetwork  The network has come or gone.
 * @param {() => void} use.onSuspend  The page is about to be frozen, perhaps for good.
 * @param {() => void} use.onResume
 * @param {() => void} use.onLeave  The page is about to end.
 * @param {(active: boolean) => void} use.onActivity  The user has become active or inactive in the window.
 * @returns {() => void}  Stops the reports.
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
