import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { ConnectionBench } from './connection-bench.mjs';
import { settled } from './manual-clock.mjs';

let bench;
let clock;
let sockets;
let connection;

beforeEach(() => {
  bench = new ConnectionBench();
  ({ clock, sockets, connection } = bench);
});

const online = () => bench.online();

for (const [how, close] of [
  ['a frame', (socket) => socket.receive({ type: 'closing', reason: 'displaced' })],
  ['a close code', (socket) => socket.closedBy(4001)],
]) {
  test(`after ${how} of \`displaced\` only the user's own act connects again`, async () => {
    const socket = await online();
    close(socket);
    assert.deepEqual([connection.status, socket.readyState], ['displaced', 3]);
    connection.wake();
    connection.hold(true);
    connection.hold(false);
    await clock.pass(3 * 3_600_000);
    assert.deepEqual([connection.status, sockets.length], ['displaced', 1]);
    connection.reconnect();
    await settled();
    sockets.at(-1).open();
    await settled();
    assert.deepEqual([connection.status, sockets.length], ['online', 2]);
  });
}

test('a request that is open when the socket is displaced has an unknown outcome', async () => {
  const socket = await online();
  const cut = connection.request({ action: 'send', id: 'a' });
  socket.receive({ type: 'closing', reason: 'displaced' });
  await assert.rejects(cut, { code: 'network' });
});

test('a socket that is displaced while its successor is being opened gives way to it', async () => {
  const first = await online();
  for (let beat = 0; sockets.length === 1; beat += 1) {
    first.receive({ type: 'heartbeat', id: 'x', next_seconds: 10 });
    await clock.pass(5_000);
  }
  first.receive({ type: 'closing', reason: 'displaced' });
  assert.equal(connection.status, 'connecting');
  sockets[1].open();
  await settled();
  await clock.pass(1_000);
  assert.deepEqual([connection.status, sockets.length], ['online', 2]);
});

test('a displaced socket whose successor cannot be opened stays closed', async () => {
  const first = await online();
  for (let beat = 0; sockets.length === 1; beat += 1) {
    first.receive({ type: 'heartbeat', id: 'x', next_seconds: 10 });
    await clock.pass(5_000);
  }
  first.receive({ type: 'closing', reason: 'displaced' });
  sockets[1].close();
  await clock.pass(3_600_000);
  assert.deepEqual([connection.status, sockets.length], ['displaced', 2]);
});

for (const [how, close] of [
  ['a frame', (socket) => socket.receive({ type: 'closing', reason: 'logged_out' })],
  ['a close code', (socket) => socket.closedBy(4002)],
]) {
  test(`after ${how} of \`logged_out\` the connection has stopped`, async () => {
    const socket = await online();
    let events = 0;
    connection.addEventListener('logged-out', () => (events += 1));
    close(socket);
    connection.wake();
    connection.reconnect();
    await clock.pass(3 * 3_600_000);
    assert.deepEqual([connection.status, sockets.length, socket.readyState, events], ['stopped', 1, 3, 1]);
  });
}

for (const [how, close] of [
  ['frames', (socket) => socket.receive({ type: 'closing', reason: 'too_slow' })],
  ['close codes', (socket) => socket.closedBy(4003)],
  ['cuts', (socket) => socket.close()],
]) {
  test(`${how} that end every socket as soon as it is open lead to growing waits`, async () => {
    connection.start();
    for (let seconds = 0; seconds < 300; seconds += 1) {
      await clock.pass(1_000);
      if (sockets.at(-1).readyState !== 0) continue;
      sockets.at(-1).open();
      await settled();
      close(sockets.at(-1));
    }
    // With waits of half a ceiling of 20 s: six tries until there, then one in 10 s.
    assert.ok(sockets.length > 20 && sockets.length < 40, `${sockets.length} sockets`);
  });
}

test('a socket that has lived for a while makes the next wait short again', async () => {
  connection.start();
  const nextSocket = async () => {
    while (sockets.at(-1)?.readyState !== 0) await clock.pass(100);
    sockets.at(-1).open();
    await settled();
    return sockets.at(-1);
  };
  for (let times = 0; times < 6; times += 1) (await nextSocket()).close();
  const socket = await nextSocket();
  for (let seconds = 0; seconds < 12; seconds += 4) {
    await clock.pass(4_000);
    socket.receive({ type: 'heartbeat', id: 'x', next_seconds: 10 });
  }
  const before = sockets.length;
  socket.close();
  await clock.pass(300);
  assert.equal(sockets.length, before + 1);
});
