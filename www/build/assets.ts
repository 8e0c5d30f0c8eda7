import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

/** The wasm packages that are there: `cargo xtask serve` builds the page before those that it names here, and once more after them. */
const PACKAGES = ['app', 'app-relaxed', 'codecs', 'tract'].filter((name) => !(process.env['INLARGE_LATER'] ?? '').split(',').includes(name));

/** The files of each that a browser fetches. */
const WASM_FILES = ['inlarge.js', 'inlarge_bg.wasm'];

/** SHA-256 of each package's module, for the scripts that fetch it. */
export function moduleDigests(): Record<string, string> {
  return Object.fromEntries(PACKAGES.map((name) => [name, createHash('sha256').update(read(join('www/wasm', name, 'inlarge_bg.wasm'))).digest('hex')]));
}

/** Copies the wasm packages and models to where the asset base is, under `out`. */
export function copyAssets(out: string): void {
  for (const name of PACKAGES) {
    for (const file of WASM_FILES) copy(join('www/wasm', name, file), join(out, 'wasm', name, file));
  }
  const models = readdirSync('models').filter((file) => /\.(onnx|json|md)$/.test(file));
  if (!models.includes('manifest.json')) throw missing('models/manifest.json');
  for (const file of models) copy(join('models', file), join(out, 'models', file));
}

/** Runs `copyAssets` before the service worker's list of files is made. */
export function assets(out: string): Plugin {
  return {
    name: 'inlarge-assets',
    writeBundle() {
      copyAssets(out);
    },
  };
}

function copy(from: string, to: string): void {
  if (!existsSync(from)) throw missing(from);
  mkdirSync(join(to, '..'), { recursive: true });
  copyFileSync(from, to);
}

function read(file: string): Buffer {
  if (!existsSync(file)) throw missing(file);
  return readFileSync(file);
}

function missing(file: string): Error {
  return new Error(`${file} is missing: build with \`cargo xtask dist\`, which makes the wasm packages first`);
}
