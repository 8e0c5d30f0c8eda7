/** What is said between the coordinator and the supervisor, which decides what runs a picture. */
import { toPlain } from '../shared/errors.js';
import type { Command, Supervisor, SupervisorEvent, SupervisorFault } from './wasm.js';
import type { ComputeWorker } from './compute-worker.js';

/** Reads a command. */
export function commandOf(json: string): Command {
  return JSON.parse(json) as Command;
}

/** Says what came of a command, or happened by itself. */
export function tell(supervisor: Supervisor, event: SupervisorEvent): void {
  supervisor.told(JSON.stringify(event));
}

/** That an engine has started, by its first worker. */
export function opened({ info }: ComputeWorker): SupervisorEvent {
  const { adapter, software, tilesInFlight, maxBufferBytes = null } = info;
  return { kind: 'opened', adapter, software, tilesInFlight, maxBufferBytes };
}

/** An error by its parts. */
export function fault(thrown: unknown): SupervisorFault {
  const { kind, message, remedy } = toPlain(thrown);
  return { kind, message, remedy };
}
