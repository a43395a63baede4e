import assert from 'node:assert/strict';
import { Api, PASSWORD } from './support/api.mjs';
import { scene, server } from './support/stage.mjs';

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

scene('a phone shows one pane at a time, with a way back', async (stage) => {
  const grace = await Api.signUp((await server()).http, 'grace_m', 'Grace Hopper');
  const ada = await stage.person(PHONE);
  await ada.signUp('ada_m', 'Ada Lovelace');
  await grace.say(await grace.conversationWith('ada_m'), 'hello');
  await ada.chat('Grace Hopper').tap();
  await ada.sees('hello');
  assert.ok(await ada.find('chat-list').isHidden());
  await ada.find('back').tap();
  await ada.find('chat-list').waitFor();
  assert.ok(await ada.find('composer').isHidden());
  await ada.chat('Grace Hopper').tap();
  await ada.find('composer').waitFor();
  await ada.page.goBack();
  await ada.find('chat-list').waitFor();
  assert.equal(await ada.page.evaluate(() => document.documentElement.scrollWidth), 390);
});

scene('every control on a phone is large enough for a thumb', async (stage) => {
  const ada = await stage.person(PHONE);
  await Promise.all([ada.signUp('ada_s', 'Ada Lovelace'), Api.signUp(stage.http, 'grace_s')]);
  await ada.startChat('grace_s');
  const small = await ada.page.locator('button:visible, a:visible, textarea:visible').evaluateAll((all) =>
    all.filter((element) => element.getBoundingClientRect().height < 44 || element.getBoundingClientRect().width < 44).map((element) => element.outerHTML),
  );
  assert.deepEqual(small, []);
});

scene('the keyboard alone signs in, opens a chat, sends and goes back', async (stage) => {
  const { http } = await server();
  const grace = await Api.signUp(http, 'grace_k', 'Grace Hopper');
  const joan = await Api.signUp(http, 'joan_k', 'Joan Clarke');
  await Api.signUp(http, 'ada_k', 'Ada Lovelace');
  await grace.say(await grace.conversationWith('ada_k'), 'first');
  await joan.say(await joan.conversationWith('ada_k'), 'second');
  const ada = await stage.person();
  const { keyboard } = ada.page;
  await ada.page.goto(http);
  await ada.find('toggle-mode').waitFor();
  await tabTo(ada, 'toggle-mode');
  await keyboard.press('Enter');
  await keyboard.type('ada_k');
  await keyboard.press('Tab');
  await keyboard.type(PASSWORD);
  await keyboard.press('Enter');
  await ada.chat('Grace Hopper').waitFor();
  await tabTo(ada, 'chat-item');
  await keyboard.press('ArrowDown');
  await keyboard.press('Enter');
  await ada.sees('first');
  await keyboard.type('typed without a mouse');
  await keyboard.press('Shift+Enter');
  await keyboard.type('on two lines');
  await keyboard.press('Enter');
  await ada.seesState('typed without a mouse\non two lines', 'sent');
  await keyboard.press('Escape');
  await ada.find('composer').waitFor({ state: 'detached' });
  assert.match(await focused(ada, (element) => element.textContent), /Grace Hopper/);
});

scene('a dialog keeps the focus inside and gives it back', async (stage) => {
  const ada = await stage.person();
  await ada.signUp('ada_f', 'Ada Lovelace');
  await ada.find('new-chat').focus();
  await ada.page.keyboard.press('Enter');
  await ada.page.waitForFunction(() => document.activeElement?.dataset.testid === 'new-chat-handle');
  await ada.page.keyboard.press('Escape');
  await ada.page.waitForFunction(() => document.activeElement?.dataset.testid === 'new-chat');
});

async function tabTo(person, testid) {
  for (let presses = 0; presses < 20; presses += 1) {
    if ((await focused(person, (element) => element.dataset.testid)) === testid) return;
    await person.page.keyboard.press('Tab');
  }
  assert.fail(`Tab does not lead to ${testid}`);
}

function focused(person, read) {
  return person.page.evaluateHandle(() => document.activeElement).then((element) => element.evaluate(read));
}
