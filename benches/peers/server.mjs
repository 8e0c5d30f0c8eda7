import { createHash } from 'node:crypto';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress } from 'node:zlib';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
};
/** Compressed already. */
const DENSE = new Set(['.png', '.jpg']);
const NOTHING = Buffer.alloc(0);

/** Shared memory, and with it threads, is for pages that ask to be isolated. */
const ISOLATION = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

/**
 * A static server that counts what it sends. Files come in brotli, compressed once and kept in `cache`; those whose address
 * names a version or a hash may be kept by the browser for ever, all others are asked for again with their tag.
 */
export class CountingServer {
  /** Every answer: `{path, bytes, worker}`; `bytes` of the body as sent, `worker` for what a service worker asked for. */
  sent = [];
  /** What lies between the server and the browser; nothing where it is undefined. */
  line = undefined;
  /** PNGs by the address under which they are given out, uncounted and at once. */
  pictures = new Map();
  /** What is or will be sent, by file, tag and compression. */
  bodies = new Map();

  constructor(folders, cache) {
    this.folders = folders;
    this.cache = cache;
    this.server = createServer((request, response) => {
      this.answer(request, response).catch((error) => response.writeHead(404, ISOLATION).end(`${error.message}\n`));
    });
  }

  async start() {
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.origin = `http://127.0.0.1:${this.server.address().port}`;
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async answer(request, response) {
    const path = decodeURIComponent(new URL(request.url, 'http://host').pathname);
    const picture = this.pictures.get(path);
    if (picture) {
      response.writeHead(200, { ...ISOLATION, 'Content-Type': TYPES['.png'], 'Content-Length': picture.length, 'Cache-Control': 'no-store' }).end(picture);
      return;
    }
    const file = this.find(path);
    const { mtimeMs, size } = await stat(file);
    const tag = `"${mtimeMs.toString(16)}-${size.toString(16)}"`;
    const type = TYPES[extname(file)] ?? 'application/octet-stream';
    const kept = /^\/(site\/assets|peers)\//.test(path);
    const fields = { ...ISOLATION, 'Content-Type': type, ETag: tag, 'Cache-Control': kept ? 'max-age=31536000, immutable' : 'no-cache' };
    const worker = 'service-worker' in request.headers || /\/sw\.js$/.test(request.headers.referer ?? '');
    if (request.headers['if-none-match'] === tag) {
      this.sent.push({ path, bytes: 0, worker });
      await this.send(response, 304, fields, NOTHING);
      return;
    }
    const compressed = !DENSE.has(extname(file)) && /\bbr\b/.test(request.headers['accept-encoding'] ?? '') && this.compresses(path);
    const body = await this.body(file, tag, compressed);
    this.sent.push({ path, bytes: body.length, worker });
    await this.send(response, 200, { ...fields, 'Content-Length': body.length, ...(compressed ? { 'Content-Encoding': 'br' } : {}) }, body);
  }

  async send(response, status, fields, body) {
    if (this.line) await this.line.send(response, status, fields, body);
    else response.writeHead(status, fields).end(body);
  }

  /** Only what is counted is worth the minutes that the highest level takes. */
  compresses(path) {
    return ['/site/', '/library-page/', '/ort-page/', '/models/', '/peers/onnxruntime-web/'].some((prefix) => path.startsWith(prefix)) && this.counting;
  }

  /** Whether files are sent compressed. */
  counting = false;

  find(path) {
    const prefix = Object.keys(this.folders).find((start) => path.startsWith(start));
    const inside = prefix === undefined ? '..' : normalize(path.slice(prefix.length));
    if (inside.startsWith('..')) throw new Error(`${path} is not here`);
    return join(this.folders[prefix], path.endsWith('/') ? join(inside, 'index.html') : inside);
  }

  /** What is sent of a file. It is read once: a server on the same processor should cost no page more for larger files than sending them. */
  body(file, tag, compressed) {
    const key = `${file} ${tag} ${compressed}`;
    let body = this.bodies.get(key);
    if (!body) {
      body = compressed ? this.brotli(file) : readFile(file);
      this.bodies.set(key, body);
      body.catch(() => this.bodies.delete(key));
    }
    return body;
  }

  /** A file in brotli at its highest level, from the cache where it was compressed before. */
  async brotli(file) {
    const content = await readFile(file);
    const kept = join(this.cache, `${createHash('sha256').update(content).digest('hex')}.br`);
    try {
      return await readFile(kept);
    } catch {
      const compressed = await promisify(brotliCompress)(content);
      await mkdir(this.cache, { recursive: true });
      await writeFile(kept, compressed);
      return compressed;
    }
  }
}
