import assert from 'node:assert/strict';
import { Api } from './support/api.mjs';
import { choose } from './support/friends.mjs';
import { scene } from './support/stage.mjs';

scene('after opting in, a user is notified of messages that arrive while they are inactive, and of no others', async (stage) => {
  const grace = await Api.signUp(stage.http, 'grace_no', 'Grace Hopper');
  const ada = await stage.person();
  await ada.page.addInitScript(fakeNotifications);
  await ada.signUp('ada_no', 'Ada Lovelace');
  const conversation = await grace.conversationWith('ada_no');
  const shown = () => ada.page.evaluate(() => globalThis.notifications.map(({ title, body, isClosed }) => [title, body, isClosed]));
  const become = (state) =>
    ada.page.evaluate((visibility) => {
      Object.defineProperty(document, 'visibilityState', { configurable: true, value: visibility });
      Object.defineProperty(document, 'hasFocus', { configurable: true, value: () => visibility === 'visible' });
      document.dispatchEvent(new Event('visibilitychange'));
    }, state);
  const arrives = async (text) => {
    await grace.say(conversation, text);
    await ada.chat('Grace Hopper').filter({ hasText: text }).waitFor();
  };

  await become('hidden');
  await arrives('not asked for yet');
  assert.deepEqual(await shown(), []);
  await become('visible');
  await ada.find('menu').click();
  await ada.find('menu-notices').click();
  await ada.find('toast').filter({ hasText: 'Notifications are on' }).waitFor();
  await arrives('while somebody is there');
  await become('hidden');
  await arrives('where are you?');
  assert.deepEqual((await shown()).slice(1), [['Grace Hopper', 'where are you?', false]]);

  await ada.page.evaluate(() => globalThis.notifications.at(-1).onclick());
  await become('visible');
  await ada.sees('where are you?');
  await ada.find('unread').waitFor({ state: 'hidden' });
  await become('hidden');
  await arrives('and now?');
  assert.equal((await shown()).length, 3);
  await become('visible');
  await ada.page.waitForFunction(() => globalThis.notifications.at(-1).isClosed);

  await choose(ada, 'mute');
  await ada.find('mute-1').click();
  await ada.find('muted-mark').first().waitFor();
  await become('hidden');
  await arrives('muted');
  assert.equal((await shown()).length, 3);
});

/** Replaces the notifications, which browsers without a screen refuse. */
function fakeNotifications() {
  globalThis.notifications = [];
  globalThis.Notification = class {
    static permission = 'default';

    static async requestPermission() {
      this.permission = 'granted';
      return 'granted';
    }

    isClosed = false;

    constructor(title, { body }) {
      Object.assign(this, { title, body });
      globalThis.notifications.push(this);
    }

    close() {
      this.isClosed = true;
    }
  };
}
