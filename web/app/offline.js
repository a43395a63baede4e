/** Files that the browser loads by itself, or later. */
const BESIDES = ['/', '/icon.svg', '/manifest.webmanifest', '/confab/alarm-worker.js'];

/**
 * Makes the browser keep the page's files, so that the page opens without a network. Does nothing without service
 * workers.
 */
export async function keepPage() {
  const { serviceWorker } = navigator;
  if (!serviceWorker) return;
  try {
    await pageLoaded();
    await serviceWorker.register('/sw.js', { updateViaCache: 'none' });
    const { active } = await serviceWorker.ready;
    active.postMessage({ files: loadedFiles() });
  } catch {
    // A browser that forbids service workers, as in private windows, opens the page with a network only.
  }
}

async function pageLoaded() {
  if (document.readyState !== 'complete') await new Promise((resolve) => addEventListener('load', resolve, { once: true }));
  // The browser lists a file a few tasks after it has loaded it, so the last ones may be missing at this moment.
  const idle = globalThis.requestIdleCallback ?? ((then) => setTimeout(then, 1_000));
  await new Promise((resolve) => idle(resolve));
}

/**
 * Returns the paths of all files that this window has loaded from its own server. The worker selects the page's
 * files.
 */
function loadedFiles() {
  const loaded = performance.getEntriesByType('resource').map(({ name }) => new URL(name));
  const own = loaded.filter(({ origin }) => origin === location.origin);
  return [...new Set([...BESIDES, ...own.map(({ pathname }) => pathname)])];
}
