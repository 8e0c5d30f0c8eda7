/** Bytes that go out at once: what takes a line of 10 Mbit/s a few milliseconds. */
const PIECE = 8192;

/** A line to the server that all answers share: each waits `delay` milliseconds, and the bodies take turns at `rate` bits a second. */
export class Line {
  #freeAt = 0;

  constructor({ rate, delay }) {
    this.bytesPerMillisecond = rate / 8000;
    this.delay = delay;
  }

  /** Sends what begins the answer after the delay, then the body at the pace of the line. */
  async send(response, status, fields, body) {
    await elapsed(this.delay);
    response.writeHead(status, fields);
    for (let at = 0; at < body.length && !response.destroyed; at += PIECE) {
      const piece = body.subarray(at, at + PIECE);
      this.#freeAt = Math.max(this.#freeAt, performance.now()) + piece.length / this.bytesPerMillisecond;
      await elapsed(this.#freeAt - performance.now());
      response.write(piece);
    }
    response.end();
  }
}

/** A timer may ring a fraction early. */
async function elapsed(milliseconds) {
  if (milliseconds > 0) await new Promise((resolve) => setTimeout(resolve, Math.ceil(milliseconds)));
}
