import { createServer, type IncomingMessage, type Server } from 'node:http';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { SITE_PORT } from './environment.ts';

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
  /** Whether whatever is not here is taken, with its headers, from the site that the tests are about. */
  readonly site?: boolean;
  /** What is sent in place of a file, now or later; nothing for a 404. Playwright's `page.route` loses a request of a worker now and then. */
  readonly change?: (path: string, file: Buffer) => Body | undefined | Promise<Body | undefined>;
}

type Body = string | Buffer;

interface Answer {
  readonly body: Body;
  readonly headers: Record<string, string>;
}

/** The headers of the site that matter to a page. */
const KEPT = ['content-type', 'content-security-policy'];

/** Puts code in front of the coordinator's. */
export function beforeCoordinator(code: string): NonNullable<Content['change']> {
  return (path, file) => (path.endsWith('/worker/coordinator.js') ? `${code}\n${file.toString()}` : file);
}

/** A plain server on this machine: somebody else's web site, or ours with something changed. */
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
      plain.answer(path).then(
        ({ body, headers }) => response.writeHead(200, { ...headers, ...content.headers }).end(body),
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

  private async answer(path: string): Promise<Answer> {
    const { body, headers } = await this.find(path);
    const { change } = this.content;
    const changed = change ? await change(path, Buffer.from(body)) : body;
    if (changed === undefined) throw new Error(`${path} is withheld`);
    return { body: changed, headers };
  }

  private async find(path: string): Promise<Answer> {
    const headers = { 'Content-Type': TYPES[extname(path) || '.html'] ?? 'application/octet-stream' };
    const file = this.content.files?.[path];
    if (file !== undefined) return { body: file, headers };
    for (const [prefix, folder] of Object.entries(this.content.folders ?? {})) {
      const inside = normalize(path.slice(prefix.length));
      if (path.startsWith(prefix) && !inside.startsWith('..')) return { body: await readFile(join(folder, inside)), headers };
    }
    if (!this.content.site) throw new Error(`${path} is not here`);
    const response = await fetch(`http://127.0.0.1:${SITE_PORT}${path}`);
    if (!response.ok) throw new Error(`${path} is not on the site`);
    const kept = [...response.headers].filter(([name]) => KEPT.includes(name));
    return { body: Buffer.from(await response.arrayBuffer()), headers: Object.fromEntries(kept) };
  }
}
