import type { UpscaleResult } from '../lib/types.js';
import type { Kind } from '../shared/manifest.js';
import type { Plan, Progress, Pyramid } from '../shared/protocol.js';

export type ItemState = 'waiting' | 'working' | 'done' | 'failed';

/** One picture on the page. */
export interface Item {
  readonly id: number;
  readonly file: File;
  /** Address of something that the browser can show; undefined while unknown, empty where there is nothing. */
  picture: string | undefined;
  /** Size of the upright source in pixels, as soon as it is known. */
  width: number;
  height: number;
  /** What it shows, once that was asked; undefined where it cannot be told. */
  kind: Promise<Kind | undefined> | undefined;
  /** The same, as soon as it is known. */
  takenFor: Kind | undefined;
  /** What the settings lead to, as far as it can be told. */
  planned: Plan | undefined;
  /** Why the settings lead to no size. */
  planProblem: string;
  state: ItemState;
  progress: Progress | undefined;
  /** Size of the result under way, as soon as it is known. */
  size: Progress['size'];
  /** Tiles that are done, in pixels of the result. */
  tiles: NonNullable<Progress['tile']>[];
  /** Seconds left, where that can be said. */
  left: number | undefined;
  result: UpscaleResult | undefined;
  /** Name of the file that the result was written to. */
  savedAs: string;
  /** Address of the result. */
  resultUrl: string;
  /** The result cut up for the viewer, where it is too large for one image element, and the address of its reduced picture. */
  pyramid: Pyramid | undefined;
  reducedUrl: string;
  /** Why a result cannot be shown. */
  unseen: string;
  /** Address of the fidelity map; empty where there is none. */
  mapUrl: string;
  /** The settings that the result was made with. */
  madeWith: string;
  /** What went wrong and what to do about it, in words for people. */
  problem: string | undefined;
}

let nextId = 1;

export function newItem(file: File): Item {
  return {
    id: nextId++, file, picture: undefined, width: 0, height: 0, kind: undefined, takenFor: undefined, planned: undefined, planProblem: '', state: 'waiting', progress: undefined, size: undefined, tiles: [], left: undefined,
    result: undefined, savedAs: '', resultUrl: '', pyramid: undefined, reducedUrl: '', unseen: '', mapUrl: '', madeWith: '', problem: undefined,
  };
}

/** Sets a picture up for a run. A result that it has stays until another one takes its place. */
export function prepare(item: Item): void {
  Object.assign(item, { state: 'waiting', progress: undefined, size: undefined, tiles: [], left: undefined, problem: undefined });
}

/** Puts a picture back that a run has made nothing of. */
export function putBack(item: Item): void {
  prepare(item);
  if (item.result) item.state = 'done';
}

/** Puts a result in the place of the one before. */
export function complete(item: Item, result: UpscaleResult, savedAs: string, madeWith: string): void {
  forget(item);
  const resultUrl = URL.createObjectURL(result.blob);
  const mapUrl = result.map ? URL.createObjectURL(result.map) : '';
  Object.assign(item, { state: 'done', result, savedAs, madeWith, resultUrl, mapUrl });
}

/** Lets go of a picture's result. */
export function forget(item: Item): void {
  void item.result?.discard();
  for (const address of [item.resultUrl, item.reducedUrl, item.mapUrl]) if (address) URL.revokeObjectURL(address);
  Object.assign(item, { result: undefined, savedAs: '', resultUrl: '', pyramid: undefined, reducedUrl: '', unseen: '', mapUrl: '', madeWith: '' });
}

/** How much of the picture is done, 0 to 1. Loading and decoding count little. */
export function fraction(item: Item): number {
  if (item.state === 'done' || item.state === 'failed') return 1;
  const { progress } = item;
  if (!progress) return 0;
  switch (progress.phase) {
    case 'load':
    case 'decode': return 0;
    case 'upscale': return (progress.done / Math.max(1, progress.total)) * 0.99;
    case 'encode': return 0.99;
  }
}

export function problemOf(error: unknown): string {
  return error instanceof Error && error.message ? error.message : String(error);
}
