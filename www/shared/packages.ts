import { hex, sha256 } from './digest.js';
import { DeviceError } from './errors.js';
import type { AppPackage } from './features.js';
import { Damaged, intact } from './intact.js';

/** Modules of their own are `codecs`, which few files need, and `tract`: 2 MB that only a model with unusual operations needs. */
export type PackageName = AppPackage | 'codecs' | 'tract';

/** The script of a package. */
export function glueOf(assetBase: string, name: PackageName): string {
  return new URL(`wasm/${name}/inlarge.js`, assetBase).href;
}

/** Fetches and compiles the module of a package. */
export function compile(assetBase: string, name: PackageName): Promise<WebAssembly.Module> {
  const address = new URL('inlarge_bg.wasm', glueOf(assetBase, name)).href;
  return intact(address, (cache) => attempt(address, __INLARGE_MODULES__[name], cache));
}

async function attempt(address: string, expected: string | undefined, cache: RequestCache): Promise<WebAssembly.Module> {
  const remedy = 'Check the connection, then reload the page.';
  let response: Response;
  try {
    response = await fetch(address, { cache });
  } catch (cause) {
    throw new DeviceError(`The engine file ${address} could not be fetched.`, remedy, cause);
  }
  if (!response.ok) {
    // A server that still builds the file says so.
    const said = response.status === 503 ? (await response.text().catch(() => '')).trim() : '';
    throw new DeviceError(`The engine file ${address} could not be fetched: the server answered ${response.status}.${said ? ` ${said}` : ''}`, remedy);
  }
  // Compiled as it comes, and looked at beside that.
  const found = response.clone().arrayBuffer().then(sha256);
  found.catch(() => {});
  let module: WebAssembly.Module | undefined;
  let failure: unknown;
  try {
    // Streaming needs the type application/wasm, which not every static host sends.
    const typed = response.headers.get('content-type')?.startsWith('application/wasm') ?? false;
    module = typed
      ? await WebAssembly.compileStreaming(response)
      : await WebAssembly.compile(await response.arrayBuffer());
  } catch (cause) {
    failure = cause;
  }
  const digest = await found.catch(() => undefined);
  if (digest && hex(digest) !== expected) {
    throw new Damaged(new DeviceError(
      `The engine file ${address} is not the one of this version: SHA-256 ${hex(digest)}, expected ${expected}.`,
      'Reload the page; if that does not help, the files on the server come from different versions.',
    ));
  }
  if (!module) {
    throw new DeviceError(
      `The engine file ${address} could not be compiled: ${failure instanceof Error ? failure.message : String(failure)}`,
      "Use a browser with WebAssembly SIMD, and allow 'wasm-unsafe-eval' in the page's script-src.",
      failure,
    );
  }
  return module;
}
