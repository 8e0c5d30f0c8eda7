import type { BackendName } from '../shared/protocol.js';
import { type Member } from './member.js';
import { type Nursery } from './nursery.js';
import { type Artefact } from './wasm.js';

/** The compute workers of one backend. Starts with one and grows to what a job can use. */
export class Pool {
  readonly backend: BackendName;
  private readonly nursery: Nursery;
  private readonly artefact: Artefact;
  private readonly allowSoftware: boolean;
  private all: Member[] = [];
  private growing: Promise<void> = Promise.resolve();
  private closed = false;

  private constructor(backend: BackendName, nursery: Nursery, artefact: Artefact, allowSoftware: boolean) {
    this.backend = backend;
    this.nursery = nursery;
    this.artefact = artefact;
    this.allowSoftware = allowSoftware;
  }

  /** Starts the first worker; rejects with the backend's reason for refusing. */
  static async open(backend: BackendName, nursery: Nursery, artefact: Artefact, allowSoftware: boolean): Promise<Pool> {
    const pool = new Pool(backend, nursery, artefact, allowSoftware);
    await pool.add();
    return pool;
  }

  /** The workers that are alive. */
  get members(): readonly Member[] {
    this.all = this.all.filter((member) => !member.dead);
    return this.all;
  }

  get alive(): boolean {
    return this.members.length > 0;
  }

  /**
   * Starts workers until there are `count`, or one more is refused: fewer workers are slower, not wrong.
   * A pool whose workers all died rejects with the reason why no new one starts.
   */
  grow(count: number): Promise<void> {
    const grown = this.growing.then(() => this.growTo(count));
    this.growing = grown.catch(() => {});
    return grown;
  }

  private async growTo(count: number): Promise<void> {
    if (!this.alive) await this.add();
    const missing = count - this.members.length;
    if (missing <= 0) return;
    await Promise.allSettled(Array.from({ length: missing }, () => this.add()));
  }

  close(): void {
    this.closed = true;
    for (const member of this.members) this.nursery.end(member, 'The engine was closed.');
  }

  /** Ends the workers that are still in a call and gives their ids; the page terminates those. */
  abandonBusy(): number[] {
    const busy = this.members.filter((member) => member.busy > 0);
    for (const member of busy) member.die('The picture was cancelled.');
    return busy.map((member) => member.id);
  }

  private async add(): Promise<void> {
    const member = await this.nursery.take();
    let refusal: Error | undefined;
    try {
      refusal = await member.start(this.backend, this.allowSoftware, this.artefact);
    } catch (failure) {
      this.nursery.end(member, 'The engine could not be started.');
      throw failure;
    }
    if (refusal) {
      this.nursery.giveBack(member);
      throw refusal;
    }
    this.all.push(member);
    // Started by a picture that was cancelled meanwhile.
    if (this.closed) this.nursery.end(member, 'The engine was closed.');
  }
}
