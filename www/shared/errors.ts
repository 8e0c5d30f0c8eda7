import type { ErrorKind } from './generated.js';
import { USUAL } from './usual.js';

export type { ErrorKind } from './generated.js';

const KINDS: ReadonlySet<string> = new Set(USUAL.error_kinds);

/**
 * What every failure of Inlarge has: a fault, a text for people and what to do about it. As with the errors of the wasm
 * modules, the message is the whole text, remedy included.
 */
export class InlargeError extends Error {
  /** Whose fault it is. */
  readonly kind: ErrorKind;
  /** What the user can do about it; empty where nothing helps. */
  readonly remedy: string;

  constructor(kind: ErrorKind, message: string, remedy = '', cause?: unknown) {
    super(whole(message, remedy), cause === undefined ? undefined : { cause });
    this.name = 'InlargeError';
    this.kind = kind;
    this.remedy = remedy;
  }
}

/** Message and remedy in one text, unless the message has the remedy in it already. */
function whole(message: string, remedy: string): string {
  return message.includes(remedy.replace(/\.$/, '')) ? message : `${message} ${remedy}`;
}

/** The input is not a picture that can be read. */
export class DecodeError extends InlargeError {
  constructor(message: string, remedy?: string, cause?: unknown) {
    super('decode', message, remedy, cause);
    this.name = 'DecodeError';
  }
}

/** The result could not be written. */
export class EncodeError extends InlargeError {
  constructor(message: string, remedy?: string, cause?: unknown) {
    super('encode', message, remedy, cause);
    this.name = 'EncodeError';
  }
}

/** A model file is missing, damaged, or not a network that enlarges pictures. */
export class ModelError extends InlargeError {
  constructor(message: string, remedy?: string, cause?: unknown) {
    super('model', message, remedy, cause);
    this.name = 'ModelError';
  }
}

/** No engine could be started, or the one in use failed and there was no other. */
export class DeviceError extends InlargeError {
  constructor(message: string, remedy?: string, cause?: unknown) {
    super('device', message, remedy, cause);
    this.name = 'DeviceError';
  }
}

/** The picture or its result is larger than this device can hold. */
export class LimitsError extends InlargeError {
  constructor(message: string, remedy?: string, cause?: unknown) {
    super('limits', message, remedy, cause);
    this.name = 'LimitsError';
  }
}

/** An option has a value that is not offered. */
export class ParameterError extends InlargeError {
  constructor(message: string, remedy?: string, cause?: unknown) {
    super('parameter', message, remedy, cause);
    this.name = 'ParameterError';
  }
}

/** The file is sound but uses something that Inlarge does not do. */
export class UnsupportedError extends InlargeError {
  constructor(message: string, remedy?: string, cause?: unknown) {
    super('unsupported', message, remedy, cause);
    this.name = 'UnsupportedError';
  }
}

/** The browser gives out other pixels than a canvas has, against being recognised by them. */
export function alteredPixels(cause?: unknown): DeviceError {
  return new DeviceError(
    'This browser alters the pixels that a page reads back from a picture, so what it decodes or draws for the page is not the picture.',
    'Choose the picture as a PNG, JPEG, WebP, GIF, BMP or TIFF file, which needs none of that, or allow this site to read canvas data (in Firefox: privacy.resistFingerprinting).',
    cause,
  );
}

/** An error in a form that survives `postMessage`, with its kind and remedy. */
export interface PlainError {
  readonly kind: ErrorKind;
  readonly message: string;
  readonly remedy: string;
  readonly stack: string;
}

/** Reads `kind` and `remedy` from whatever was thrown; what has no kind gets `otherwise`. */
export function toPlain(thrown: unknown, otherwise: ErrorKind = 'device'): PlainError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const { kind, remedy } = error as { kind?: unknown; remedy?: unknown };
  const known = typeof kind === 'string' && KINDS.has(kind) ? (kind as ErrorKind) : undefined;
  return {
    kind: known ?? (error.name === 'AbortError' ? 'cancelled' : otherwise),
    message: error.message || error.name,
    remedy: typeof remedy === 'string' ? remedy : '',
    stack: error.stack ?? '',
  };
}

/** The typed error for `plain`; a cancelled job becomes an `AbortError`, as everywhere on the web. */
export function fromPlain(plain: PlainError): Error {
  const cause = new Error(plain.message);
  cause.stack = plain.stack;
  switch (plain.kind) {
    case 'decode': return new DecodeError(plain.message, plain.remedy, cause);
    case 'encode': return new EncodeError(plain.message, plain.remedy, cause);
    case 'model': return new ModelError(plain.message, plain.remedy, cause);
    case 'device': return new DeviceError(plain.message, plain.remedy, cause);
    case 'limits': return new LimitsError(plain.message, plain.remedy, cause);
    case 'parameter': return new ParameterError(plain.message, plain.remedy, cause);
    case 'unsupported': return new UnsupportedError(plain.message, plain.remedy, cause);
    case 'cancelled': return abortError();
  }
}

/** What a cancelled call rejects with. */
export function abortError(): DOMException {
  return new DOMException('The picture was cancelled.', 'AbortError');
}

/** Waits for `promise`, but not past an abort: then it rejects with the signal's reason. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    promise.then(resolve, reject);
  });
}
