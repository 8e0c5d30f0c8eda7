import { fileURLToPath } from 'node:url';

/** Where `dist/` is served while the tests run. */
export const SITE_PORT = 4173;

/** The repository, with a slash at its end. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** WebGPU without a GPU; no sandbox, for that needs rights that containers do not have. */
export const CHROMIUM_ARGUMENTS = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--no-sandbox'];

/** What `cargo xtask test e2e` and `browsers` found out and installed. */
export function fromXtask(name: 'CHROMIUM' | 'FIREFOX' | 'WEBKIT_DRIVER' | 'XVFB' | 'INLARGE_XTASK' | 'INLARGE_COMMAND_LINE'): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run these tests with \`cargo xtask test e2e browsers\``);
  return value;
}
