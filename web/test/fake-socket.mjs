/** Returns a class of WebSockets whose server is the test, and adds each instance to `sockets`. */
export function fakeSockets(sockets) {
  return class FakeSocket {
    readyState = 0;
    sent = [];

    constructor(url) {
      this.url = url;
      sockets.push(this);
    }

    open() {
      this.readyState = 1;
      this.onopen();
    }

    send(data) {
      this.sent.push(JSON.parse(data));
    }

    receive(frame) {
      this.onmessage({ data: JSON.stringify(frame) });
    }

    close() {
      this.readyState = 3;
      this.onclose?.();
    }

    /** Closes the socket as the server would. */
    closedBy(code) {
      this.readyState = 3;
      this.onclose({ code });
    }

    actions() {
      return this.sent.map((frame) => frame.action);
    }
  };
}
