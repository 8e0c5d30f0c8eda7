import { type Remote } from 'comlink';
import { appPackages, type AppPackage } from '../shared/features.js';
import { compile, glueOf, type PackageName } from '../shared/packages.js';
import type { BackendChoice, BackendName, EngineReport, HostApi, Provision, Refusal } from '../shared/protocol.js';
import { commandOf, fault, opened, tell } from './supervisor.js';
import { instantiate, preloadGlue, type AppGlue, type Artefact, type EngineMemory } from './wasm.js';
import type { ComputeWorker } from './compute-worker.js';
import { WorkerFactory } from './worker-factory.js';
import { WorkerPool } from './worker-pool.js';

/** Compute workers that were not needed for so long are ended: each holds a hundred megabytes or more. */
const IDLE_MS = 60_000;

/** How the start of an engine ended: with its workers, or with why it does not start and whether it ever would. */
export type EngineStart = { readonly pool: WorkerPool; readonly first: ComputeWorker } | { readonly refusal: unknown; readonly lasting: boolean };

/** Opens engines on demand, and compiles each wasm package once. */
export class Engines {
  private readonly pools = new Map<BackendName, WorkerPool>();
  private readonly compiled = new Map<PackageName, Promise<Artefact>>();
  private appPackage: AppPackage = 'app';
  private readonly opening = new Map<string, Promise<EngineStart>>();
  private uses = 0;
  private idle: ReturnType<typeof setTimeout> | undefined;
  private app: AppGlue | undefined;
  private known: EngineMemory | undefined;
  private readonly factory: WorkerFactory;
  private readonly host: Remote<HostApi>;
  private readonly assetBase: string;
  /** Most compute workers on the CPU. */
  readonly most: number;
  private readonly provision: Provision;

  constructor(host: Remote<HostApi>, assetBase: string, workers: number, provision: Provision) {
    this.factory = new WorkerFactory(host, provision.spare);
    this.provision = provision;
    this.host = host;
    this.assetBase = assetBase;
    this.most = Math.max(1, workers);
  }

  /** What is known of the engines of this device. */
  get memory(): EngineMemory {
    return (this.known ??= new (this.loaded().EngineMemory)());
  }

  private loaded(): AppGlue {
    if (!this.app) throw new Error('the app module is not loaded');
    return this.app;
  }

  /** Does work that needs compute workers. They are ended some time after the last of it; the next work starts new ones. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.uses += 1;
    clearTimeout(this.idle);
    try {
      return await work();
    } finally {
      this.uses -= 1;
      if (this.uses === 0) this.restLater();
    }
  }

  private restLater(): void {
    clearTimeout(this.idle);
    this.idle = setTimeout(() => {
      // A cancelled picture may have left an engine that still starts.
      if (this.opening.size > 0) return this.restLater();
      for (const pool of this.pools.values()) pool.close();
      this.pools.clear();
      this.factory.rest();
    }, IDLE_MS);
  }

  /** Loads the best app package that this browser takes into this worker; the compute workers get the same one. */
  async loadApp(): Promise<AppGlue> {
    let last: unknown;
    for (const name of appPackages()) {
      try {
        preloadGlue(glueOf(this.assetBase, name));
        const app = await instantiate<AppGlue>(await this.artefact(name));
        this.appPackage = name;
        this.app = app;
        return app;
      } catch (failure) {
        last = failure;
      }
    }
    throw last;
  }

  /** A compiled wasm package. A failed download is not remembered: the next call tries again. */
  artefact(name: PackageName): Promise<Artefact> {
    let found = this.compiled.get(name);
    if (!found) {
      found = this.fetched(name);
      found.catch(() => this.compiled.delete(name));
      this.compiled.set(name, found);
    }
    return found;
  }

  /** The page's module, which may be there before this worker is; else one of its own, or the reason why there is none. */
  private async fetched(name: PackageName): Promise<Artefact> {
    const { package: given, module: ready } = this.provision;
    const module = name === given ? ready : await this.host.module(name);
    return { glue: glueOf(this.assetBase, name), module: module ?? (await compile(this.assetBase, name)) };
  }

  /** Opens `backend`, or gives the open one. */
  async open(backend: BackendName, allowSoftware: boolean): Promise<EngineStart> {
    const pool = this.pools.get(backend);
    const [first] = pool?.workers ?? [];
    if (pool && first) return { pool, first };
    // A cancelled picture may leave its engine still starting: the next one waits for the same start.
    const key = `${backend} ${allowSoftware}`;
    let opening = this.opening.get(key);
    if (!opening) {
      opening = this.start(backend, allowSoftware).finally(() => this.opening.delete(key));
      this.opening.set(key, opening);
    }
    return opening;
  }

  private async start(backend: BackendName, allowSoftware: boolean): Promise<EngineStart> {
    let artefact: Artefact;
    try {
      artefact = await this.artefact(backend === 'tract' ? 'tract' : this.appPackage);
    } catch (refusal) {
      // A failed download is no property of the device.
      return { refusal, lasting: false };
    }
    const pool = new WorkerPool(backend, this.factory, artefact, allowSoftware);
    try {
      const first = await pool.worker(0);
      this.pools.set(backend, pool);
      return { pool, first };
    } catch (refusal) {
      return { refusal, lasting: true };
    }
  }

  /** Starts the workers that a large picture will use, as far as an engine is open, while the picture is still being read. */
  expect(choice: BackendChoice): void {
    const app = this.loaded();
    const pool = (app.engineOrder(choice) as BackendName[]).map((name) => this.pools.get(name)).find((one) => one?.alive);
    if (!pool) return;
    for (let place = 0; place < app.workersOf(pool.backend, this.most); place += 1) pool.worker(place).catch(() => {});
  }

  /** Opens the first engine of `choice` that does not refuse, and tells what the others said. */
  async select(choice: BackendChoice): Promise<EngineReport> {
    const app = this.loaded();
    const passes = new app.Passes();
    const supervisor = new app.Supervisor(choice, this.memory, passes, this.most, 0, 0);
    let software = false;
    try {
      for (;;) {
        const command = commandOf(supervisor.choose());
        if (command.kind === 'open') {
          const start = await this.open(command.engine as BackendName, command.allowSoftware);
          if ('first' in start) {
            ({ software } = start.first.info);
            tell(supervisor, opened(start.first));
          } else {
            tell(supervisor, { kind: 'refused', error: fault(start.refusal), lasting: start.lasting });
          }
        } else if (command.kind === 'plan') {
          const { backend, adapter, parallel } = command.plan;
          const refusals = JSON.parse(supervisor.refusals) as Refusal[];
          return { backend: backend as BackendName, adapter, software, workers: parallel, refusals };
        }
      }
    } finally {
      supervisor.free();
      passes.free();
    }
  }

  /** Ends an engine; the next time it starts afresh. */
  close(backend: BackendName): void {
    const pool = this.pools.get(backend);
    this.pools.delete(backend);
    pool?.close();
  }

  /** Ends whatever still computes and gives the ids of those workers. */
  abandonBusy(): number[] {
    const ids = [...this.pools.values()].flatMap((pool) => pool.abandonBusy());
    for (const id of ids) this.factory.forget(id);
    return ids;
  }

  /** Whether a started compute worker is in a call. */
  get busy(): boolean {
    return [...this.pools.values()].some((pool) => pool.workers.some((worker) => worker.busy > 0));
  }

  died(id: number, reason: string): void {
    this.factory.died(id, reason);
  }
}
