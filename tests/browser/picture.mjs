// Draws `docs/images/chat.png`: Ada's laptop and Grace's phone in one conversation.
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Api } from './support/api.mjs';
import { launch } from './support/browser.mjs';
import { Person } from './support/person.mjs';
import { startServer } from './support/server.mjs';

const OUT = fileURLToPath(new URL('../../docs/images/chat.png', import.meta.url));
/** A font that is the same on every machine. */
const FONT = readFileSync(createRequire(import.meta.url).resolve('@fontsource-variable/inter/files/inter-latin-wght-normal.woff2'), 'base64');
const STYLE = `@font-face { font-family: Inter; font-weight: 100 900; src: url(data:font/woff2;base64,${FONT}) }
  :root { font-family: Inter, "Noto Color Emoji", sans-serif !important } textarea { caret-color: transparent }`;

const PEOPLE = { ada: 'Ada Lovelace', grace: 'Grace Hopper', joan: 'Joan Clarke', alan: 'Alan Turing', kat: 'Katherine Johnson', mary: 'Mary Somerville' };
/** Sender, recipient, age in minutes, text. */
const SCRIPT = [
  ['mary', 'ada', 3_500, 'The proofs came back. Page 40 is glorious.'],
  ['ada', 'kat', 1_700, 'Then we are go for launch 🚀'],
  ['alan', 'ada', 250, 'It halts. I checked by hand.'],
  ['joan', 'ada', 95, 'Tea at four?'],
  ['grace', 'ada', 62, 'Found out why the Mark II was giving wrong answers 🦋'],
  ['ada', 'grace', 61, 'Rounding?'],
  ['grace', 'ada', 60, 'A moth. In relay 70.'],
  ['grace', 'ada', 60, 'It’s taped into the logbook now: “first actual case of bug being found”.'],
  ['ada', 'grace', 58, 'You are keeping it?!'],
  ['grace', 'ada', 57, 'Of course. Best bug report I ever filed: it includes the bug.'],
  ['ada', 'grace', 12, 'I lost the network in the tunnel, so this went out late. The plan for Thursday:\n1. your moth\n2. my punched cards\n3. lunch'],
  ['grace', 'ada', 9, 'All three arrived, in that order 😄'],
  ['grace', 'ada', 9, '👏'],
  ['ada', 'grace', 8, 'See you Thursday!'],
];

const server = await startServer();
const browser = await launch();
const users = {};
for (const [handle, name] of Object.entries(PEOPLE)) users[handle] = await Api.signUp(server.http, handle, name);
const minutesAgo = new Map();
for (const [from, to, minutes, text] of SCRIPT) {
  minutesAgo.set(text, minutes);
  await users[from].say(await users[from].conversationWith(to), text);
}

const grace = await enter('grace', { width: 390, height: 720 });
const ada = await enter('ada', { width: 1000, height: 720 });
for (const name of [PEOPLE.alan, PEOPLE.mary, PEOPLE.grace]) await readAll(ada, name);
await readAll(grace, PEOPLE.ada);
await ada.seesState('See you Thursday!', 'read');
for (const person of [ada, grace]) {
  // Reloaded, to remove the line above unread messages.
  await person.page.reload();
  await person.sees('See you Thursday!');
  await person.online();
}
await grace.find('composer').fill('Bringing the tape, too');
await mkdir(dirname(OUT), { recursive: true });
await compose(await shoot(ada), await shoot(grace));
await browser.close();
await server.stop();

async function enter(handle, viewport) {
  const context = await browser.newContext({ viewport, bypassCSP: true, locale: 'en-GB', timezoneId: afternoon(), colorScheme: 'light', deviceScaleFactor: 1.5 });
  // The messages were sent a moment ago. The page gets them with the ages of the script.
  await context.route(/\/v1\/conversations/, async (route) => {
    const response = await route.fetch();
    const json = JSON.parse(await response.text(), (_, value) => {
      const minutes = minutesAgo.get(value?.text);
      return minutes === undefined ? value : { ...value, sent_at_ms: Date.now() - minutes * 60_000 };
    });
    await route.fulfill({ response, json });
  });
  const person = new Person(await context.newPage(), server.http);
  await person.page.addInitScript((style) => {
    addEventListener('DOMContentLoaded', () => document.head.append(Object.assign(document.createElement('style'), { textContent: style })));
  }, STYLE);
  await person.logIn(handle);
  return person;
}

async function readAll(person, name) {
  await person.open(name);
  await person.page.waitForFunction(() => document.querySelectorAll('.message').length > 0);
  await person.page.locator('.viewport').evaluate((viewport) => viewport.scrollTo(0, viewport.scrollHeight));
  await person.chat(name).locator('.badge').waitFor({ state: 'hidden' });
}

async function shoot(person) {
  await person.page.evaluate(() => document.fonts.ready);
  return (await person.page.screenshot({ animations: 'disabled' })).toString('base64');
}

async function compose(laptop, phone) {
  const page = await browser.newPage({ viewport: { width: 1500, height: 800 }, deviceScaleFactor: 1.5 });
  const frame = (picture, width) => `<img width="${width}" height="720" src="data:image/png;base64,${picture}">`;
  await page.setContent(`<style>
    body { display: flex; gap: 40px; justify-content: center; align-items: center; height: 800px; margin: 0; background: #dfe9e6 }
    img { border: 1px solid #c3d2cd; border-radius: 16px }
  </style>${frame(laptop, 1000)}${frame(phone, 390)}`);
  await page.waitForFunction(() => [...document.images].every((image) => image.complete));
  await page.screenshot({ path: OUT });
}

/** Returns a time zone in which it is about four in the afternoon. */
function afternoon() {
  const ahead = Math.min(14, 16 - new Date().getUTCHours());
  return `Etc/GMT${ahead > 0 ? '-' : '+'}${Math.abs(ahead)}`;
}
