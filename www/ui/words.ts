import { isSlower, type BackendChoice, type BackendName, type EngineReport } from '../shared/protocol.js';
import { roughly } from '../lib/estimate.js';
import type { Item } from './item.js';

const KINDS: Record<BackendName, string> = {
  gpu: 'on the graphics processor',
  simd: 'on the processor',
  tract: 'on the processor, on the slower engine for unusual models',
  reference: 'on the processor, exactly and slowly',
};

/** "Engine gpu · NVIDIA H100": backend and adapter, and what is slow about it, as the status line says them. */
export function engineSentence(engine: EngineReport, choice: BackendChoice, selected: Item | undefined): string {
  const workers = engine.backend === 'gpu' || engine.workers < 2 ? '' : `, ${engine.workers} workers`;
  const adapter = engine.adapter ? ` · ${engine.adapter}` : '';
  return `Engine ${engine.backend}${adapter}${workers}${slowness(engine, choice, selected)}`;
}

function slowness(engine: EngineReport, choice: BackendChoice, selected: Item | undefined): string {
  const ran = selected?.result?.report.backend;
  if (ran !== undefined && ran !== engine.backend && isSlower(ran)) return ` · this picture was made on the slower engine ${ran}`;
  if (engine.software) return ' · emulated in software, slower than simd';
  if (!isSlower(engine.backend)) return '';
  return choice === engine.backend ? ' · slower than simd, as chosen' : ' · slower, for the faster engines do not start here';
}

/** What the engine is, in a line below its name. */
export function engineKind(engine: EngineReport): string {
  return `Networks run ${KINDS[engine.backend]}${engine.software ? ' (a GPU emulated in software)' : ''}.`;
}

/** "Tile 12 of 48 · about 20 s left". */
export function progressLine(item: Item, left: number | undefined): string {
  const { progress } = item;
  if (!progress) return 'Starting';
  switch (progress.phase) {
    case 'load': return 'Loading the network';
    case 'decode': return 'Reading the picture';
    case 'encode': return 'Writing the file';
    case 'upscale': {
      const tiles = `Tile ${Math.min(progress.done + 1, progress.total)} of ${progress.total}`;
      return left === undefined ? tiles : `${tiles}, ${roughly(left)}`;
    }
  }
}

/** What a row of the list says about its picture. */
export function stateLine(item: Item): string {
  switch (item.state) {
    case 'waiting': return item.width ? `${size(item.width, item.height)}` : 'Waiting';
    case 'working': return progressLine(item, item.left);
    case 'done': return item.result ? `${size(item.result.width, item.result.height)}, ${bytes(item.result.blob.size)}` : 'Done';
    case 'failed': return item.result ? 'Failed; the result from before is kept' : 'Failed';
  }
}

export function size(width: number, height: number): string {
  return `${width} × ${height}`;
}

/** "26.0 × 17.3 cm at 300 DPI". */
export function paper(width: number, height: number, dpi: number, unit: 'cm' | 'in'): string {
  const side = (pixels: number): string => ((pixels / dpi) * (unit === 'cm' ? 2.54 : 1)).toFixed(1);
  return `${side(width)} × ${side(height)}\u00a0${unit} at ${dpi}\u00a0DPI`;
}

export function bytes(count: number): string {
  if (count < 1e6) return `${Math.max(1, Math.round(count / 1e3))} kB`;
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)} GB`;
  return `${(count / 1e6).toFixed(count < 1e7 ? 1 : 0)} MB`;
}

export function seconds(count: number): string {
  return count < 10 ? `${count.toFixed(1)} s` : count < 90 ? `${Math.round(count)} s` : `${Math.round(count / 60)} min`;
}
