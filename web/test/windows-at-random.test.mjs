import assert from 'node:assert/strict';
import { test } from 'node:test';
import { C, Desk, ME, send } from './desk.mjs';

/** Number of runs, each with its own seed, which a failure names. */
const SEEDS = 300;
const STEPS = 40;
const WINDOWS_MAX = 5;

/** Returns a generator of numbers in [0, 1) that depend only on the seed (mulberry32). */
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
  #lastText = 0;

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
    const actions = [this.open, this.write, this.write, this.write, this.receive, this.receive, this.read, this.kill, this.freeze, this.suspend, this.thaw, this.thaw, this.cut, this.go];
    this.pick(actions).call(this);
  }

  open() {
    if (this.there.length < WINDOWS_MAX) this.desk.openAtOnce();
  }

  write() {
    const page = this.pick(this.awake);
    if (!page) return;
    // Sometimes several in a row, which are sent in one frame. A stored message must arrive, whatever happens to the
    // window.
    for (let more = Math.floor(this.random() ** 3 * 6); more >= 0; more -= 1) {
      this.#lastText += 1;
      const text = `text ${this.#lastText}`;
      send(page, text).then(() => this.written.push(text));
    }
  }

  receive() {
    this.desk.server.say(`received ${this.desk.server.log.length}`);
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

  suspend() {
    this.pick(this.awake)?.window.suspend();
  }

  thaw() {
    this.pick(this.there.filter(({ window }) => window.isFrozen))?.window.thaw();
  }

  cut() {
    this.desk.server.close(null, 1006);
  }

  /** The user closes the account in one window. */
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

test('windows that come, go, freeze and thaw lose nothing, double nothing and share one socket', async () => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const run = new Run(seed);
    await run.all();
    const { desk } = run;
    const { texts, read_seq } = desk.server;
    const there = desk.pages.filter(({ window }) => !window.isDead);
    assert.equal(new Set(texts).size, texts.length, `doubled, seed ${seed}`);
    assert.deepEqual(run.written.filter((text) => !texts.includes(text)), [], `lost, seed ${seed}`);
    desk.assertAllHaveAll(`seed ${seed}`);
    assert.equal(desk.server.sockets.size, 1, `sockets, seed ${seed}`);
    assert.deepEqual(await desk.browser.store.outbox(), [], `left in the outbox, seed ${seed}`);
    const unread = desk.server.log.filter(({ seq, sender }) => seq > read_seq && sender !== ME).length;
    for (const { client } of there) assert.deepEqual([client.chats.get(C).read_seq, client.unreadTotal], [read_seq, unread], `read, seed ${seed}`);
  }
});
