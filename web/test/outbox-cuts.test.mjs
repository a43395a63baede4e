import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryStore } from '../confab/memory-store.js';
import { Outbox } from '../confab/outbox.js';
import { CutServer } from './fake-cut-server.mjs';
import { ManualClock, settled } from './manual-clock.mjs';

const C = 'dm_1_2';
/** Too large for a frame. */
const LONG = 'é'.repeat(20_000);

/** A page that writes into one conversation, and its server. */
class Run {
  clock = new ManualClock();
  store = new MemoryStore();
  acked = [];
  written = [];
  #pages = 0;

  constructor({ cuts = [], goesOn = false, refusals = {} } = {}) {
    const left = new Map(Object.entries(refusals).map(([text, [, times]]) => [text, times]));
    const refusalOf = (text) => {
      if (!left.get(text)) return null;
      left.set(text, left.get(text) - 1);
      return refusals[text][0];
    };
    this.server = new CutServer({ clock: this.clock, cuts: new Set(cuts), goesOn, refusalOf });
    this.open();
  }

  /** Opens the page. After a reload, the previous page gets no more answers. */
  open() {
    this.#pages += 1;
    const page = this.#pages;
    const whileOpen = (answer) => (page === this.#pages ? answer : new Promise(() => {}));
    const call = (name) => async (...args) => {
      const [answer] = await Promise.allSettled([this.server[name](...args)]);
      await whileOpen();
      if (answer.status === 'rejected') throw answer.reason;
      return answer.value;
    };
    const connection = new EventTarget();
    Object.defineProperty(connection, 'status', { get: () => this.server.status });
    this.server.addEventListener('open', () => connection.dispatchEvent(new Event('open')));
    connection.request = call('request');
    this.outbox = new Outbox({
      store: this.store,
      connection,
      http: { postMessage: call('postMessage') },
      alarms: this.clock,
      random: () => 0.5,
      onAck: (entry, { seq }) => {
        assert.equal(this.server.log[seq - 1], entry.text, 'acknowledged at its position');
        this.acked.push(entry.text);
        this.outbox.released(entry.client_message_id);
      },
    });
  }

  async write(...texts) {
    for (const text of texts) {
      this.written.push(text);
      await this.outbox.add(C, text);
    }
  }

  /**
   * Writes some texts while there is no connection, some immediately, and some while others are being sent, and waits
   * until all are settled.
   */
  async all(texts, { reload = false } = {}) {
    const [few, many] = [texts.slice(0, 4), texts.slice(4)];
    await this.write(...few);
    await this.clock.pass(25);
    this.server.cut();
    await this.write(...many.slice(0, 6));
    await this.clock.pass(60);
    await this.write(...many.slice(6));
    if (reload) {
      await this.clock.pass(35);
      this.outbox.stop();
      this.open();
      await this.outbox.adopt(() => false);
    }
    await this.clock.pass(600_000);
    await settled();
  }

  /**
   * Asserts that all texts but `failed` are in the log, once and in the order in which they were written, and no
   * longer in the outbox.
   */
  check(when, failed = []) {
    const good = this.written.filter((text) => !failed.includes(text));
    assert.deepEqual(this.server.log, good, when);
    assert.equal(new Set(this.acked).size, this.acked.length, `acknowledged twice, ${when}`);
    assert.deepEqual(this.outbox.of(C).map(({ text, state }) => [text, state]), failed.map((text) => [text, 'failed']), when);
    assert.ok(this.server.unansweredMax <= 16, `${this.server.unansweredMax} unanswered, ${when}`);
  }
}

const texts = (count) => Array.from({ length: count }, (_, index) => `text ${index}`);

/** Returns the number of moments at which a run can be cut. */
async function momentsOf(all, how) {
  const run = new Run({ ...how });
  await all(run);
  return run.server.moments;
}

for (const goesOn of [false, true]) {
  const left = goesOn ? 'carried out late' : 'lost';
  for (const reload of [false, true]) {
    test(`cut at each moment, all arrive once and in order, if the open requests are ${left}${reload ? ' and the page is reloaded' : ''}`, async () => {
      const all = (run) => run.all(texts(24), { reload });
      const moments = await momentsOf(all, { goesOn });
      assert.ok(moments > 48);
      for (let moment = 1; moment <= moments; moment += 1) {
        const run = new Run({ cuts: [moment], goesOn });
        await all(run);
        run.check(`moment ${moment}`);
      }
    });
  }

  test(`cut at any two moments, all arrive once and in order, if the open requests are ${left}`, async () => {
    const all = (run) => run.all(texts(9));
    const moments = (await momentsOf(all, { goesOn })) + 6;
    for (let first = 1; first <= moments; first += 1) {
      for (let second = first + 1; second <= moments; second += 1) {
        const run = new Run({ cuts: [first, second], goesOn });
        await all(run);
        run.check(`moments ${first} and ${second}`);
      }
    }
  });

  test(`permanently refused messages are marked and the others are sent, wherever it is cut, if the open requests are ${left}`, async () => {
    const all = (run) => run.all([...texts(7), 'bad', ...texts(12).slice(7), 'worse', 'last']);
    const refusals = { bad: ['forbidden', Infinity], worse: ['conflict', Infinity] };
    const moments = await momentsOf(all, { goesOn, refusals });
    for (let moment = 0; moment <= moments; moment += 1) {
      const run = new Run({ cuts: [moment], goesOn, refusals });
      await all(run);
      run.check(`moment ${moment}`, ['bad', 'worse']);
    }
  });

  test(`retried messages and those sent by HTTP keep their order, wherever it is cut, if the open requests are ${left}`, async () => {
    const all = (run) => run.all([...texts(6), 'limited', 'busy', LONG, ...texts(12).slice(6), 'faulty', 'last']);
    const refusals = { limited: ['rate_limited', 2], busy: ['unavailable', 2], faulty: ['internal', 4] };
    const moments = await momentsOf(all, { goesOn, refusals });
    for (let moment = 0; moment <= moments; moment += 1) {
      const run = new Run({ cuts: [moment], goesOn, refusals });
      await all(run);
      run.check(`moment ${moment}`);
    }
  });
}

test('a message on which the server always fails is given up, and does not delay later ones', async () => {
  const run = new Run({ refusals: { cursed: ['internal', Infinity] } });
  await run.all([...texts(5), 'cursed', ...texts(9).slice(5)]);
  run.check('', ['cursed']);
});

test('many waiting messages are sent in few frames', async () => {
  const run = new Run();
  run.server.cut();
  await run.write(...texts(100));
  await run.clock.pass(600_000);
  run.check('');
  assert.deepEqual(run.server.framesOf, { send: 0, send_many: 7, http: 0 });
});
