import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { ConfabError } from '../confab/errors.js';
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

test('frames of `open` listeners precede the first heartbeat', async () => {
  connection.addEventListener('open', () => connection.send({ action: 'sync' }));
  const socket = await online();
  assert.deepEqual(socket.actions(), ['sync', 'heartbeat']);
  assert.equal(connection.status, 'online');
});

test('each answer names the time of the next heartbeat', async () => {
  const socket = await online();
  socket.receive({ type: 'heartbeat', id: 'beat-1', next_seconds: 4 });
  await clock.pass(3_900);
  assert.equal(socket.actions().length, 1);
  await clock.pass(200);
  assert.equal(socket.actions().length, 2);
});

test('a probe is answered immediately', async () => {
  const socket = await online();
  socket.receive({ type: 'heartbeat', next_seconds: 10 });
  assert.deepEqual(socket.actions(), ['heartbeat', 'heartbeat']);
});

test('an empty message only shows that the socket lives', async () => {
  const socket = await online();
  const frames = [];
  connection.addEventListener('frame', ({ detail }) => frames.push(detail));
  socket.onmessage({ data: '' });
  socket.receive({ type: 'typing', conversation: 'grp_1', user: 'usr_1' });
  assert.deepEqual(frames.map(({ type }) => type), ['typing']);
});

test('a sent frame delays the next heartbeat', async () => {
  const socket = await online();
  socket.receive({ type: 'heartbeat', id: 'beat-1', next_seconds: 10 });
  await clock.pass(6_000);
  connection.send({ action: 'typing', conversation: 'dm_1' });
  socket.receive({ type: 'typing', conversation: 'dm_1', user: 'usr_ada' });
  await clock.pass(9_900);
  assert.deepEqual(socket.actions(), ['heartbeat', 'typing']);
  await clock.pass(200);
  assert.deepEqual(socket.actions(), ['heartbeat', 'typing', 'heartbeat']);
});

test('a client that sends and receives nothing detects that the socket is dead', async () => {
  const socket = await online();
  socket.receive({ type: 'heartbeat', id: 'beat-1', next_seconds: 10 });
  for (let seconds = 0; seconds < 18; seconds += 3) {
    connection.send({ action: 'typing', conversation: 'dm_1' });
    await clock.pass(3_000);
  }
  assert.equal(socket.actions().filter((action) => action === 'heartbeat').length, 2);
  assert.equal(connection.status, 'connecting');
});

test('a client that receives frames and sends none still sends heartbeats', async () => {
  const socket = await online();
  socket.receive({ type: 'heartbeat', id: 'beat-1', next_seconds: 10 });
  for (let seconds = 0; seconds < 11; seconds += 1) {
    await clock.pass(1_000);
    socket.receive({ type: 'message', seq: seconds });
  }
  assert.deepEqual(socket.actions(), ['heartbeat', 'heartbeat']);
});

test('a long interval is kept, and a probe shortens it', async () => {
  const socket = await online();
  socket.receive({ type: 'heartbeat', id: 'beat-1', next_seconds: 480 });
  await clock.pass(470_000);
  assert.equal(socket.actions().length, 1);
  socket.receive({ type: 'heartbeat', next_seconds: 10 });
  socket.receive({ type: 'heartbeat', id: 'beat-2', next_seconds: 10 });
  assert.equal(socket.actions().length, 2);
  await clock.pass(10_100);
  assert.equal(socket.actions().length, 3);
});

test('within a long interval, waking and a request without an answer check the socket', async () => {
  const socket = await online();
  socket.receive({ type: 'heartbeat', id: 'beat-1', next_seconds: 480 });
  connection.wake();
  assert.equal(socket.actions().length, 2);
  socket.receive({ type: 'heartbeat', id: 'beat-2', next_seconds: 480 });
  const refused = assert.rejects(connection.request({ action: 'send', id: 'a' }), { code: 'timeout' });
  await clock.pass(15_100);
  await refused;
  assert.deepEqual(socket.actions(), ['heartbeat', 'heartbeat', 'send', 'heartbeat']);
  await clock.pass(8_000);
  assert.equal(connection.status, 'connecting');
});

test('silence after a heartbeat ends the connection, and another is opened', async () => {
  await online();
  await clock.pass(8_000);
  assert.equal(connection.status, 'connecting');
  await clock.pass(500);
  assert.equal(sockets.length, 2);
});

test('failures in a row are shown as offline and retried with growing waits', async () => {
  bench.ticket = async () => {
    throw new ConfabError('network', '');
  };
  connection.start();
  await clock.pass(2_000);
  assert.equal(connection.status, 'offline');
});

test('a wait that the server asks for is kept', async () => {
  let tries = 0;
  bench.ticket = async () => {
    tries += 1;
    throw new ConfabError('rate_limited', '', { retry_after_ms: 5_000 });
  };
  connection.start();
  await clock.pass(4_900);
  assert.equal(tries, 1);
  await clock.pass(200);
  assert.equal(tries, 2);
});

test('an ended session stops the connection', async () => {
  bench.ticket = async () => {
    throw new ConfabError('session_ended', '');
  };
  let ended = false;
  connection.addEventListener('ended', () => {
    ended = true;
  });
  connection.start();
  await clock.pass(60_000);
  assert.ok(ended);
  assert.equal(connection.status, 'stopped');
});

test('a stopped connection may close its socket later, and reports nothing of it', async () => {
  const socket = await online();
  let frames = 0;
  connection.addEventListener('frame', () => (frames += 1));
  let release;
  connection.stop(new Promise((resolve) => (release = resolve)));
  assert.deepEqual([connection.status, socket.readyState], ['stopped', 1]);
  await clock.pass(30_000);
  assert.deepEqual([socket.actions(), socket.onmessage], [['heartbeat'], null]);
  release();
  await settled();
  assert.deepEqual([socket.readyState, sockets.length], [3, 1]);
});

test('a request gets its answer, its refusal, or a `network` error', async () => {
  const socket = await online();
  const answered = connection.request({ action: 'read', id: 'a' });
  const refused = connection.request({ action: 'send', id: 'b' });
  const cut = connection.request({ action: 'send', id: 'c' });
  socket.receive({ type: 'ok', id: 'a' });
  socket.receive({ type: 'error', id: 'b', code: 'forbidden', message: 'no' });
  socket.close();
  assert.equal((await answered).type, 'ok');
  await assert.rejects(refused, { code: 'forbidden' });
  await assert.rejects(cut, { code: 'network' });
});

test('an answer in parts is complete with its last part', async () => {
  const socket = await online();
  const parts = [];
  const answer = connection.request({ action: 'sync', id: 's' }, (part) => parts.push(part.n));
  socket.receive({ type: 'sync', id: 's', n: 1, complete: false });
  await clock.pass(10_000 - 3_000);
  socket.receive({ type: 'sync', id: 's', n: 2, complete: true });
  await answer;
  assert.deepEqual(parts, [1, 2]);
});

test('a connection is replaced before the gateway cuts it, without a moment offline', async () => {
  const statuses = [];
  const first = await online();
  connection.addEventListener('status', () => statuses.push(connection.status));
  const beats_max = (118 * 60) / 5;
  for (let beat = 0; beat < beats_max && sockets.length === 1; beat += 1) {
    first.receive({ type: 'heartbeat', id: 'x', next_seconds: 10 });
    await clock.pass(5_000);
  }
  assert.equal(sockets.length, 2);
  assert.equal(first.readyState, 1);
  sockets[1].open();
  await settled();
  assert.equal(first.readyState, 3);
  assert.deepEqual(statuses, []);
});

test('a connection that is held closes its socket and opens none, whatever wakes it', async () => {
  const socket = await online();
  connection.hold(true);
  assert.deepEqual([connection.status, socket.readyState], ['offline', 3]);
  connection.wake();
  await clock.pass(600_000);
  assert.equal(sockets.length, 1);
  connection.hold(false);
  await settled();
  sockets.at(-1).open();
  await settled();
  assert.deepEqual([connection.status, sockets.length], ['online', 2]);
});

test('a socket that opens while the connection is held is closed immediately', async () => {
  connection.start();
  await settled();
  connection.hold(true);
  sockets[0].open();
  await settled();
  assert.deepEqual([connection.status, sockets[0].readyState], ['offline', 3]);
  connection.hold(false);
  await settled();
  assert.equal(sockets.length, 2);
});

test('a dial that fails while the connection is held is not repeated', async () => {
  bench.ticket = () => Promise.reject(new ConfabError('network', 'no'));
  connection.start();
  connection.hold(true);
  await clock.pass(600_000);
  assert.deepEqual([connection.status, sockets.length], ['offline', 0]);
});

test('requests of a held connection fail', async () => {
  await online();
  connection.hold(true);
  await assert.rejects(connection.request({ action: 'read', id: 'read-1' }), { code: 'network' });
});

for (const data of ['', 'null', '7', '[]', '"text"', '{']) {
  test(`a message of ${JSON.stringify(data)} only shows that the socket lives`, async () => {
    const socket = await online();
    let frames = 0;
    connection.addEventListener('frame', () => (frames += 1));
    await clock.pass(7_900);
    socket.onmessage({ data });
    await clock.pass(200);
    assert.deepEqual([connection.status, frames], ['online', 0]);
  });
}

test('an answer that names where the next request continues is complete', async () => {
  const socket = await online();
  const answer = connection.request({ action: 'sync', id: 's' });
  socket.receive({ type: 'sync', id: 's', complete: false });
  socket.receive({ type: 'sync', id: 's', complete: false, next: 'token' });
  assert.equal((await answer).next, 'token');
});

test('of two requests with one id the later gets the answer, and the earlier has an unknown outcome', async () => {
  const socket = await online();
  const earlier = connection.request({ action: 'send', id: 'a' });
  const later = connection.request({ action: 'send', id: 'a' });
  await assert.rejects(earlier, { code: 'network' });
  socket.receive({ type: 'heartbeat', id: 'beat-1', next_seconds: 60 });
  await clock.pass(14_000);
  socket.receive({ type: 'ack', id: 'a', seq: 1 });
  assert.equal((await later).seq, 1);
});

const beats = (socket) => socket.sent.filter(({ action }) => action === 'heartbeat').map(({ idle }) => idle === true);

test('`idle` is sent immediately, with every heartbeat, upon a probe, and on a new socket', async () => {
  const socket = await online();
  connection.setIdle(true);
  assert.deepEqual(beats(socket), [false, true]);
  socket.receive({ type: 'heartbeat', next_seconds: 10 });
  assert.deepEqual(beats(socket), [false, true, true]);
  socket.close();
  await clock.pass(1_000);
  sockets.at(-1).open();
  await settled();
  assert.deepEqual(beats(sockets.at(-1)), [true]);
  connection.setIdle(false);
  assert.deepEqual(beats(sockets.at(-1)), [true, false]);
});

test('each change of `idle` is sent twice, since heartbeats may overtake each other', async () => {
  const socket = await online();
  connection.setIdle(true);
  connection.setIdle(false);
  socket.receive({ type: 'heartbeat', id: 'beat-3', next_seconds: 480 });
  await clock.pass(3_100);
  assert.deepEqual(beats(socket), [false, true, false, false]);
});

for (const action of ['send', 'read', 'typing']) {
  test(`after \`${action}\` while the user is idle, \`idle\` is sent again`, async () => {
    const socket = await online();
    connection.setIdle(true);
    socket.receive({ type: 'heartbeat', id: 'beat-2', next_seconds: 480 });
    await clock.pass(3_100);
    socket.receive({ type: 'heartbeat', id: 'beat-3', next_seconds: 480 });
    connection.send({ action, conversation: 'dm_1' });
    await clock.pass(3_100);
    assert.deepEqual(socket.sent.slice(-2).map(({ action: what, idle }) => [what, idle]), [[action, undefined], ['heartbeat', true]]);
  });
}

test('the time of the next attempt is known, and waking makes the attempt immediately', async () => {
  bench.ticket = () => Promise.reject(new ConfabError('unavailable', '', { retry_after_ms: 9_000 }));
  let statusEvents = 0;
  connection.addEventListener('status', () => (statusEvents += 1));
  connection.start();
  await settled();
  assert.equal(connection.retryAt, 9_000);
  await clock.pass(2_000);
  bench.ticket = async () => ({ url: 'ws://test/ws' });
  statusEvents = 0;
  connection.wake();
  assert.deepEqual([connection.retryAt, statusEvents], [null, 1]);
  await settled();
  sockets.at(-1).open();
  await settled();
  assert.deepEqual([connection.status, connection.retryAt], ['online', null]);
});
