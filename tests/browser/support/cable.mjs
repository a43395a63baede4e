import { createServer, connect } from 'node:net';
import { once } from 'node:events';

/** A TCP relay in front of the server that a test can cut and mend. Cut connections end with a reset. */
export class Cable {
  /** The open WebSocket connections. */
  webSockets = new Set();
  #sockets = new Set();
  #isCut = false;
  #relay;

  /** @param {string} to  `HOST:PORT` */
  static async lay(to) {
    const cable = new Cable(to);
    cable.#relay.listen(0, '127.0.0.1');
    await once(cable.#relay, 'listening');
    return cable;
  }

  constructor(to) {
    const [host, port] = to.split(':');
    this.#relay = createServer((near) => {
      if (this.#isCut) {
        near.resetAndDestroy();
        return;
      }
      const far = connect({ host, port });
      for (const [socket, other] of [[near, far], [far, near]]) {
        this.#sockets.add(socket);
        socket.setNoDelay(true);
        socket.on('error', () => {});
        socket.on('close', () => {
          this.#sockets.delete(socket);
          other.destroy();
        });
      }
      near.on('data', (chunk) => {
        if (chunk.includes('GET /ws?')) this.webSockets.add(near);
      });
      near.on('close', () => this.webSockets.delete(near));
      near.pipe(far).pipe(near);
    });
  }

  get http() {
    return `http://127.0.0.1:${this.#relay.address().port}`;
  }

  cut() {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  mend() {
    this.#isCut = false;
  }

  async close() {
    this.cut();
    await new Promise((resolve) => this.#relay.close(resolve));
  }
}
