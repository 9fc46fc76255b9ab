// SPDX-License-Identifier: Apache-2.0
// One of the board's wires: a listening TCP socket that serves one client at a time, as QEMU's do. What the board sends while
// nobody is connected is lost, as on a real wire.
import net from 'node:net';

// With more than this unsent, the board's transmitter is told to wait.
const BACKLOG = 65536;
// With more than this unread, the client is.
const UNREAD = 4096;

export class Port {
  constructor(number, fd) {
    this.number = number;
    this.client = null;
    this.queue = [];
    this.received = [];
    this.sending = [];
    this.onData = () => {};
    this.onDrain = () => {};
    const server = net.createServer({ pauseOnConnect: true, noDelay: true }, (socket) => this.arrived(socket));
    this.listening = new Promise((resolve, reject) => {
      server.on('error', reject);
      server.listen({ fd }, resolve);
    });
  }

  get busy() {
    return this.client !== null && this.client.writableLength > BACKLOG;
  }

  // A byte for the client.
  send(byte) {
    if (this.client) this.sending.push(byte);
  }

  flush() {
    if (this.sending.length && this.client) this.client.write(Buffer.from(this.sending));
    this.sending.length = 0;
  }

  // The next byte from the client, or undefined.
  take() {
    const byte = this.received.shift();
    if (this.received.length === 0 && this.client?.isPaused()) this.client.resume();
    return byte;
  }

  arrived(socket) {
    if (this.client) this.queue.push(socket);
    else this.serve(socket);
  }

  serve(socket) {
    this.client = socket;
    socket.on('data', (data) => {
      this.received.push(...data);
      if (this.received.length > UNREAD) socket.pause();
      this.onData();
    });
    socket.on('drain', () => this.onDrain());
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.destroy());
    socket.on('close', () => {
      this.client = null;
      const next = this.queue.shift();
      if (next) this.serve(next);
      this.onDrain();
    });
    socket.resume();
  }
}
