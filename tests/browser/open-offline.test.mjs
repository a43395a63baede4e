import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { Api } from './support/api.mjs';
import { LINE_CUT, scene } from './support/stage.mjs';

scene('the page opens without a network, shows its stored data, and sends later what is written', { expected: [LINE_CUT] }, async (stage) => {
  const cable = await stage.cable();
  const ada = await stage.person({ base: cable.http, serviceWorkers: 'allow' });
  const grace = await Api.signUp(stage.http, 'grace_of', 'Grace Hopper');
  await ada.signUp('ada_of', 'Ada Lovelace');
  const conversation = await grace.conversationWith('ada_of');
  await grace.say(conversation, 'before the tunnel');
  await ada.open('Grace Hopper');
  await ada.sees('before the tunnel');
  await isKept(ada.page);
  const kept = await ada.page.evaluate(async () => (await Promise.all((await caches.keys()).map(async (name) => (await (await caches.open(name)).keys()).map(({ url }) => new URL(url).pathname)))).flat());
  assert.ok(kept.includes('/confab/alarm-worker.js') && kept.includes('/style/base.css'), kept.join());
  assert.deepEqual(kept.filter((path) => /^\/(v1|ws|dev)/.test(path)), []);

  await ada.page.close();
  cable.cut();
  const again = await stage.window(ada.page.context(), cable.http);
  await again.visit();
  await again.open('Grace Hopper');
  await again.sees('before the tunnel');
  await again.page.getByText('Offline. Messages go out when you’re back.').waitFor();
  await again.say('written in the tunnel');
  await again.seesState('written in the tunnel', 'pending');
  cable.mend();
  await again.find('retry-now').click();
  await again.seesState('written in the tunnel', 'sent');
});

scene('files of two versions are never served together, and the wait for a server that does not answer is limited', { expected: [LINE_CUT, /net::|Failed to fetch|status of 503|Failed to load/] }, async (stage) => {
  const site = await Site.open(stage);
  const { page } = await stage.person({ serviceWorkers: 'allow' });
  await page.goto(site.http);
  await shows(page, '1 1');
  await isKept(page);

  // A load of the kept version that fails midway.
  site.broken = '/b.js';
  await page.reload();
  await shows(page, '1 1');

  // A load of the next version that fails midway: its first file has arrived, its second has not.
  site.version = 2;
  await page.reload();
  assert.equal(await page.textContent('body'), '');
  site.mode = 'down';
  await page.reload();
  await shows(page, '1 1');

  Object.assign(site, { mode: 'up', broken: null });
  await page.reload();
  await shows(page, '2 2');
  await page.waitForFunction(async () => {
    const [name, ...others] = await caches.keys();
    return others.length === 0 && (await (await (await caches.open(name)).match('/b.js')).text()).includes('2');
  });
  site.mode = 'busy';
  await page.reload();
  await shows(page, '2 2');
  site.mode = 'silent';
  await page.reload();
  await shows(page, '2 2');
});

/** Two modules and a page, in versions, with the service worker of Confab's page. */
class Site {
  version = 1;
  mode = 'up';
  broken = null;

  static async open(stage) {
    const site = new Site();
    const server = createServer((request, response) => site.#answer(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    stage.onClose(() => server.close(server.closeAllConnections()));
    site.http = `http://127.0.0.1:${server.address().port}/`;
    return site;
  }

  async #answer({ url }, response) {
    if (this.mode === 'silent') return;
    if (this.mode === 'down' || url === this.broken) {
      response.destroy();
      return;
    }
    if (this.mode === 'busy') {
      response.writeHead(503).end();
      return;
    }
    const { version } = this;
    const files = {
      '/': '<!doctype html><title>site</title><link rel="icon" href="/icon.svg"><body></body><script type="module" src="/a.js"></script>',
      '/a.js': `import { b } from './b.js'; import { keepPage } from './offline.js'; document.body.append('${version} ' + b); await keepPage();`,
      '/b.js': `export const b = '${version}';`,
      '/icon.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
      '/manifest.webmanifest': '{}',
      '/offline.js': () => readFile(new URL('../../web/app/offline.js', import.meta.url)),
      '/confab/alarm-worker.js': '',
      '/sw.js': () => readFile(new URL('../../web/sw.js', import.meta.url)),
    };
    const file = files[url];
    const type = url.endsWith('.js') ? 'text/javascript' : url.endsWith('.svg') ? 'image/svg+xml' : 'text/html';
    response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-cache', ETag: `"${url}${version}"` });
    response.end(typeof file === 'function' ? await file() : file);
  }
}

function shows(page, text) {
  return page.waitForFunction((wanted) => document.body.textContent.trim() === wanted, text);
}

/** Waits until all files of the page are kept. */
function isKept(page) {
  return page.waitForFunction(async () => {
    for (const name of await caches.keys()) if (await (await caches.open(name)).match('/complete')) return true;
    return false;
  });
}
