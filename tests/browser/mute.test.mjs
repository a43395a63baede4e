import assert from 'node:assert/strict';
import { Api } from './support/api.mjs';
import { choose } from './support/friends.mjs';
import { refused, scene } from './support/stage.mjs';

scene('a muted chat is marked in the list and the title, and does not count as unread', { expected: [refused(403)] }, async (stage) => {
  const [grace, joan] = await Promise.all([Api.signUp(stage.http, 'grace_mu', 'Grace Hopper'), Api.signUp(stage.http, 'joan_mu', 'Joan Clarke')]);
  const ada = await stage.person();
  await ada.signUp('ada_mu', 'Ada Lovelace');
  const conversation = await grace.conversationWith('ada_mu');
  await grace.say(conversation, 'one');
  await ada.open('Grace Hopper');
  await ada.page.route('**/v1/conversations/*', (route) => route.fulfill({ status: 403, json: { error: { code: 'forbidden', message: 'no' } } }));
  await choose(ada, 'mute');
  await ada.find('mute-1').click();
  await ada.find('toast').filter({ hasText: 'You may not do that.' }).waitFor();
  await ada.page.unroute('**/v1/conversations/*');
  await ada.find('mute-1').click();
  await ada.find('toast').filter({ hasText: /^Muted until/ }).waitFor();
  await ada.page.waitForFunction(() => document.activeElement.dataset.testid === 'chat-menu');
  await ada.page.getByRole('region', { name: 'Conversation' }).getByRole('img', { name: /^Muted until/ }).waitFor();
  await ada.chat('Grace Hopper').getByRole('img', { name: /^Muted until/ }).waitFor();

  await joan.say(await joan.conversationWith('ada_mu'), 'hello');
  await ada.open('Joan Clarke');
  await grace.say(conversation, 'two');
  await ada.chat('Grace Hopper').getByTestId('unread').filter({ hasText: '1' }).waitFor();
  await ada.page.waitForFunction(() => document.title === 'Confab');
  await ada.page.reload();
  await ada.open('Grace Hopper');
  await ada.find('muted-mark').first().waitFor();

  await choose(ada, 'unmute');
  await ada.find('toast').filter({ hasText: 'This chat alerts you again.' }).waitFor();
  for (const mark of await ada.find('muted-mark').all()) await mark.waitFor({ state: 'hidden' });
  await choose(ada, 'mute');
  await ada.find('mute-forever').click();
  await ada.chat('Grace Hopper').getByRole('img', { name: 'Muted', exact: true }).waitFor();
  const { conversations } = await (await Api.logIn(stage.http, 'ada_mu')).call('GET', '/v1/conversations');
  assert.ok(conversations.find((row) => row.conversation === conversation).muted_until_ms > Date.now() + 1e12);
});
