import assert from 'node:assert/strict';
import { test } from 'node:test';
import { C, Desk, send } from './desk.mjs';

/** Runs, each of its own seed. One that fails names it. */
const SEEDS = 300;
const STEPS = 40;
const WINDOWS_MAX = 5;

/** Returns numbers in [0, 1) that follow from the seed (mulberry32). */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

class Run {
  desk = new Desk();
  written = [];

  constructor(seed) {
    this.random = randomFrom(seed);
  }

  pick(list) {
    return list[Math.floor(this.random() * list.length)];
  }

  get there() {
    return this.desk.pages.filter(({ window }) => !window.isDead);
  }

  get awake() {
    return this.there.filter(({ window }) => !window.isFrozen);
  }

  step() {
    const actions = [this.open, this.write, this.write, this.write, this.hear, this.hear, this.read, this.kill, this.freeze, this.thaw, this.cut, this.go];
    this.pick(actions).call(this);
  }

  open() {
    if (this.there.length < WINDOWS_MAX) this.desk.openAtOnce();
  }

  write() {
    const page = this.pick(this.awake);
    if (!page) return;
    const text = `text ${this.written.length}`;
    // Once it is stored it must arrive, whatever becomes of the window.
    send(page, text).then(() => this.written.push(text));
  }

  hear() {
    this.desk.server.say(`heard ${this.desk.server.log.length}`);
  }

  read() {
    this.pick(this.awake)?.client.markRead(C, this.desk.server.log.length);
  }

  kill() {
    this.pick(this.there)?.window.kill();
  }

  freeze() {
    this.pick(this.awake)?.window.freeze();
  }

  thaw() {
    this.pick(this.there.filter(({ window }) => window.isFrozen))?.window.thaw();
  }

  cut() {
    this.desk.server.close(null, 1006);
  }

  /** The user leaves the account in one window. */
  go() {
    const page = this.pick(this.awake);
    if (!page || this.random() < 0.7) return;
    page.client.stop();
    page.window.kill();
  }

  async all() {
    const { clock } = this.desk;
    for (let step = 0; step < STEPS; step += 1) {
      this.step();
      await clock.pass(Math.floor(this.random() ** 4 * 12_000));
    }
    for (const { window } of this.there) window.thaw();
    if (this.there.length === 0) await this.desk.open();
    await clock.pass(120_000);
  }
}

for (let seed = 1; seed <= SEEDS; seed += 1) {
  test(`windows that come, go, freeze and thaw lose and double nothing, seed ${seed}`, async () => {
    const run = new Run(seed);
    await run.all();
    const { desk } = run;
    const { texts } = desk.server;
    assert.equal(new Set(texts).size, texts.length, 'doubled');
    assert.deepEqual(run.written.filter((text) => !texts.includes(text)), [], 'lost');
    desk.assertAllHaveAll();
    assert.equal(desk.server.sockets.size, 1, 'sockets');
    assert.deepEqual(await desk.browser.store.outbox(), [], 'left in the outbox');
    const unread = desk.pages.filter(({ window }) => !window.isDead).map(({ client }) => client.unreadTotal);
    assert.equal(new Set(unread).size, 1, `unread ${unread}`);
    const read = desk.pages.filter(({ window }) => !window.isDead).map(({ client }) => client.chats.get(C).read_seq);
    assert.ok(read.every((seq) => seq === desk.server.read_seq), `read ${read}, the server knows ${desk.server.read_seq}`);
  });
}
