import { transferHandlers, type TransferHandler } from 'comlink';
import { fromPlain, toPlain, type PlainError } from './errors.js';

/**
 * Lets errors keep their class, kind and remedy on the way through Comlink, whose own handler carries
 * name, message and stack alone. Called once in every realm that talks Comlink, before it talks.
 */
export function carryFaults(): void {
  const original = transferHandlers.get('throw') as TransferHandler<{ value: unknown }, unknown> | undefined;
  if (!original) throw new Error('Comlink has no handler for thrown values');
  const handler: TransferHandler<{ value: unknown }, PlainError> = {
    canHandle: original.canHandle,
    serialize: ({ value }) => [toPlain(value), []],
    deserialize: (plain) => {
      throw fromPlain(plain);
    },
  };
  transferHandlers.set('throw', handler);
}
