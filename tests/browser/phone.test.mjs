import assert from 'node:assert/strict';
import { Api } from './support/api.mjs';
import { closeDialog } from './support/friends.mjs';
import { goOffline, notification, openPhone, registerPhone } from './support/phone.mjs';
import { refused, scene } from './support/stage.mjs';

/** Only the developers' menu has the phone. */
const DEVELOPER = { path: '/?dev' };
const NARROW = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

for (const platform of ['apns', 'fcm']) {
  scene(`a phone shows missed messages and removes those that are read elsewhere, ${platform}`, async (stage) => {
    const grace = await Api.signUp(stage.http, `grace_${platform}`, 'Grace Hopper');
    const joan = await Api.signUp(stage.http, `joan_${platform}`, 'Joan Clarke');
    const [phone, laptop] = [await stage.person(DEVELOPER), await stage.person()];
    await phone.signUp(`ada_${platform}`, 'Ada Lovelace');
    await openPhone(phone);
    await registerPhone(phone, platform);
    await goOffline(phone);
    const withGrace = await grace.conversationWith(`ada_${platform}`);
    await grace.say(withGrace, 'one');
    await notification(phone, 'Grace Hopper').waitFor();
    await joan.say(await joan.conversationWith(`ada_${platform}`), 'hello');
    await notification(phone, 'Joan Clarke').waitFor();
    await grace.say(withGrace, 'two');
    await badge(phone, '3');
    assert.deepEqual(await titles(phone), ['Grace Hopper', 'Joan Clarke']);

    await notification(phone, 'Grace Hopper').getByText('Payload', { exact: true }).first().click();
    const payload = await notification(phone, 'Grace Hopper').locator('pre').textContent();
    assert.equal(JSON.parse(payload).platform, platform);

    await laptop.logIn(`ada_${platform}`);
    await laptop.open('Grace Hopper');
    await laptop.sees('two');
    await notification(phone, 'Grace Hopper').waitFor({ state: 'detached' });
    await badge(phone, '1');
    assert.deepEqual(await titles(phone), ['Joan Clarke']);
    await phone.find('phone-log').getByText(/All pushes to this phone \([4-9]\)/).click();
    await phone.find('phone-push').filter({ hasText: 'silent' }).first().waitFor();
  });
}

scene('a phone that is online again catches up, and shows nothing that its own app has read', async (stage) => {
  const grace = await Api.signUp(stage.http, 'grace_back', 'Grace Hopper');
  const ada = await stage.person(DEVELOPER);
  await ada.signUp('ada_back', 'Ada Lovelace');
  await openPhone(ada);
  await registerPhone(ada, 'apns');
  await goOffline(ada);
  await grace.say(await grace.conversationWith('ada_back'), 'are you there?');
  await notification(ada, 'Grace Hopper').waitFor();
  await closeDialog(ada);
  await ada.page.getByText('Offline, by the switch of the phone').waitFor();
  assert.equal(await ada.find('chat-item').count(), 0);

  await openPhone(ada);
  await notification(ada, 'Grace Hopper').waitFor();
  await ada.find('go-offline').click();
  await ada.online();
  await closeDialog(ada);
  await ada.open('Grace Hopper');
  await ada.sees('are you there?');
  await ada.find('unread').waitFor({ state: 'hidden' });
  await openPhone(ada);
  await ada.page.getByText('No notifications').waitFor();
  await goOffline(ada);
  assert.ok(await ada.find('phone-badge').isHidden());
});

scene('a phone polls for pushes only while it is offline and shown', async (stage) => {
  const ada = await stage.person(DEVELOPER);
  let asked = 0;
  ada.page.on('request', (request) => {
    if (new URL(request.url()).pathname === '/dev/pushes' && request.method() === 'GET') asked += 1;
  });
  const askedAgain = async (wait_ms = 2_500) => {
    const before = asked;
    await ada.page.waitForTimeout(wait_ms);
    return asked > before;
  };
  await ada.signUp('ada_asks', 'Ada Lovelace');
  await openPhone(ada);
  await ada.page.getByText('No notifications').waitFor();
  await ada.page.waitForTimeout(500);
  assert.ok(!(await askedAgain()), 'online');
  await goOffline(ada);
  assert.ok(await askedAgain(), 'offline');
  await closeDialog(ada);
  assert.ok(!(await askedAgain()), 'closed');
});

scene('a phone stays registered over a reload, and is not after it was unregistered or logged out', async (stage) => {
  const ada = await stage.person(DEVELOPER);
  await ada.signUp('ada_reg', 'Ada Lovelace');
  const api = await Api.logIn(stage.http, 'ada_reg');
  const registered = async () => (await api.call('GET', '/v1/devices')).devices.map(({ push }) => push).filter(Boolean);
  await openPhone(ada);
  await ada.page.getByText('Not registered').waitFor();
  await registerPhone(ada, 'fcm');
  assert.deepEqual(await registered(), ['fcm']);
  await ada.page.reload();
  await ada.online();
  await openPhone(ada);
  await ada.page.getByText('Registered as an Android phone (FCM).').waitFor();
  await ada.find('unregister').click();
  await ada.page.getByText('Not registered').waitFor();
  assert.equal(await ada.page.evaluate(() => document.activeElement.dataset.testid), 'register-apns');
  assert.deepEqual(await registered(), []);

  await registerPhone(ada, 'apns');
  await closeDialog(ada);
  await ada.find('menu').click();
  const answered = ada.page.waitForResponse('**/v1/logout');
  await ada.find('logout').click();
  await answered;
  // A page that is left before it has recorded the answer sends the logout again.
  await ada.page.evaluate(() => navigator.locks.request('confab-pending-logouts', () => {}));
  await ada.logIn('ada_reg');
  assert.deepEqual(await registered(), []);
  await openPhone(ada);
  await ada.page.getByText('Not registered').waitFor();
});

scene('there is no phone if the server does not list its pushes', { expected: [refused(404)] }, async (stage) => {
  const ada = await stage.person(DEVELOPER);
  for (const answer of [{ status: 404, json: { message: 'Not Found' } }, { status: 200, contentType: 'text/html', body: '<!doctype html>' }]) {
    await ada.page.route('**/dev/pushes', (route) => route.fulfill(answer));
    const probed = ada.page.waitForResponse('**/dev/pushes');
    if (answer.status === 404) await ada.signUp('ada_none', 'Ada Lovelace');
    else await ada.page.reload();
    await probed;
    await ada.online();
    await ada.find('menu').click();
    await ada.find('menu-devices').waitFor();
    assert.equal(await ada.find('menu-phone').count(), 0);
    await ada.page.unrouteAll();
  }
});

scene('a name with markup is plain text on the phone', async (stage) => {
  const mallory = await Api.signUp(stage.http, 'mallory_ph', '<img src=x onerror=alert(1)>');
  const ada = await stage.person(DEVELOPER);
  await ada.signUp('ada_ph', 'Ada Lovelace');
  await openPhone(ada);
  await registerPhone(ada, 'apns');
  await goOffline(ada);
  await mallory.say(await mallory.conversationWith('ada_ph'), 'hello');
  await notification(ada, '<img src=x onerror=alert(1)>').waitFor();
});

scene('the phone fits a narrow screen, for thumbs', async (stage) => {
  const grace = await Api.signUp(stage.http, 'grace_fit', 'Grace Hopper');
  const ada = await stage.person({ ...DEVELOPER, ...NARROW });
  await ada.signUp('ada_fit', 'Ada Lovelace');
  await openPhone(ada);
  await registerPhone(ada, 'fcm');
  await goOffline(ada);
  await grace.say(await grace.conversationWith('ada_fit'), 'hello');
  await notification(ada, 'Grace Hopper').getByText('Payload', { exact: true }).first().click();
  const problems = await ada.page.evaluate(() => {
    const dialog = document.querySelector('dialog');
    const wide = dialog.scrollWidth > dialog.clientWidth ? [`${dialog.scrollWidth} px wide`] : [];
    const controls = [...dialog.querySelectorAll('button, summary')].filter((control) => control.checkVisibility());
    const bad = controls.filter((control) => {
      const { left, right, height } = control.getBoundingClientRect();
      return left < 0 || right > innerWidth || height < 44;
    });
    return [...wide, ...bad.map(({ outerHTML }) => outerHTML)];
  });
  assert.deepEqual(problems, []);
});

function titles(person) {
  return person.find('phone-notification').locator('strong').allTextContents();
}

function badge(person, count) {
  return person.find('phone-badge').getByText(count, { exact: true }).waitFor();
}
