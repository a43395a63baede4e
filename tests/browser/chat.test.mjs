import assert from 'node:assert/strict';
import { Api } from './support/api.mjs';
import { scene } from './support/stage.mjs';

scene('two people sign up, find each other by handle and chat both ways', async (stage) => {
  const [ada, grace] = [await stage.person(), await stage.person()];
  await Promise.all([ada.signUp('ada_1', 'Ada Lovelace'), grace.signUp('grace_1', 'Grace Hopper')]);
  await ada.startChat('@Grace_1');
  await ada.say('Does it compile?');
  await grace.open('Ada Lovelace');
  await grace.sees('Does it compile?');
  await grace.say('It does now.\nThere was a moth in it.');
  assert.deepEqual(await ada.seesAll(2), ['Does it compile?', 'It does now.\nThere was a moth in it.']);
  assert.deepEqual(await grace.seesAll(2), await ada.texts());
  assert.deepEqual(await grace.seqs(), [1, 2]);
});

scene('a message is first pending, then sent, then read', async (stage) => {
  const [ada, grace] = [await stage.person(), await stage.person()];
  await Promise.all([ada.signUp('ada_2', 'Ada Lovelace'), grace.signUp('grace_2', 'Grace Hopper')]);
  await ada.startChat('grace_2');
  await recordStates(ada);
  await ada.say('Seen this?');
  await ada.seesState('Seen this?', 'sent');
  await grace.open('Ada Lovelace');
  await ada.seesState('Seen this?', 'read');
  assert.deepEqual(await ada.page.evaluate(() => globalThis.statesSeen), ['pending', 'sent', 'read']);
  assert.match(await ada.message('Seen this?').innerText(), /Read/);
});

scene('an unread message shows in the badge and the title, and reading it clears both', async (stage) => {
  const [grace, ada] = [await stage.person(), await Api.signUp(stage.http, 'ada_3', 'Ada Lovelace')];
  await grace.signUp('grace_3', 'Grace Hopper');
  const conversation = await ada.conversationWith('grace_3');
  await ada.say(conversation, 'one');
  await ada.say(conversation, 'two');
  await grace.find('unread').filter({ hasText: '2' }).waitFor();
  await grace.page.waitForFunction(() => document.title === '(2) Confab');
  await grace.open('Ada Lovelace');
  await grace.find('unread').waitFor({ state: 'hidden' });
  await grace.page.waitForFunction(() => document.title === 'Confab');
});

scene('a second window of the same account shows what the first one sends', async (stage) => {
  const [ada] = [await stage.person(), await Api.signUp(stage.http, 'grace_4', 'Grace Hopper')];
  await ada.signUp('ada_4', 'Ada Lovelace');
  await ada.startChat('grace_4');
  await ada.say('from the first window');
  await ada.seesState('from the first window', 'sent');
  const second = await stage.window(ada.page.context());
  await second.page.goto(stage.http);
  await second.find('continue-as').click();
  await second.open('Grace Hopper');
  await second.sees('from the first window');
  await ada.say('live');
  await second.sees('live');
  await second.say('and back');
  await ada.sees('and back');
  assert.deepEqual(await ada.seesAll(3), await second.seesAll(3));
});

scene('another browser of the same account shows what the first one sends', async (stage) => {
  const [ada, grace, laptop] = [await stage.person(), await stage.person(), await stage.person()];
  await Promise.all([ada.signUp('ada_5', 'Ada Lovelace'), grace.signUp('grace_5', 'Grace Hopper')]);
  await ada.startChat('grace_5');
  await laptop.logIn('ada_5');
  await ada.say('from the phone');
  await laptop.open('Grace Hopper');
  await laptop.sees('from the phone');
  await grace.open('Ada Lovelace');
  await laptop.seesState('from the phone', 'read');
  await laptop.say('from the laptop');
  assert.deepEqual(await ada.seesAll(2), ['from the phone', 'from the laptop']);
});

scene('a refused message shows the reason, and can be deleted or sent again', async (stage) => {
  const [ada] = [await stage.person(), await Api.signUp(stage.http, 'grace_6', 'Grace Hopper')];
  await ada.refuse('unwanted', { code: 'forbidden', message: 'refused' });
  await ada.signUp('ada_6', 'Ada Lovelace');
  await ada.startChat('grace_6');
  await ada.say('unwanted');
  await ada.say('wanted');
  await ada.seesState('wanted', 'sent');
  await ada.seesState('unwanted', 'failed');
  await ada.page.getByText('This message was not accepted.').waitFor();
  await ada.find('retry').click();
  await ada.seesState('unwanted', 'failed');
  await ada.find('delete').click();
  await ada.message('unwanted').waitFor({ state: 'detached' });
  assert.deepEqual(await ada.seesAll(1), ['wanted']);
});

function recordStates(person) {
  return person.page.evaluate(() => {
    globalThis.statesSeen = [];
    const note = () => {
      const state = document.querySelector('[data-testid=message]')?.dataset.state;
      if (state && state !== globalThis.statesSeen.at(-1)) globalThis.statesSeen.push(state);
    };
    new MutationObserver(note).observe(document.body, { subtree: true, childList: true, attributes: true });
  });
}
