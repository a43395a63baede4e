// Writes a screenshot of every state of the page into `screenshots/`, for inspection.
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Api } from './support/api.mjs';
import { Cable } from './support/cable.mjs';
import { befriend, choose, closeDialog, listed, openFriends } from './support/friends.mjs';
import { goOffline, notification, openPhone, registerPhone } from './support/phone.mjs';
import { Person } from './support/person.mjs';
import { startServer } from './support/server.mjs';
import { launch } from './support/browser.mjs';

const OUT = fileURLToPath(new URL('screenshots/', import.meta.url));
const SIZES = { wide: { viewport: { width: 1280, height: 800 } }, narrow: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true } };
const PEOPLE = {
  grace: ['Grace Hopper', 'The moth is taped into the logbook, by the way.'],
  joan: ['Joan Clarke', 'Hut 8, ten minutes?'],
  alan: ['Alan Turing', 'I have a proof that it halts.'],
  mariam: ['مريم العلي', 'ممتاز 👍 شكراً'],
  kat: ['Katherine Johnson', 'Numbers check out to the fifth decimal.'],
  long: ['Sofía Benítez-Llorente de la Vega y Castellanos', 'Are you coming to the review at three? I would like to show the new numbers.'],
};

const browser = await launch();
await mkdir(OUT, { recursive: true });
const server = await startServer();
const cable = await Cable.lay(server.listen);
for (const size of Object.keys(SIZES)) {
  for (const scheme of ['light', 'dark']) await tour(size, scheme);
}
await cable.close();
await server.stop();
await browser.close();

async function tour(size, colorScheme) {
  const mark = `${size[0]}${colorScheme[0]}`;
  const context = await browser.newContext({ ...SIZES[size], colorScheme });
  const ada = new Person(await context.newPage(), cable.http, { path: '/?dev' });
  const shoot = (name) => ada.page.screenshot({ path: `${OUT}${size}-${colorScheme}-${name}.png`, animations: 'disabled' });

  await ada.refuse('This one is refused', { code: 'forbidden', message: 'You are blocked.' });
  await ada.visit();
  await ada.find('submit').waitFor();
  await shoot('1-sign-up');
  await ada.find('handle').fill('a!');
  await ada.find('submit').click();
  await shoot('2-errors');
  await ada.signUp(`ada_${mark}`, 'Ada Lovelace');
  await ada.page.getByText('No chats yet').waitFor();
  await shoot('3-empty');

  const peers = {};
  for (const [handle, [name, text]] of Object.entries(PEOPLE)) {
    peers[handle] = await Api.signUp(cable.http, `${handle}_${mark}`, name);
    await peers[handle].say(await peers[handle].conversationWith(`ada_${mark}`), text);
  }
  await ada.chat('Grace Hopper').waitFor();
  await ada.chat('Sofía').waitFor();
  await shoot('4-list');
  const { grace } = peers;
  const conversation = await grace.conversationWith(`ada_${mark}`);
  await ada.open('Grace Hopper');
  await ada.sees(PEOPLE.grace[1]);
  for (const text of ['Is that the original?', 'I thought the museum had it.']) {
    await ada.say(text);
    await ada.seesState(text, 'sent');
  }
  await grace.say(conversation, 'It’s the one. Page 92, 9 September 1947, 15:45.');
  await grace.say(conversation, 'Relay #70 in panel F. See https://example.org/logbook?page=92');
  await ada.say('🦋🎉');
  await ada.seesState('🦋🎉', 'sent');
  const { messages } = await grace.call('GET', `/v1/conversations/${conversation}/messages?limit=100`);
  await grace.say(conversation, 'First actual case of bug being found.\n\nI’ll bring it on Thursday:\n  1. the page\n  2. the tape\n  3. a better joke');
  await ada.page.locator('.message').nth(messages.length).waitFor();
  await ada.say('Deal. I’ll bring the cards.');
  await ada.seesState('Deal. I’ll bring the cards.', 'sent');
  await shoot('5-conversation');
  await ada.find('composer').fill('Line one\nline two\nline three');
  await shoot('6-composing');
  await ada.find('composer').fill('');

  await ada.say('This one is refused');
  await ada.find('retry').waitFor();
  cable.cut();
  await ada.notOnline();
  await ada.say('Written on the train, in a tunnel');
  await ada.page.locator('.banner:not([hidden])').waitFor();
  await shoot('7-offline-failed');
  cable.mend();
  await ada.online();

  const { alan, joan, kat, mariam } = peers;
  const own = await Api.logIn(cable.http, `ada_${mark}`);
  for (const friend of [grace, joan, mariam]) await befriend(own, friend);
  await peers.long.call('PUT', `/v1/contacts/${own.user}`);
  await own.call('PUT', `/v1/contacts/${kat.user}`);
  await own.call('PUT', `/v1/blocks/${alan.user}`);
  const other = new Person(await (await browser.newContext()).newPage(), cable.http);
  await other.logIn(`grace_${mark}`);
  await other.open('Ada Lovelace');
  await ada.page.reload();
  await ada.online();
  await ada.find('peer-detail').filter({ hasText: 'online' }).waitFor();
  await shoot('C-online');
  await other.find('composer').press('a');
  await ada.find('peer-detail').filter({ hasText: 'typing' }).waitFor();
  await shoot('D-typing');
  await ada.find('chat-menu').click();
  await shoot('E-person-menu');
  await ada.page.keyboard.press('Escape');
  await choose(ada, 'block');
  await shoot('F-block');
  await closeDialog(ada);
  if (size === 'narrow') await ada.find('back').click();
  await openFriends(ada);
  await listed(ada, 'friends', 'Grace Hopper').filter({ hasText: 'online' }).waitFor();
  await shoot('G-friends');
  await ada.page.getByTestId('unblock').scrollIntoViewIfNeeded();
  await shoot('H-friends-end');
  await closeDialog(ada);
  if (size === 'narrow') await shoot('I-list-online');
  await other.page.context().close();

  await ada.find('menu').click();
  await shoot('8-menu');
  await ada.find('menu-devices').click();
  await ada.page.locator('.device').first().waitFor();
  await shoot('9-devices');
  await ada.page.keyboard.press('Escape');
  await ada.find('new-chat').click();
  await ada.find('new-chat-handle').fill('nobody_here');
  await ada.find('new-chat-submit').click();
  await ada.page.getByText('Nobody has the handle').waitFor();
  await shoot('A-not-found');
  await ada.page.keyboard.press('Escape');
  await openPhone(ada);
  await registerPhone(ada, 'apns');
  await goOffline(ada);
  for (const sender of [mariam, peers.long, grace]) {
    await sender.say(await sender.conversationWith(`ada_${mark}`), 'Are you there?');
    await notification(ada, sender === grace ? 'Grace' : sender === mariam ? 'مريم' : 'Sofía').waitFor();
  }
  await shoot('J-phone');
  await ada.find('phone-log').scrollIntoViewIfNeeded();
  await shoot('K-phone-end');
  await ada.find('go-offline').click();
  await ada.online();
  await closeDialog(ada);
  await ada.find('menu').click();
  await ada.find('switch-account').click();
  await ada.find('continue-as').waitFor();
  await shoot('B-switch');
  await context.close();
}
