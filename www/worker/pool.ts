import { type Remote } from 'comlink';
import type { BackendName, HostApi } from '../shared/protocol.js';
import { Member } from './member.js';
import { type Artefact } from './wasm.js';

/** The compute workers of one backend. Starts with one and grows to what a job can use. */
export class Pool {
  readonly backend: BackendName;
  private readonly host: Remote<HostApi>;
  private readonly artefact: Artefact;
  private readonly allowSoftware: boolean;
  private readonly register: (member: Member) => void;
  private all: Member[] = [];
  private growing: Promise<void> = Promise.resolve();
  private closed = false;

  private constructor(
    backend: BackendName,
    host: Remote<HostApi>,
    artefact: Artefact,
    allowSoftware: boolean,
    register: (member: Member) => void,
  ) {
    this.backend = backend;
    this.host = host;
    this.artefact = artefact;
    this.allowSoftware = allowSoftware;
    this.register = register;
  }

  /** Starts the first worker; rejects with the backend's reason for refusing. */
  static async open(
    backend: BackendName,
    host: Remote<HostApi>,
    artefact: Artefact,
    allowSoftware: boolean,
    register: (member: Member) => void,
  ): Promise<Pool> {
    const pool = new Pool(backend, host, artefact, allowSoftware, register);
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
    for (const member of this.members) this.end(member, 'The engine was closed.');
  }

  /** Ends the workers that are still in a call and gives their ids; the page terminates those. */
  abandonBusy(): number[] {
    const busy = this.members.filter((member) => member.busy > 0);
    for (const member of busy) member.die('The picture was cancelled.');
    return busy.map((member) => member.id);
  }

  private async add(): Promise<void> {
    let started: Member | undefined;
    try {
      const member = await Member.start(this.host, this.backend, this.allowSoftware, this.artefact, (early) => {
        started = early;
        this.register(early);
      });
      this.all.push(member);
      // Started by a picture that was cancelled meanwhile.
      if (this.closed) this.end(member, 'The engine was closed.');
    } catch (refusal) {
      if (started) this.end(started, 'The engine could not be started.');
      throw refusal;
    }
  }

  private end(member: Member, reason: string): void {
    member.die(reason);
    void this.host.terminate(member.id);
  }
}
