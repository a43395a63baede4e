import assert from 'node:assert/strict';
import { Api } from './support/api.mjs';
import { LINE_CUT, refused, scene, server } from './support/stage.mjs';

scene('three users have a group: all see it, its messages with their senders, and a new name', async (stage) => {
  const [ada, grace, joan] = await people(stage, 'a');
  await startGroup(ada, 'Climbing', ['grace_a', '@Joan_a']);
  await ada.happened('You created the group “Climbing”');
  await ada.detail('3 members');
  for (const other of [grace, joan]) {
    await other.open('Climbing');
    await other.happened('Ada Lovelace created the group “Climbing”');
    await other.detail('3 members');
  }
  await ada.say('Thursday?');
  await grace.sees('Thursday?');
  await grace.say('I’m in.');
  await grace.say('Bring the rope.');
  await joan.sees('Bring the rope.');
  await joan.say('Me too!');
  const texts = ['Thursday?', 'I’m in.', 'Bring the rope.', 'Me too!'];
  for (const one of [ada, grace, joan]) {
    assert.deepEqual(await one.seesAll(4), texts);
    assert.deepEqual(await one.seqs(), [2, 3, 4, 5]);
  }
  // Each name is shown once above consecutive messages of its owner.
  assert.deepEqual(await ada.find('sender').allTextContents(), ['Grace Hopper', 'Joan Clarke']);
  assert.deepEqual(await joan.find('sender').allTextContents(), ['Ada Lovelace', 'Grace Hopper']);
  assert.equal(await ada.page.locator('.message .avatar').count(), 2);
  await ada.page.getByText('Read by 2', { exact: true }).waitFor();

  await openInfo(ada);
  await ada.find('group-name').fill('Bouldering');
  await ada.find('group-rename').click();
  for (const one of [grace, joan]) {
    await one.page.getByRole('heading', { name: 'Bouldering' }).waitFor();
    await one.happened('Ada Lovelace renamed the group to “Bouldering”');
    await one.chat('Bouldering').waitFor();
  }
  await ada.find('group-title').filter({ hasText: 'Bouldering' }).waitFor();
});

scene('an unread message of a group is shown with its sender’s name, and system entries do not count', async (stage) => {
  const [grace] = await people(stage, 'u', ['grace']);
  const ada = await Api.signUp(stage.http, 'ada_u', 'Ada Lovelace');
  const { group } = await ada.call('POST', '/v1/groups', { name: 'Climbing', members: [grace.user] });
  await grace.chat('Climbing').filter({ hasText: 'Ada Lovelace created the group “Climbing”' }).waitFor();
  assert.ok(await grace.find('unread').isHidden());
  await ada.say(group, 'one');
  await ada.say(group, 'two');
  await grace.chat('Climbing').filter({ hasText: 'Ada Lovelace: two' }).waitFor();
  await grace.find('unread').filter({ hasText: '2' }).waitFor();
  await ada.call('PATCH', `/v1/groups/${group}`, { name: 'Bouldering' });
  await grace.chat('Bouldering').filter({ hasText: 'Ada Lovelace renamed the group to “Bouldering”' }).waitFor();
  assert.equal(await grace.find('unread').textContent(), '2');
  await grace.open('Bouldering');
  await grace.page.waitForFunction(() => document.title === 'Confab');
  assert.deepEqual(await grace.seesAll(2), ['one', 'two']);
});

scene('a removed user keeps their messages and cannot write, and an added one starts at the joining', async (stage) => {
  const [ada, grace, joan] = await people(stage, 'r');
  await startGroup(ada, 'Climbing', ['grace_r']);
  await ada.say('before');
  await grace.open('Climbing');
  await grace.sees('before');

  await openInfo(ada);
  await addByHandle(ada, 'joan_r');
  await member(ada, 'Joan Clarke').waitFor();
  await openMember(ada, 'Grace Hopper');
  await member(ada, 'Grace Hopper').getByTestId('member-remove').click();
  await confirm(ada, 'Remove');
  await member(ada, 'Grace Hopper').waitFor({ state: 'detached' });
  await close(ada);
  await ada.happened('You added Joan Clarke');
  await ada.happened('You removed Grace Hopper');
  await ada.detail('2 members');

  await grace.find('closed').filter({ hasText: 'You are no longer in this group.' }).waitFor();
  await grace.happened('Ada Lovelace removed you');
  assert.ok(await grace.find('composer').isHidden());
  await grace.chat('Climbing').filter({ hasText: 'You are no longer in this group.' }).waitFor();
  await grace.sees('before');

  await ada.say('after');
  await joan.open('Climbing');
  await joan.sees('after');
  await joan.happened('Ada Lovelace added you');
  assert.deepEqual(await joan.texts(), ['after']);
  assert.deepEqual(await grace.texts(), ['before']);

  await openInfo(ada);
  await addByHandle(ada, 'grace_r');
  await grace.find('composer').waitFor();
  await grace.happened('Ada Lovelace added you');
  await grace.chat('Climbing').waitFor();
  await close(ada);
  await grace.say('back again');
  await ada.sees('back again');
  assert.deepEqual(await grace.texts(), ['before', 'back again']);
  assert.deepEqual(await ada.texts(), ['before', 'after', 'back again']);
});

scene('a user who leaves no longer has the group, on this device and another', async (stage) => {
  const [ada, grace] = await people(stage, 'l', ['ada', 'grace']);
  const laptop = withGroups(await stage.person());
  await startGroup(ada, 'Climbing', ['grace_l']);
  await grace.open('Climbing');
  await laptop.logIn('grace_l');
  await laptop.chat('Climbing').waitFor();
  await openInfo(grace);
  await grace.find('group-leave').click();
  await confirm(grace, 'Leave');
  await grace.find('closed').filter({ hasText: 'You have left this group.' }).waitFor();
  await grace.chat('Climbing').waitFor({ state: 'detached' });
  await laptop.chat('Climbing').waitFor({ state: 'detached' });
  await ada.happened('Grace Hopper left');
  await ada.detail('1 member');
});

scene('a user who is removed while offline gets the removal and the messages before it', { expected: [LINE_CUT, refused(403)] }, async (stage) => {
  const [grace] = await people(stage, 'w', ['grace']);
  const ada = await Api.signUp(stage.http, 'ada_w', 'Ada Lovelace');
  const { group } = await ada.call('POST', '/v1/groups', { name: 'Climbing', members: [grace.user] });
  await grace.open('Climbing');
  await ada.say(group, 'seen');
  await grace.sees('seen');
  await grace.page.context().setOffline(true);
  await grace.notOnline();
  await ada.say(group, 'missed');
  await ada.call('DELETE', `/v1/groups/${group}/members/${grace.user}`);
  await ada.say(group, 'not for Grace');
  await grace.page.context().setOffline(false);
  await grace.find('closed').filter({ hasText: 'You are no longer in this group.' }).waitFor();
  await grace.happened('Ada Lovelace removed you');
  assert.deepEqual(await grace.texts(), ['seen', 'missed']);
  await grace.page.reload();
  await grace.chat('Climbing').filter({ hasText: 'You are no longer in this group.' }).waitFor();
  await grace.find('closed').filter({ hasText: 'You are no longer in this group.' }).waitFor();
  assert.deepEqual(await grace.seesAll(2), ['seen', 'missed']);
  assert.ok(await grace.find('composer').isHidden());
  await grace.find('chat-menu').click();
  await grace.find('dismiss').click();
  await grace.chat('Climbing').waitFor({ state: 'detached' });
  await grace.page.reload();
  await grace.online();
  assert.equal(await grace.chat('Climbing').count(), 0);
});

scene('concurrent messages are shown in one order, the same for all', async (stage) => {
  const [ada, grace] = await people(stage, 'm', ['ada', 'grace']);
  const writers = await Promise.all(['u', 'v', 'w', 'x'].map((name) => Api.signUp(stage.http, `writer_${name}`, `Writer ${name}`)));
  const { group } = await writers[0].call('POST', '/v1/groups', { name: 'Crowded', members: [ada, grace, ...writers].map(({ user }) => user) });
  for (const one of [ada, grace]) await one.open('Crowded');
  const write = async (writer) => {
    for (let n = 1; n <= 20; n += 1) await writer.say(group, `${writer.user} ${n}`);
  };
  await Promise.all(writers.map(write));
  const log = (await writers[0].messages(group)).filter(({ kind }) => kind === 'text').map(({ text }) => text);
  assert.equal(log.length, 80);
  for (const one of [ada, grace]) {
    assert.deepEqual(await one.seesAll(80), log);
    assert.deepEqual(await one.seqs(), Array.from({ length: 80 }, (_, index) => index + 2));
  }
});

scene('a new role is shown, and what it allows is offered', async (stage) => {
  const [ada, grace] = await people(stage, 'o', ['ada', 'grace']);
  await startGroup(ada, 'Climbing', ['grace_o']);
  await grace.open('Climbing');
  await openInfo(grace);
  await member(grace, 'Ada Lovelace').waitFor();
  assert.ok(await grace.find('group-rename').isHidden());
  assert.ok(await grace.find('add-handle').isHidden());
  assert.ok(await grace.find('group-delete').isHidden());

  await openInfo(ada);
  await openMember(ada, 'Grace Hopper');
  await member(ada, 'Grace Hopper').getByTestId('member-admin').click();
  await role(ada, 'Grace Hopper', 'Admin');
  await role(grace, 'Grace Hopper', 'Admin');
  await grace.find('group-rename').waitFor();
  await grace.find('add-handle').waitFor();
  assert.ok(await grace.find('group-delete').isHidden());
  await grace.happened('Ada Lovelace made you an admin');
});

scene('the last owner cannot leave, and can delete the group for all', { expected: [refused(403)] }, async (stage) => {
  const [ada, grace] = await people(stage, 'd', ['ada', 'grace']);
  await startGroup(ada, 'Climbing', ['grace_d']);
  await grace.open('Climbing');
  await openInfo(ada);
  await ada.find('group-leave').click();
  await confirm(ada, 'Leave');
  await ada.find('toast').filter({ hasText: 'You are the only owner. Make somebody else an owner first' }).waitFor();
  await ada.find('group-delete').click();
  await confirm(ada, 'Delete');
  for (const one of [ada, grace]) {
    await one.find('closed').filter({ hasText: 'This group has been deleted.' }).waitFor();
    await one.chat('Climbing').filter({ hasText: 'This group has been deleted.' }).waitFor();
  }
  await grace.happened('Ada Lovelace deleted the group');
});

scene('a new group reports problems, and users can be taken out again', { expected: [refused(404)] }, async (stage) => {
  const [ada] = await people(stage, 'n', ['ada']);
  await Promise.all([Api.signUp(stage.http, 'grace_n', 'Grace Hopper'), Api.signUp(stage.http, 'joan_n', 'Joan Clarke')]);
  await ada.find('new-chat').click();
  await ada.find('new-group').click();
  await ada.find('group-create').click();
  await ada.page.getByText('Enter a name.').waitFor();
  for (const [typed, sentence] of [
    ['nobody_n', 'Nobody has the handle @nobody_n.'],
    ['ada_n', 'That’s your own handle.'],
    ['a!', 'A handle has 3 to 32 letters, digits or underscores.'],
  ]) {
    await addByHandle(ada, typed);
    await ada.page.getByText(sentence).waitFor();
  }
  for (const handle of ['grace_n', 'joan_n', 'grace_n']) {
    await addByHandle(ada, handle);
    await ada.page.waitForFunction(() => document.querySelector('[data-testid=add-handle]').value === '');
  }
  assert.equal(await ada.find('picked-person').count(), 2);
  await ada.page.getByRole('button', { name: 'Remove Joan Clarke' }).click();
  await ada.find('picked-person').filter({ hasText: 'Joan Clarke' }).waitFor({ state: 'detached' });
  await ada.find('group-name').fill('Climbing');
  await ada.find('group-name').press('Enter');
  await ada.find('composer').waitFor();
  await ada.detail('2 members');
});

scene('the keyboard alone creates a group and removes a member', async (stage) => {
  const [ada] = await people(stage, 'k', ['ada']);
  await Api.signUp(stage.http, 'grace_k', 'Grace Hopper');
  const { keyboard } = ada.page;
  await ada.find('new-chat').focus();
  await keyboard.press('Enter');
  await focusIsOn(ada, 'new-chat-handle');
  await tabTo(ada, 'new-group');
  await keyboard.press('Enter');
  await focusIsOn(ada, 'group-name');
  await keyboard.type('Climbing');
  await tabTo(ada, 'add-handle');
  await keyboard.type('grace_k');
  await keyboard.press('Enter');
  await ada.find('picked-person').waitFor();
  await keyboard.press('Enter');
  await ada.find('composer').waitFor();
  await ada.find('group-info').focus();
  await keyboard.press('Enter');
  await member(ada, 'Grace Hopper').waitFor();
  await member(ada, 'Grace Hopper').getByTestId('member-open').focus();
  await keyboard.press('Enter');
  await tabTo(ada, 'member-remove');
  await keyboard.press('Enter');
  await ada.page.getByRole('button', { name: 'Cancel' }).waitFor();
  await keyboard.press('Tab');
  await keyboard.press('Enter');
  await member(ada, 'Grace Hopper').waitFor({ state: 'detached' });
  await keyboard.press('Escape');
  await focusIsOn(ada, 'group-info');
});

scene('a group of others, opened by its address, shows only that the user is not in it', { expected: [refused(403)] }, async (stage) => {
  const [grace] = await people(stage, 'x', ['grace']);
  const ada = await Api.signUp(stage.http, 'ada_x', 'Ada Lovelace');
  const { group } = await ada.call('POST', '/v1/groups', { name: 'Secret', members: [] });
  await grace.page.evaluate((to) => (location.hash = `#/${to}`), group);
  await grace.find('closed').filter({ hasText: 'You are not in this group.' }).waitFor();
  assert.ok(await grace.find('composer').isHidden());
  assert.equal(await grace.page.getByText('Secret').count(), 0);
});

scene('a group of a hundred shows all of them', async (stage) => {
  const { http } = await server();
  const crowd = [];
  for (let n = 1; n < 100; n += 1) crowd.push(await Api.signUp(http, `crowd_${n}`, `Person ${n}`));
  const owner = crowd[0];
  const [ada] = await people(stage, 'c', ['ada']);
  const { group } = await owner.call('POST', '/v1/groups', { name: 'Crowd', members: [ada.user, ...crowd.slice(1).map(({ user }) => user)] });
  await ada.open('Crowd');
  await ada.detail('100 members');
  await openInfo(ada);
  await member(ada, 'Person 99').waitFor();
  await ada.page.waitForFunction(() => [...document.querySelectorAll('[data-testid=member] bdi')].every(({ textContent }) => textContent !== '…'));
  assert.equal(await ada.find('member').count(), 100);
  assert.equal(await ada.find('member').first().getByTestId('member-role').textContent(), 'Owner');
  await close(ada);
  for (const one of crowd.slice(0, 10)) await one.say(group, `from ${one.user}`);
  assert.deepEqual(await ada.seesAll(10), crowd.slice(0, 10).map(({ user }) => `from ${user}`));
});

scene('hostile names are plain text in a group, too', async (stage) => {
  const [grace] = await people(stage, 'h', ['grace']);
  const mallory = await Api.signUp(stage.http, 'mallory_h', '<img src=x onerror="globalThis.hacked=1">');
  await mallory.call('POST', '/v1/groups', { name: '<b>Group</b>', members: [grace.user] });
  await grace.open('<b>Group</b>');
  await grace.happened('<img src=x onerror="globalThis.hacked=1"> created the group “<b>Group</b>”');
  await openInfo(grace);
  await member(grace, '<img src=x').waitFor();
  assert.equal(await grace.page.evaluate(() => globalThis.hacked), undefined);
  assert.equal(await grace.page.locator('.rows :is(img, b), .dialog :is(img, b), .chats :is(img, b)').count(), 0);
});

/** Returns users with a browser each, signed up as `NAME_SUFFIX`. */
async function people(stage, suffix, who = ['ada', 'grace', 'joan']) {
  const names = { ada: 'Ada Lovelace', grace: 'Grace Hopper', joan: 'Joan Clarke' };
  const all = [];
  for (const handle of who) all.push(withGroups(await stage.person()));
  await Promise.all(all.map((person, index) => person.signUp(`${who[index]}_${suffix}`, names[who[index]])));
  for (const [index, person] of all.entries()) {
    person.user = (await (await Api.logIn(stage.http, `${who[index]}_${suffix}`)).call('GET', '/v1/me')).user;
  }
  return all;
}

/** Adds the methods for groups to a person. */
function withGroups(person) {
  return Object.assign(person, {
    happened: (sentence) => person.find('system-entry').filter({ hasText: sentence }).last().waitFor(),
    detail: (text) => person.find('peer-detail').filter({ hasText: new RegExp(`^${text}$`) }).waitFor(),
  });
}

async function startGroup(person, name, handles) {
  await person.find('new-chat').click();
  await person.find('new-group').click();
  await person.find('group-name').fill(name);
  for (const [index, handle] of handles.entries()) {
    await addByHandle(person, handle);
    await person.find('picked-person').nth(index).waitFor();
  }
  await person.find('group-create').click();
  await person.find('composer').waitFor();
}

async function addByHandle(person, handle) {
  await person.find('add-handle').fill(handle);
  await person.find('add-handle-submit').click();
}

async function openInfo(person) {
  await person.find('group-info').click();
  await person.find('members').waitFor();
}

async function close(person) {
  await person.page.keyboard.press('Escape');
  await person.page.getByRole('dialog').waitFor({ state: 'detached' });
}

function member(person, name) {
  return person.find('member').filter({ hasText: name });
}

function role(person, name, text) {
  return member(person, name).getByTestId('member-role').filter({ hasText: text }).waitFor();
}

function openMember(person, name) {
  return member(person, name).getByTestId('member-open').click();
}

function confirm(person, button) {
  return person.page.getByRole('dialog').last().getByRole('button', { name: button, exact: true }).click();
}

function focusIsOn(person, testid) {
  return person.page.waitForFunction((wanted) => document.activeElement?.dataset.testid === wanted, testid);
}

async function tabTo(person, testid) {
  for (let presses = 0; presses < 20; presses += 1) {
    if (await person.page.evaluate((wanted) => document.activeElement?.dataset.testid === wanted, testid)) return;
    await person.page.keyboard.press('Tab');
  }
  assert.fail(`Tab does not lead to ${testid}`);
}
