import { appPackages } from '../shared/features.js';
import type { Manifest } from '../shared/manifest.js';
import { compile, type PackageName } from '../shared/packages.js';
import { fetchManifest } from './catalogue.js';
import { startAhead } from './spawn.js';

/** Lists of models by the folder, read or on the way. */
const manifests = new Map<string, Promise<Manifest>>();

/** Modules by the folder and the package, compiled or on the way. */
const modules = new Map<string, Promise<WebAssembly.Module | undefined>>();

/** Begins with everything that an upscaler will ask for first, while the page is being set up. */
export function beginAhead(assetBase: URL): void {
  compileAhead(assetBase);
  startAhead(assetBase, 'coordinator');
  startAhead(assetBase, 'compute');
  manifestOf(assetBase).catch(() => {});
}

/** The list of models, fetched once for all upscalers of the page. A failure is not remembered. */
export function manifestOf(assetBase: URL): Promise<Manifest> {
  let found = manifests.get(assetBase.href);
  if (!found) {
    found = fetchManifest(assetBase);
    found.catch(() => manifests.delete(assetBase.href));
    manifests.set(assetBase.href, found);
  }
  return found;
}

/** Begins with the engine's module while the workers that will ask for it are not there yet. */
export function compileAhead(assetBase: URL): void {
  const [best] = appPackages();
  if (best) void moduleOf(assetBase, best);
}

/**
 * The module of a package, fetched and compiled once for all upscalers of the page. Undefined where the page cannot have it, be it
 * that its policy forbids: from then on the workers try by themselves, and say what is wrong.
 */
export function moduleOf(assetBase: URL, name: PackageName): Promise<WebAssembly.Module | undefined> {
  const key = `${assetBase.href} ${name}`;
  let found = modules.get(key);
  if (!found) {
    found = compile(assetBase.href, name).catch(() => undefined);
    modules.set(key, found);
  }
  return found;
}
