import { type Remote } from 'comlink';
import type { HostApi, SpawnedWorker } from '../shared/protocol.js';
import { Member } from './member.js';

/**
 * Where compute workers come from. The page starts one ahead, and one whose engine refused
 * waits for the next engine: a new worker takes a tenth of a second or more.
 */
export class Nursery {
  /** Every worker by id, also those that are still starting. */
  private readonly members = new Map<number, Member>();
  private readonly host: Remote<HostApi>;
  private spare: Promise<Member> | undefined;
  private readonly deadBeforeSpawn = new Map<number, string>();

  constructor(host: Remote<HostApi>, spare: SpawnedWorker) {
    this.host = host;
    this.spare = Promise.resolve(this.adopt(spare));
  }

  /** The worker that waits, or a new one. */
  async take(): Promise<Member> {
    const waiting = this.spare;
    this.spare = undefined;
    const member = await waiting?.catch(() => undefined);
    return member && !member.dead ? member : this.spawn();
  }

  /** Takes a sound worker back whose engine refused. */
  giveBack(member: Member): void {
    if (this.spare || member.dead) this.end(member, 'The worker is not needed.');
    else this.spare = Promise.resolve(member);
  }

  /** Ends the worker that waits. */
  rest(): void {
    this.spare?.then((member) => this.end(member, 'The worker is not needed.'), () => {});
    this.spare = undefined;
  }

  end(member: Member, reason: string): void {
    member.die(reason);
    this.forget(member.id);
    void this.host.terminate(member.id);
  }

  forget(id: number): void {
    this.members.delete(id);
  }

  /** The page saw a worker fail outside of a call. */
  died(id: number, reason: string): void {
    const member = this.members.get(id);
    if (member) member.die(reason);
    else this.deadBeforeSpawn.set(id, reason);
  }

  private async spawn(): Promise<Member> {
    return this.adopt(await this.host.spawn());
  }

  private adopt(spawned: SpawnedWorker): Member {
    const member = Member.of(spawned);
    for (const [id, known] of this.members) if (known.dead) this.members.delete(id);
    this.members.set(member.id, member);
    const reason = this.deadBeforeSpawn.get(member.id);
    if (reason !== undefined) member.die(reason);
    return member;
  }
}
