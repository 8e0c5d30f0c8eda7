import { DeviceError } from './errors.js';
import type { AppPackage } from './features.js';

/** tract is a module of its own: 2 MB that only a model with unusual operations needs. */
export type PackageName = AppPackage | 'tract';

/** The script of a package. */
export function glueOf(assetBase: string, name: PackageName): string {
  return new URL(`wasm/${name}/inlarge.js`, assetBase).href;
}

/** Fetches and compiles the module of a package. */
export async function compile(assetBase: string, name: PackageName): Promise<WebAssembly.Module> {
  const address = new URL('inlarge_bg.wasm', glueOf(assetBase, name)).href;
  const remedy = 'Check the connection, then reload the page.';
  let response: Response;
  try {
    response = await fetch(address);
  } catch (cause) {
    throw new DeviceError(`The engine file ${address} could not be fetched.`, remedy, cause);
  }
  if (!response.ok) {
    throw new DeviceError(`The engine file ${address} could not be fetched: the server answered ${response.status}.`, remedy);
  }
  try {
    // Streaming needs the type application/wasm, which not every static host sends.
    const typed = response.headers.get('content-type')?.startsWith('application/wasm') ?? false;
    return typed
      ? await WebAssembly.compileStreaming(response)
      : await WebAssembly.compile(await response.arrayBuffer());
  } catch (cause) {
    throw new DeviceError(
      `The engine file ${address} could not be compiled: ${cause instanceof Error ? cause.message : String(cause)}`,
      "Use a browser with WebAssembly SIMD, and allow 'wasm-unsafe-eval' in the page's script-src.",
      cause,
    );
  }
}
