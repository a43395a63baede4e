import assert from 'node:assert/strict';
import { Api } from './support/api.mjs';
import { scene, server } from './support/stage.mjs';

const TEXTS = [
  '<img src=x onerror="globalThis.hacked = true">',
  '<script>globalThis.hacked = true</script>',
  '<svg/onload=globalThis.hacked=true>',
  'javascript:globalThis.hacked=true',
  'data:text/html,<script>alert(1)</script>',
  'https://example.com/"onmouseover="globalThis.hacked=true',
  '\u202Egnp.elif\u202C and \u2066isolated\u2069',
  'zero\u200Bwidth\u200D\uFEFF',
  '\u0000control\u0007\u001B[31m',
  'Z̸̧̢̛͔̮̗̦͙͍̗̯͖̙̜̥͌̄̌̾̔̓͊̎͌̊̍̈́͘͜͝͝a̸l̸g̸o̸',
  '{{constructor.constructor("globalThis.hacked=true")()}}',
  '${globalThis.hacked=true}',
  '__proto__',
];

scene('hostile texts are shown literally and run nothing', async (stage) => {
  const { http } = await server();
  const mallory = await Api.signUp(http, 'mallory', '<b onclick="x">Mal</b>');
  const ada = await stage.person();
  await ada.signUp('ada_x', 'Ada Lovelace');
  const conversation = await mallory.conversationWith('ada_x');
  for (const text of TEXTS) await mallory.say(conversation, text);
  await ada.open('<b onclick="x">Mal</b>');
  assert.deepEqual(await ada.seesAll(TEXTS.length), TEXTS);
  assert.equal(await ada.page.evaluate(() => globalThis.hacked), undefined);
  const links = await ada.page.locator('.text a').evaluateAll((all) => all.map((a) => [a.protocol, a.rel, a.target]));
  assert.deepEqual(links, [['https:', 'noopener noreferrer', '_blank']]);
  const foreign = await ada.page.locator('.rows :is(img, script, b, iframe), .rows svg:not(.icon), .rows [onerror], .rows [onmouseover]').count();
  assert.equal(foreign, 0);
});

scene('text in two directions stays within its bubble', async (stage) => {
  const { http } = await server();
  const mallory = await Api.signUp(http, 'mallory_2', 'Mallory');
  const ada = await stage.person();
  await ada.signUp('ada_y', 'Ada Lovelace');
  const conversation = await mallory.conversationWith('ada_y');
  await mallory.say(conversation, '\u202E' + 'reversed '.repeat(30));
  await mallory.say(conversation, 'W'.repeat(2_000));
  await mallory.say(conversation, 'مرحبا، كيف حالك؟');
  await ada.open('Mallory');
  await ada.seesAll(3);
  assert.equal(await ada.page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false);
  assert.equal(await ada.page.locator('.viewport').evaluate((viewport) => viewport.scrollWidth > viewport.clientWidth), false);
  // The direction of a bubble's text does not affect the time below it.
  assert.match(await ada.page.locator('.meta time').last().innerText(), /^\d/);
});
