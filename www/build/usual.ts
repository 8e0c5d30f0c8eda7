import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const FOLDER = 'www/wasm/app';

/** What the app module says is usual, as JSON: the page and the library are built with it. */
export async function usual(): Promise<string> {
  const glue = (await import(pathToFileURL(`${FOLDER}/inlarge.js`).href)) as typeof import('../wasm/app/inlarge.js');
  glue.initSync({ module: readFileSync(`${FOLDER}/inlarge_bg.wasm`) });
  return glue.usual();
}
