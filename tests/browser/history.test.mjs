import assert from 'node:assert/strict';
import { Api } from './support/api.mjs';
import { scene, server } from './support/stage.mjs';

const COUNT = 320;

scene('scrolling up through a long history keeps the position and shows every message once', async (stage) => {
  const { http } = await server();
  const [phone] = await Promise.all([Api.signUp(http, 'ada_h', 'Ada Lovelace'), Api.signUp(http, 'grace_h', 'Grace Hopper')]);
  const conversation = await phone.conversationWith('grace_h');
  for (let n = 1; n <= COUNT; n += 1) await phone.say(conversation, `Entry ${n}${'\nmore'.repeat(n % 4)}`);
  const ada = await stage.person();
  await ada.logIn('ada_h');
  const opened = isOpened(ada);
  await ada.open('Grace Hopper');
  await ada.seesAll(50);
  for (;;) {
    const place = await scrollToTop(ada);
    if (place.shown === COUNT) break;
    await ada.seesAll(place.shown + 1);
    await assertStays(ada, place);
  }
  const place = await scrollToTop(ada);
  await opened;
  await assertStays(ada, place);
  assert.deepEqual(await ada.seqs(), Array.from({ length: COUNT }, (_, index) => index + 1));
});

scene('a user who scrolls up while the unread messages still load stays there', async (stage) => {
  const { http } = await server();
  const [grace] = await Promise.all([Api.signUp(http, 'grace_w', 'Grace Hopper'), Api.signUp(http, 'ada_w', 'Ada Lovelace')]);
  const conversation = await grace.conversationWith('ada_w');
  for (let n = 1; n <= 120; n += 1) await grace.say(conversation, `Entry ${n}`);
  const ada = await stage.person();
  const gate = await holdOlder(ada, { from: 2 });
  await ada.logIn('ada_w');
  const opened = isOpened(ada);
  await ada.open('Grace Hopper');
  await ada.seesAll(50);
  await gate.reached;
  const place = await scrollToTop(ada);
  gate.open();
  await opened;
  await ada.seesAll(120);
  await assertStays(ada, place);
});

scene('an own message from elsewhere keeps the position, one written here shows the end', async (stage) => {
  const { http } = await server();
  const [phone] = await Promise.all([Api.signUp(http, 'ada_e', 'Ada Lovelace'), Api.signUp(http, 'grace_e', 'Grace Hopper')]);
  const conversation = await phone.conversationWith('grace_e');
  for (let n = 1; n <= 40; n += 1) await phone.say(conversation, `Entry ${n}`);
  const ada = await stage.person();
  await ada.logIn('ada_e');
  const opened = isOpened(ada);
  await ada.open('Grace Hopper');
  await ada.seesAll(40);
  await opened;
  const place = await scrollToTop(ada);
  await phone.say(conversation, 'From the phone');
  await ada.sees('From the phone');
  await assertStays(ada, place);
  await ada.say('From here');
  await ada.seesState('From here', 'sent');
  assert.ok(await isInView(ada.message('From here')));
});

scene('a conversation with many unread messages opens at the first of them', async (stage) => {
  const { http } = await server();
  const grace = await Api.signUp(http, 'grace_u', 'Grace Hopper');
  const ada = await stage.person();
  await ada.signUp('ada_u', 'Ada Lovelace');
  const conversation = await grace.conversationWith('ada_u');
  for (let n = 1; n <= 80; n += 1) await grace.say(conversation, `Entry ${n}`);
  await ada.find('unread').filter({ hasText: '80' }).waitFor();
  await ada.open('Grace Hopper');
  await ada.page.getByText('New messages', { exact: true }).waitFor();
  assert.ok(await isInView(ada.message('Entry 1')));
  await ada.find('jump-newest').click();
  await ada.page.waitForFunction(() => document.title === 'Confab');
  assert.ok(await isInView(ada.message('Entry 80')));
});

for (const [what, text] of [
  ['a text of 90 000 characters', `${'It was a bright cold day in April. '.repeat(3_000)}`.slice(0, 89_999) + '!'],
  ['a text of 100 000 emoji', '🦀'.repeat(100_000)],
]) {
  scene(`${what} arrives whole`, async (stage) => {
    const suffix = what.length;
    const [ada, grace] = [await stage.person(), await stage.person()];
    await Promise.all([ada.signUp(`ada_${suffix}`, 'Ada Lovelace'), grace.signUp(`grace_${suffix}`, 'Grace Hopper')]);
    await ada.startChat(`grace_${suffix}`);
    await ada.say(text);
    await ada.page.locator('[data-testid=message][data-state=sent]').waitFor();
    await grace.open('Ada Lovelace');
    await grace.find('show-all').click();
    await grace.page.waitForFunction((length) => document.querySelector('.message .text')?.textContent.length === length, text.length);
    assert.equal((await grace.texts())[0] === text, true);
  });
}

scene('a text beyond the limit cannot be sent, and shows by how much', async (stage) => {
  const ada = await stage.person();
  await Promise.all([ada.signUp('ada_l', 'Ada Lovelace'), Api.signUp(stage.http, 'grace_l')]);
  await ada.startChat('grace_l');
  await ada.find('composer').fill('🦀'.repeat(100_001));
  await ada.page.getByText('1 too many').waitFor();
  assert.ok(await ada.find('send').isDisabled());
});

/** Scrolls to the top. Returns the first message, its position, and the number of shown messages. */
function scrollToTop(person) {
  return person.page.evaluate(() => {
    const viewport = document.querySelector('.viewport');
    viewport.scrollTop = 0;
    const messages = viewport.querySelectorAll('.message');
    return { seq: messages[0].dataset.seq, top: messages[0].getBoundingClientRect().top, shown: messages.length };
  });
}

async function assertStays(person, { seq, top, shown }) {
  const now = await person.page.evaluate((of) => document.querySelector(`.message[data-seq="${of}"]`).getBoundingClientRect().top, seq);
  assert.ok(Math.abs(now - top) < 2, `the message at the top moved by ${now - top} pixels when ${shown} were shown`);
}

/** Resolves once a conversation has loaded its first messages. Call before it is opened. */
function isOpened(person) {
  return person.page.waitForResponse(/\/receipts$/);
}

/** Delays the pages of older messages, from the given one on, until the gate is opened. */
async function holdOlder(person, { from }) {
  const signal = () => {
    let give;
    const given = new Promise((resolve) => (give = resolve));
    return { given, give };
  };
  const [reached, opened] = [signal(), signal()];
  let page = 0;
  await person.page.route(/\/messages\?before=/, async (route) => {
    page += 1;
    if (page >= from) {
      reached.give();
      await opened.given;
    }
    await route.continue();
  });
  return { reached: reached.given, open: opened.give };
}

function isInView(locator) {
  return locator.evaluate((element) => {
    const { top, bottom } = element.getBoundingClientRect();
    const pane = element.closest('.viewport').getBoundingClientRect();
    return top >= pane.top && bottom <= pane.bottom;
  });
}
