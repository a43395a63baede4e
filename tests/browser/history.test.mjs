import assert from 'node:assert/strict';
import { Api } from './support/api.mjs';
import { scene, server } from './support/stage.mjs';

const COUNT = 320;

scene('scrolling up through a long history keeps the reader’s place and shows every message once', async (stage) => {
  const { http } = await server();
  const [phone] = await Promise.all([Api.signUp(http, 'ada_h', 'Ada Lovelace'), Api.signUp(http, 'grace_h', 'Grace Hopper')]);
  const conversation = await phone.conversationWith('grace_h');
  for (let n = 1; n <= COUNT; n += 1) await phone.say(conversation, `Entry ${n}${'\nmore'.repeat(n % 4)}`);
  const ada = await stage.person();
  await ada.logIn('ada_h');
  await ada.open('Grace Hopper');
  await ada.seesAll(50);
  for (let shown = await ada.find('message').count(); shown < COUNT; shown = await ada.find('message').count()) {
    const { moved } = await scrollUp(ada, shown);
    assert.ok(Math.abs(moved) < 2, `the message at the top moved by ${moved} pixels when ${shown} were shown`);
  }
  assert.deepEqual(await ada.seqs(), Array.from({ length: COUNT }, (_, index) => index + 1));
});

scene('a long unread stretch opens at the first unread message', async (stage) => {
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

scene('a text beyond the limit cannot be sent, and says by how much', async (stage) => {
  const ada = await stage.person();
  await Promise.all([ada.signUp('ada_l', 'Ada Lovelace'), Api.signUp(stage.http, 'grace_l')]);
  await ada.startChat('grace_l');
  await ada.find('composer').fill('🦀'.repeat(100_001));
  await ada.page.getByText('1 too many').waitFor();
  assert.ok(await ada.find('send').isDisabled());
});

/** Scrolls to the top and returns how far the first visible message moved once more were loaded. */
async function scrollUp(person, shown) {
  const first = await person.page.evaluate(() => {
    const viewport = document.querySelector('.viewport');
    viewport.scrollTop = 0;
    const message = viewport.querySelector('.message');
    return { seq: message.dataset.seq, top: message.getBoundingClientRect().top };
  });
  await person.page.waitForFunction((before) => document.querySelectorAll('.message').length > before, shown);
  const top = await person.page.evaluate((seq) => document.querySelector(`.message[data-seq="${seq}"]`).getBoundingClientRect().top, first.seq);
  return { moved: top - first.top };
}

function isInView(locator) {
  return locator.evaluate((element) => {
    const { top, bottom } = element.getBoundingClientRect();
    const pane = element.closest('.viewport').getBoundingClientRect();
    return top >= pane.top && bottom <= pane.bottom;
  });
}
