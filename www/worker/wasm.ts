import { DeviceError } from '../shared/errors.js';
import { appPackages } from '../shared/features.js';
import { glueOf } from '../shared/packages.js';

/** What wasm-bindgen writes for the app module. */
export type AppGlue = typeof import('../wasm/app/inlarge.js');
/** What it writes for every module that runs tiles. */
export type EngineGlue = Pick<AppGlue, 'default' | 'Engine'>;
/** What it writes for the module that reads other formats than PNG and JPEG. */
export type CodecsGlue = Pick<AppGlue, 'default'> & { decodeFile(file: Uint8Array): Uint8Array };

export type {
  Catalogue, Chunk, Command, Engine, EngineMemory, EnginePlan, Job, Model, Passes, SessionPlan, Source, Supervisor, SupervisorEvent, SupervisorFault,
} from '../wasm/app/inlarge.js';

/** A wasm package as it lies under the asset base. */
export interface Artefact {
  readonly glue: string;
  readonly module: WebAssembly.Module;
}

/** Fetches the script that will probably be needed before the page says so; `entry`: address of the worker, in a folder of the asset base. */
export function preloadBest(entry: string): void {
  const [best] = appPackages();
  if (best) preloadGlue(glueOf(new URL('../', entry).href, best));
}

/** Fetches a package's script while its module is still on the way; what goes wrong comes up again in `instantiate`. */
export function preloadGlue(glue: string): void {
  import(/* @vite-ignore */ glue).catch(() => {});
}

/** Imports the glue of a package and instantiates its module in this worker. */
export async function instantiate<T extends Pick<AppGlue, 'default'>>(artefact: Artefact): Promise<T> {
  let glue: T;
  try {
    glue = (await import(/* @vite-ignore */ artefact.glue)) as T;
  } catch (cause) {
    throw new DeviceError(
      `The engine script ${artefact.glue} could not be loaded.`,
      'Check the connection, then reload the page.',
      cause,
    );
  }
  await glue.default({ module_or_path: artefact.module });
  return glue;
}
