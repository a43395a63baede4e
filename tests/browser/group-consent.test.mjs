import assert from 'node:assert/strict';
import { Api } from './support/api.mjs';
import { closeDialog, confirm } from './support/friends.mjs';
import { refused, scene } from './support/stage.mjs';

scene('a user who has left a group lets others add them again in the conversation, and is added', { expected: [refused(403)] }, async (stage) => {
  const { ada, grace, group } = await climbers(stage, 'gl');
  await leave(grace);
  await grace.find('closed').filter({ hasText: 'Only a friend can add you again.' }).waitFor();
  await ada.open('Climbing');
  await ada.find('group-info').click();
  await ada.find('add-handle').fill('grace_gl');
  await ada.find('add-handle-submit').click();
  await ada.page.getByText('can’t be added by you. They may not want that, or have left this group').waitFor();
  assert.match(await ada.page.locator('.field.invalid .field-note').textContent(), /Grace Hopper/);

  await grace.find('accept-adds').focus();
  await grace.page.keyboard.press('Enter');
  await grace.find('toast').filter({ hasText: 'Whoever adds people to Climbing can add you again.' }).waitFor();
  await grace.find('closed').filter({ hasText: 'Others can add you again.' }).waitFor();
  assert.ok(await grace.find('accept-adds').isHidden());
  assert.equal(await grace.page.evaluate(() => document.activeElement.tagName), 'H2');
  await grace.page.reload();
  await grace.find('closed').filter({ hasText: 'Others can add you again.' }).waitFor();

  await ada.find('add-handle-submit').click();
  await ada.find('member').filter({ hasText: 'Grace Hopper' }).waitFor();
  await grace.find('composer').waitFor();
  await grace.chat('Climbing').waitFor();
  assert.equal((await ada.api.call('GET', `/v1/groups/${group}`)).members.length, 2);
});

scene('groups that the user has left are in the account dialog, in every window and after a reload', async (stage) => {
  const { ada, grace, group } = await climbers(stage, 'ga');
  const beside = await stage.window(grace.page.context());
  await beside.page.goto(stage.http);
  await beside.find('continue-as').click();
  await beside.open('Climbing');
  await leave(grace);
  await beside.find('accept-adds').waitFor();
  await grace.page.goto(stage.http);
  await grace.online();
  await openAccount(grace);
  await grace.find('left-groups').getByText('Climbing').waitFor();
  await grace.find('left-groups').getByRole('button', { name: 'Let others add me to Climbing again' }).click();
  await grace.find('left-groups').waitFor({ state: 'hidden' });
  await grace.page.waitForFunction(() => document.activeElement.textContent === 'Account');
  await beside.find('closed').filter({ hasText: 'Others can add you again.' }).waitFor();
  await closeDialog(grace);
  await ada.api.call('PUT', `/v1/groups/${group}/members/${grace.api.user}`);
  await grace.chat('Climbing').waitFor();
});

scene('a group with users who cannot be added names them', { expected: [refused(403)] }, async (stage) => {
  const ada = await stage.person();
  await ada.signUp('ada_gn', 'Ada Lovelace');
  for (const [handle, name] of [['grace_gn', 'Grace Hopper'], ['joan_gn', 'Joan Clarke'], ['mary_gn', 'Mary Shelley']]) {
    const one = await Api.signUp(stage.http, handle, name);
    if (handle !== 'mary_gn') await one.call('PATCH', '/v1/me', { group_adds: 'friends' });
  }
  await ada.find('new-chat').click();
  await ada.find('new-group').click();
  await ada.find('group-name').fill('Climbing');
  for (const [index, handle] of ['grace_gn', 'joan_gn', 'mary_gn'].entries()) {
    await ada.find('add-handle').fill(handle);
    await ada.find('add-handle-submit').click();
    await ada.find('picked-person').nth(index).waitFor();
  }
  await ada.find('group-create').click();
  const problem = ada.page.getByRole('alert').filter({ hasText: 'can’t be added by you. Take them out, or ask them to be your friends first.' });
  await problem.waitFor();
  const text = await problem.textContent();
  for (const [name, isNamed] of [['Grace Hopper', true], ['Joan Clarke', true], ['Mary Shelley', false]]) assert.equal(text.includes(name), isNamed, name);
});

/** Returns Ada, the owner of the group “Climbing”, and Grace, a member who has it open. */
async function climbers(stage, suffix) {
  const [ada, grace] = [await stage.person(), await stage.person()];
  await Promise.all([ada.signUp(`ada_${suffix}`, 'Ada Lovelace'), grace.signUp(`grace_${suffix}`, 'Grace Hopper')]);
  ada.api = await Api.logIn(stage.http, `ada_${suffix}`);
  grace.api = await Api.logIn(stage.http, `grace_${suffix}`);
  const { group } = await ada.api.call('POST', '/v1/groups', { name: 'Climbing', members: [grace.api.user] });
  await grace.open('Climbing');
  return { ada, grace, group };
}

async function leave(person) {
  await person.find('group-info').click();
  await person.find('group-leave').click();
  await confirm(person, 'Leave');
  await person.find('closed').filter({ hasText: 'You have left this group.' }).waitFor();
}

async function openAccount(person) {
  await person.find('menu').click();
  await person.find('menu-account').click();
  await person.page.getByRole('dialog', { name: 'Account' }).waitFor();
}
