import assert from 'node:assert/strict';
import { Api } from './support/api.mjs';
import { passesAxe as passes } from './support/axe.mjs';
import { befriend, closeDialog, listed, openFriends } from './support/friends.mjs';
import { goOffline, notification, openPhone, registerPhone } from './support/phone.mjs';
import { scene, server } from './support/stage.mjs';

for (const [size, colorScheme, viewport] of [['wide', 'light', { width: 1280, height: 800 }], ['narrow', 'dark', { width: 390, height: 844 }]]) {
  scene(`axe finds nothing wrong, ${size} and ${colorScheme}`, async (stage) => {
    const suffix = `${size}_${colorScheme}`;
    const grace = await Api.signUp((await server()).http, `grace_${suffix}`, 'Grace Hopper');
    const ada = await stage.person({ colorScheme, viewport });
    await ada.page.goto(stage.http);
    await ada.find('submit').waitFor();
    await passes(ada, 'sign-up');
    await ada.find('submit').click();
    await passes(ada, 'sign-up with errors');
    await ada.signUp(`ada_${suffix}`, 'Ada Lovelace');
    await passes(ada, 'empty list');
    await grace.say(await grace.conversationWith(`ada_${suffix}`), 'See https://example.com, please');
    await ada.find('unread').waitFor();
    await passes(ada, 'unread');
    await ada.open('Grace Hopper');
    await ada.say('I will.');
    await ada.seesState('I will.', 'sent');
    await passes(ada, 'conversation');
  });
}

scene('the menu and the dialogs pass axe', async (stage) => {
  const ada = await stage.person();
  await ada.signUp('ada_dialogs', 'Ada Lovelace');
  await ada.find('menu').click();
  await passes(ada, 'menu');
  let answer;
  await ada.page.route('**/v1/devices', (route) => {
    answer = () => route.continue();
  });
  await ada.find('menu-devices').click();
  await ada.page.locator('.spinner').waitFor();
  await passes(ada, 'waiting');
  answer();
  await ada.page.locator('.device').waitFor();
  await passes(ada, 'devices');
  await ada.page.keyboard.press('Escape');
  await ada.find('menu').click();
  await ada.find('menu-profile').click();
  await passes(ada, 'profile');
  await ada.page.keyboard.press('Escape');
  await ada.find('new-chat').click();
  await passes(ada, 'new chat');
});

for (const colorScheme of ['light', 'dark']) {
  scene(`a displaced window and a message that cannot be sent pass axe, ${colorScheme}`, async (stage) => {
    await Api.signUp(stage.http, `grace_out_${colorScheme}`, 'Grace Hopper');
    const ada = await stage.person({ colorScheme });
    let socket;
    await ada.page.routeWebSocket(/\/ws\?/, (near) => {
      socket = near;
      const far = near.connectToServer();
      near.onMessage((data) => {
        const { action, id } = JSON.parse(data);
        if (action === 'send') near.send(JSON.stringify({ type: 'error', id, code: 'conflict', message: 'Another message has this id.' }));
        else far.send(data);
      });
    });
    await ada.signUp(`ada_out_${colorScheme}`, 'Ada Lovelace');
    await ada.startChat(`grace_out_${colorScheme}`);
    await ada.say('not to be sent');
    await ada.find('copy').waitFor();
    socket.send(JSON.stringify({ type: 'closing', reason: 'displaced' }));
    await ada.find('use-here').waitFor();
    await passes(ada, 'displaced');
  });

  scene(`friends, requests, blocks and the dot pass axe, ${colorScheme}`, async (stage) => {
    const people = {};
    for (const name of ['ada', 'grace', 'joan', 'alan', 'mary']) people[name] = await Api.signUp(stage.http, `${name}_${colorScheme}`, `${name} of Confab`);
    const { ada: api, grace, joan, alan, mary } = people;
    await befriend(api, grace);
    await joan.call('PUT', `/v1/contacts/${api.user}`);
    await api.call('PUT', `/v1/contacts/${alan.user}`);
    await api.call('PUT', `/v1/blocks/${mary.user}`);
    await grace.say(await grace.conversationWith(`ada_${colorScheme}`), 'hello');
    const [ada, other] = [await stage.person({ colorScheme }), await stage.person()];
    await ada.logIn(`ada_${colorScheme}`);
    await other.logIn(`grace_${colorScheme}`);
    await ada.find('request-card').waitFor();
    await ada.find('card-ignore').click();
    await ada.find('toast').waitFor();
    await joan.call('PUT', `/v1/contacts/${api.user}`);
    await openFriends(ada);
    await listed(ada, 'requests', 'joan').waitFor();
    await closeDialog(ada);
    await ada.find('request-card').waitFor();
    await passes(ada, 'a request and a toast');
    await openFriends(ada);
    await ada.find('friends').filter({ hasText: 'online' }).waitFor();
    await ada.find('blocks').getByTestId('person').waitFor();
    await passes(ada, 'friends');
    await closeDialog(ada);
    await ada.open('grace of Confab');
    await other.open('ada of Confab');
    await ada.find('peer-detail').filter({ hasText: 'online' }).waitFor();
    await passes(ada, 'conversation with a dot');
    await other.find('composer').press('a');
    await ada.find('peer-detail').filter({ hasText: 'typing' }).waitFor();
    await passes(ada, 'typing');
    await ada.find('chat-menu').click();
    await passes(ada, 'menu of a conversation');
    await ada.find('mute').click();
    await passes(ada, 'mute');
    await ada.find('mute-8').click();
    await ada.find('muted-mark').first().waitFor();
    await passes(ada, 'a muted conversation');
    await ada.find('chat-menu').click();
    await ada.find('block').click();
    await passes(ada, 'question before a block');
  });
}

for (const colorScheme of ['light', 'dark']) {
  scene(`the developers’ phone passes axe, ${colorScheme}`, async (stage) => {
    const grace = await Api.signUp(stage.http, `grace_ph_${colorScheme}`, 'Grace Hopper');
    const ada = await stage.person({ colorScheme, path: '/?dev' });
    await ada.signUp(`ada_ph_${colorScheme}`, 'Ada Lovelace');
    await openPhone(ada);
    await ada.find('register-apns').waitFor();
    await passes(ada, 'phone without pushes');
    await registerPhone(ada, 'apns');
    await goOffline(ada);
    await grace.say(await grace.conversationWith(`ada_ph_${colorScheme}`), 'hello');
    await notification(ada, 'Grace Hopper').getByText('Payload', { exact: true }).first().click();
    await ada.find('phone-log').getByText('All pushes').click();
    await passes(ada, 'phone with a push');
  });
}

scene('new messages are in a live region, and every input has a name', async (stage) => {
  const ada = await stage.person();
  await Promise.all([ada.signUp('ada_reader', 'Ada Lovelace'), Api.signUp(stage.http, 'grace_reader', 'Grace Hopper')]);
  await ada.startChat('grace_reader');
  const log = ada.page.getByRole('log', { name: 'Messages' });
  assert.equal(await log.getAttribute('aria-live'), 'polite');
  await ada.page.getByRole('textbox', { name: 'Message to Grace Hopper' }).fill('hello');
  await ada.page.getByRole('button', { name: 'Send' }).click();
  await log.getByText('hello', { exact: true }).waitFor();
});

scene('the element with the keyboard’s focus is visible', async (stage) => {
  const ada = await stage.person();
  await Promise.all([ada.signUp('ada_focus', 'Ada Lovelace'), Api.signUp(stage.http, 'grace_focus', 'Grace Hopper')]);
  await ada.startChat('grace_focus');
  const unmarked = new Set();
  for (let presses = 0; presses < 12; presses += 1) {
    await ada.page.keyboard.press('Tab');
    const problem = await ada.page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return null;
      const marked = [element, element.parentElement].some((one) => {
        const { outlineStyle, boxShadow } = getComputedStyle(one);
        return outlineStyle !== 'none' || boxShadow !== 'none';
      });
      return marked ? null : element.outerHTML;
    });
    if (problem) unmarked.add(problem);
  }
  assert.deepEqual([...unmarked], []);
});
