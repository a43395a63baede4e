import assert from 'node:assert/strict';
import { Api } from './support/api.mjs';
import { befriend, closeDialog, openFriends } from './support/friends.mjs';
import { openPhone } from './support/phone.mjs';
import { refused, scene } from './support/stage.mjs';

const WIDTHS = [320, 390];
const LONG_NAME = 'Wolfeschlegelsteinhausenbergerdorff-Castellanos-Benitez';

scene('every dialog fits a phone of 320 px and of 390 px, for thumbs', { expected: [refused(404)] }, async (stage) => {
  const people = {};
  for (const name of ['ada', 'grace', 'joan', 'alan', 'mary']) people[name] = await Api.signUp(stage.http, `${name}_${'x'.repeat(24)}`, name === 'joan' ? 'J' : `${LONG_NAME} ${name}`);
  const { ada: api, grace, joan, alan, mary } = people;
  await befriend(api, grace);
  await joan.call('PUT', `/v1/contacts/${api.user}`);
  await api.call('PUT', `/v1/contacts/${alan.user}`);
  await api.call('PUT', `/v1/blocks/${mary.user}`);
  await api.call('POST', '/v1/groups', { name: LONG_NAME, members: [grace.user, joan.user] });
  await grace.say(await grace.conversationWith(`ada_${'x'.repeat(24)}`), 'hello');

  const ada = await stage.person({ path: '/?dev', viewport: { width: 320, height: 568 }, hasTouch: true, isMobile: true });
  await ada.page.goto(stage.http);
  await ada.find('toggle-mode').waitFor();
  await fits(ada, 'sign-up', 'body');
  await ada.logIn(`ada_${'x'.repeat(24)}`);
  const menu = async (testid) => {
    await ada.find('menu').click();
    await ada.find(testid).click();
  };
  const dialog = async (name) => {
    await fits(ada, name);
    await closeDialog(ada);
  };
  await menu('menu-profile');
  await dialog('profile');
  await openFriends(ada);
  await ada.find('blocks').getByTestId('person').waitFor();
  await ada.find('add-handle').fill('!');
  await ada.find('add-handle-submit').click();
  await dialog('friends');
  await menu('menu-devices');
  await ada.find('end-device').first().waitFor();
  await dialog('devices');
  await openPhone(ada);
  await dialog('phone');
  await ada.find('new-chat').click();
  await fits(ada, 'new chat');
  await ada.find('new-group').click();
  await ada.find('add-handle').fill(`grace_${'x'.repeat(24)}`);
  await ada.find('add-handle-submit').click();
  await ada.find('picked-person').waitFor();
  await dialog('new group');

  await ada.open('You created the group');
  await ada.find('group-info').click();
  await ada.find('member-open').nth(1).click();
  await fits(ada, 'group info');
  await ada.find('group-delete').click();
  await fits(ada, 'question');
  await ada.page.keyboard.press('Escape');
  await ada.page.getByRole('dialog').nth(1).waitFor({ state: 'detached' });
  await closeDialog(ada);
  await ada.find('chat-menu').click();
  await ada.find('mute').click();
  await dialog('mute');
});

/** At each width nothing sticks out of the dialog that is on top, and every control is large enough for a thumb. */
async function fits(person, where, selector = 'dialog:last-of-type') {
  for (const width of WIDTHS) {
    await person.page.setViewportSize({ width, height: 568 });
    const problems = await person.page.evaluate((of) => {
      const box = document.querySelector(of);
      const inside = box.querySelector('.dialog-box') ?? box;
      const { paddingLeft, paddingRight } = getComputedStyle(inside);
      const { left, right } = inside.getBoundingClientRect();
      const from = Math.max(0, left + Number.parseFloat(paddingLeft) - 12);
      const to = Math.min(innerWidth, right - Number.parseFloat(paddingRight) + 12);
      const seen = [...inside.querySelectorAll('*')].filter((element) => element.checkVisibility() && !element.closest('.visually-hidden, pre') && element.getClientRects().length);
      const out = seen.filter((element) => element.getBoundingClientRect().left < from - 0.5 || element.getBoundingClientRect().right > to + 0.5);
      const small = seen.filter((element) => element.matches('button, input, summary') && element.getBoundingClientRect().height < 44 && !element.matches('.text-button'));
      const wide = [box, document.documentElement].filter((element) => element.scrollWidth > element.clientWidth);
      const named = (what) => (element) => `${what}: ${element.outerHTML.slice(0, 160)} ${JSON.stringify(element.getBoundingClientRect())}`;
      return [...out.map(named('sticks out')), ...small.map(named('too small')), ...wide.map(named('scrolls sideways'))];
    }, selector);
    assert.deepEqual(problems, [], `${where} at ${width} px`);
  }
}
