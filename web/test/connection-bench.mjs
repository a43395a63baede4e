import { Connection } from '../confab/connection.js';
import { fakeSockets } from './fake-socket.mjs';
import { ManualClock, settled } from './manual-clock.mjs';

/** A connection over fake sockets, with a manual clock. */
export class ConnectionBench {
  clock = new ManualClock();
  sockets = [];
  /** Answers a request for a ticket. */
  ticket = async () => ({ url: 'ws://test/ws' });
  connection = new Connection({
    ticket: () => this.ticket(),
    WebSocket: fakeSockets(this.sockets),
    alarms: this.clock,
    random: () => 0.5,
    networkUp: () => true,
    now: () => this.clock.now_ms,
  });

  /** Starts the connection, opens its newest socket and returns that socket. */
  async online() {
    this.connection.start();
    await settled();
    this.sockets.at(-1).open();
    await settled();
    return this.sockets.at(-1);
  }
}
