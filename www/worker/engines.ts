import { type Remote } from 'comlink';
import { DeviceError, toPlain } from '../shared/errors.js';
import { appPackages, type AppPackage } from '../shared/features.js';
import { compile, glueOf, type PackageName } from '../shared/packages.js';
import { BACKENDS, type BackendChoice, type BackendName, type EngineReport, type HostApi, type Provision, type Refusal } from '../shared/protocol.js';
import { Nursery } from './nursery.js';
import { Pool } from './pool.js';
import { instantiate, preloadGlue, type AppGlue, type Artefact } from './wasm.js';

const SOFTWARE = 'This GPU is emulated in software, which is slower than the CPU engine.';

/** Compute workers that were not needed for so long are ended: each holds a hundred megabytes or more. */
const IDLE_MS = 60_000;

/** Opens backends on demand, remembers which refused and why, and compiles each wasm package once. */
export class Engines {
  private readonly pools = new Map<BackendName, Pool>();
  private readonly refused = new Map<BackendName, string>();
  private readonly compiled = new Map<PackageName, Promise<Artefact>>();
  private appPackage: AppPackage = 'app';
  private readonly opening = new Map<string, Promise<Pool>>();
  private uses = 0;
  private idle: ReturnType<typeof setTimeout> | undefined;
  private readonly nursery: Nursery;
  private readonly host: Remote<HostApi>;
  private readonly assetBase: string;
  private readonly most: number;
  private readonly provision: Provision;

  constructor(host: Remote<HostApi>, assetBase: string, workers: number, provision: Provision) {
    this.nursery = new Nursery(host, provision.spare);
    this.provision = provision;
    this.host = host;
    this.assetBase = assetBase;
    this.most = Math.max(1, workers);
  }

  /** The backends to try for `choice`, best first. An explicit choice has no second. */
  order(choice: BackendChoice): readonly BackendName[] {
    return choice === 'auto' ? BACKENDS : [choice];
  }

  /** Workers that a job of `tiles` tiles can use on `backend`. */
  wanted(backend: BackendName, tiles: number): number {
    return backend === 'gpu' ? 1 : Math.min(this.most, Math.max(1, tiles));
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
      this.nursery.rest();
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
        return app;
      } catch (failure) {
        last = failure;
      }
    }
    throw last;
  }

  /** A compiled wasm package. A failed download is not remembered: the next call tries again. */
  private artefact(name: PackageName): Promise<Artefact> {
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

  /**
   * Opens `backend`, or gives the open one. On `auto` a refusal is final until the page is reloaded, and
   * a software GPU is refused; an explicit choice tries again and takes it.
   */
  async open(backend: BackendName, choice: BackendChoice): Promise<Pool> {
    const auto = choice === 'auto';
    const before = this.refused.get(backend);
    if (auto && before !== undefined) throw new DeviceError(before);
    const pool = this.pools.get(backend);
    if (pool?.alive) {
      if (auto && pool.members[0]?.info.software) throw new DeviceError(SOFTWARE);
      return pool;
    }
    // A cancelled picture may leave its engine still starting: the next one waits for the same start.
    const key = `${backend} ${auto}`;
    let opening = this.opening.get(key);
    if (!opening) {
      opening = this.start(backend, auto).finally(() => this.opening.delete(key));
      this.opening.set(key, opening);
    }
    return opening;
  }

  private async start(backend: BackendName, auto: boolean): Promise<Pool> {
    // A failed download is no property of the device: only what the engine itself says is remembered.
    const artefact = await this.artefact(backend === 'tract' ? 'tract' : this.appPackage);
    try {
      const pool = await Pool.open(backend, this.nursery, artefact, !auto);
      this.pools.set(backend, pool);
      return pool;
    } catch (refusal) {
      if (auto) this.refused.set(backend, toPlain(refusal).message);
      throw refusal;
    }
  }

  /** Starts the workers that a large picture will use, as far as an engine is open, while the picture is still being read. */
  expect(choice: BackendChoice): void {
    const backend = this.order(choice).find((name) => this.pools.get(name)?.alive);
    if (backend) void this.pools.get(backend)?.grow(this.wanted(backend, Number.POSITIVE_INFINITY)).catch(() => {});
  }

  /** Opens the first backend of `choice` that does not refuse, and tells what the others said. */
  async select(choice: BackendChoice): Promise<EngineReport> {
    const refusals: Refusal[] = [];
    let last: unknown;
    for (const backend of this.order(choice)) {
      try {
        return this.describe(await this.open(backend, choice), refusals);
      } catch (refusal) {
        last = refusal;
        refusals.push({ backend, reason: toPlain(refusal).message });
      }
    }
    throw nobody(refusals, last);
  }

  describe(pool: Pool, refusals: readonly Refusal[]): EngineReport {
    const info = pool.members[0]?.info;
    return {
      backend: pool.backend,
      adapter: info?.adapter ?? '',
      software: info?.software ?? false,
      workers: this.wanted(pool.backend, Number.POSITIVE_INFINITY),
      refusals,
    };
  }

  /** Closes a backend that failed in the middle of a job; `auto` does not trust it again. */
  distrust(pool: Pool, reason: string): void {
    this.refused.set(pool.backend, reason);
    this.pools.delete(pool.backend);
    pool.close();
  }

  /** Ends whatever still computes and gives the ids of those workers. */
  abandonBusy(): number[] {
    const ids = [...this.pools.values()].flatMap((pool) => pool.abandonBusy());
    for (const id of ids) this.nursery.forget(id);
    return ids;
  }

  /** Whether a started compute worker is in a call. */
  get busy(): boolean {
    return [...this.pools.values()].some((pool) => pool.members.some((member) => member.busy > 0));
  }

  died(id: number, reason: string): void {
    this.nursery.died(id, reason);
  }
}

/** The error when no backend of a choice starts: it carries every reason. */
export function nobody(refusals: readonly Refusal[], cause: unknown): Error {
  if (refusals.length === 1) return cause instanceof Error ? cause : new DeviceError(String(cause));
  const reasons = refusals.map(({ backend, reason }) => `${backend}: ${reason}`).join(' ');
  return new DeviceError(
    `No engine could be started on this device. ${reasons}`,
    'Use a current browser, then reload the page.',
    cause,
  );
}
