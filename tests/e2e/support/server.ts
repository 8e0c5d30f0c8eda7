import { createServer, type IncomingMessage, type Server } from 'node:http';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.png': 'image/png',
};

export interface Content {
  /** Folders by the path that they stand under, such as `{'/assets/': 'dist/npm/'}`. */
  readonly folders?: Record<string, string>;
  /** Single files by path. */
  readonly files?: Record<string, string | Buffer>;
  /** Sent with every answer, beside Content-Type. */
  readonly headers?: Record<string, string>;
}

/** A plain server on this machine: somebody else's web site. */
export class PlainServer {
  /** Paths that were asked for. */
  readonly asked: string[] = [];
  /** Without a slash at its end. */
  origin = '';

  private constructor(
    private readonly server: Server,
    private readonly content: Content,
  ) {}

  static async start(content: Content): Promise<PlainServer> {
    const server = createServer();
    const plain = new PlainServer(server, content);
    server.on('request', (request: IncomingMessage, response) => {
      const path = new URL(request.url ?? '/', 'http://host').pathname;
      plain.asked.push(path);
      plain.find(path).then(
        (body) => response.writeHead(200, { 'Content-Type': TYPES[extname(path) || '.html'] ?? 'application/octet-stream', ...content.headers }).end(body),
        () => response.writeHead(404, content.headers).end(),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    plain.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return plain;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async find(path: string): Promise<string | Buffer> {
    const file = this.content.files?.[path];
    if (file !== undefined) return file;
    for (const [prefix, folder] of Object.entries(this.content.folders ?? {})) {
      const inside = normalize(path.slice(prefix.length));
      if (path.startsWith(prefix) && !inside.startsWith('..')) return readFile(join(folder, inside));
    }
    throw new Error(`${path} is not here`);
  }
}
