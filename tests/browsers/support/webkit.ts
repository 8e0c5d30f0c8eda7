import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromXtask } from '../../e2e/support/environment.ts';
import type { DrivenPage } from './app.ts';

/** The key of an element's reference, https://www.w3.org/TR/webdriver2/#elements. */
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';

/** How long a function may run inside the page, in milliseconds. */
const SCRIPT_MS = 60_000;

interface Session {
  readonly sessionId: string;
  readonly capabilities: { readonly browserName: string; readonly browserVersion: string };
}

/** WebKitGTK's MiniBrowser on a display of its own, by way of WebKitWebDriver. */
export class WebKit implements DrivenPage {
  private constructor(
    private readonly processes: readonly ChildProcess[],
    private readonly driver: string,
    private readonly session: Session,
  ) {}

  static async start(): Promise<WebKit> {
    const display = run(fromXtask('XVFB'), ['-displayfd', '3', '-screen', '0', '1280x900x24', '-nolisten', 'tcp'], process.env);
    const processes = [display.process];
    try {
      const number = await firstLine(display);
      const port = await freePort();
      const driver = run(fromXtask('WEBKIT_DRIVER'), ['--host=127.0.0.1', `--port=${port}`], {
        ...process.env,
        DISPLAY: `:${number}`,
        GDK_BACKEND: 'x11',
        // There is no GPU to draw with.
        LIBGL_ALWAYS_SOFTWARE: '1',
        WEBKIT_DISABLE_COMPOSITING_MODE: '1',
        WEBKIT_DISABLE_DMABUF_RENDERER: '1',
      });
      processes.push(driver.process);
      const address = `http://127.0.0.1:${port}`;
      await Promise.race([ready(address), driver.failed]);
      const session = (await call(address, 'POST', '/session', { capabilities: { alwaysMatch: {} } })) as Session;
      await call(address, 'POST', `/session/${session.sessionId}/timeouts`, { script: SCRIPT_MS, pageLoad: SCRIPT_MS });
      return new WebKit(processes, address, session);
    } catch (error) {
      await end(processes);
      throw error;
    }
  }

  get name(): string {
    const { browserName, browserVersion } = this.session.capabilities;
    return `${browserName} ${browserVersion} (WebKitGTK)`;
  }

  async goto(address: string): Promise<void> {
    await this.call('POST', '/url', { url: address });
  }

  async evaluate<Result, Argument>(body: (argument: Argument) => Promise<Result>, argument: Argument): Promise<Result> {
    const script = `const [argument, done] = arguments; (${body})(argument).then((value) => done({ value }), (error) => done({ error: String(error) }));`;
    const said = (await this.call('POST', '/execute/async', { script, args: [argument ?? null] })) as { value: Result; error?: string };
    if (said.error !== undefined) throw new Error(said.error);
    return said.value;
  }

  async chooseFile(path: string): Promise<void> {
    const script = "return document.querySelector('inlarge-app').shadowRoot.querySelector('#files');";
    const input = (await this.call('POST', '/execute/sync', { script, args: [] })) as Record<typeof ELEMENT, string>;
    await this.call('POST', `/element/${input[ELEMENT]}/value`, { text: path });
  }

  async close(): Promise<void> {
    await this.call('DELETE', '').catch(() => {});
    await end(this.processes);
  }

  private call(method: 'POST' | 'DELETE', path: string, body?: object): Promise<unknown> {
    return call(this.driver, method, `/session/${this.session.sessionId}${path}`, body);
  }
}

interface Started {
  readonly process: ChildProcess;
  /** Rejects when the program cannot be started or ends. */
  readonly failed: Promise<never>;
}

function run(program: string, words: readonly string[], env: NodeJS.ProcessEnv): Started {
  const child = spawn(program, words, { env, stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr?.on('data', (text: Buffer) => (said = `${said}${text.toString()}`.slice(-2000)));
  const failed = new Promise<never>((_, reject) => {
    child.once('error', (cause) => reject(new Error(`${program} could not be started`, { cause })));
    child.once('exit', (status) => reject(new Error(`${program} ended with ${status}: ${said.trim()}`)));
  });
  failed.catch(() => {});
  return { process: child, failed };
}

/** What the X server writes when it listens: the number of its display. */
function firstLine(display: Started): Promise<string> {
  const line = new Promise<string>((resolve) => {
    let text = '';
    (display.process.stdio[3] as Readable).on('data', (more: Buffer) => {
      text += more.toString();
      if (text.includes('\n')) resolve(text.trim());
    });
  });
  return Promise.race([line, display.failed]);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function ready(address: string): Promise<void> {
  for (const deadline = Date.now() + 30_000; ; await sleep(100)) {
    try {
      await call(address, 'GET', '/status');
      return;
    } catch (error) {
      if (Date.now() > deadline) throw new Error('WebKitWebDriver does not answer', { cause: error });
    }
  }
}

async function call(address: string, method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<unknown> {
  const response = await fetch(`${address}${path}`, { method, ...(body ? { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } } : {}) });
  const { value } = (await response.json()) as { value: { error?: string; message?: string } | null };
  if (!response.ok) throw new Error(`WebDriver ${method} ${path}: ${value?.error} ${value?.message}`);
  return value;
}

async function end(processes: readonly ChildProcess[]): Promise<void> {
  for (const child of [...processes].reverse()) {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) continue;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill();
    await ended;
  }
}
