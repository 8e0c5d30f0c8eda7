/**
 * A compute worker: one wasm instance, one engine, nothing else. The page creates it and hands it a port;
 * the coordinator talks to it over that port.
 */
import { expose, transfer } from 'comlink';
import { DeviceError, toPlain } from '../shared/errors.js';
import { carryFaults } from '../shared/faults.js';
import { holdLifeline } from '../shared/lifeline.js';
import type { BackendName, ComputeApi, EngineStart } from '../shared/protocol.js';
import { expectVersion } from '../shared/version.js';
import { instantiate, preloadBest, type EngineGlue, type Engine } from './wasm.js';

let engine: Engine | undefined;

const api: ComputeApi = {
  hold: holdLifeline,

  async create(version: string, backend: BackendName, allowSoftware: boolean, glue: string, module: WebAssembly.Module): Promise<EngineStart> {
    expectVersion(version);
    const { Engine } = await instantiate<EngineGlue>({ glue, module });
    try {
      engine = await Engine.create(backend, allowSoftware);
    } catch (error) {
      // After a trap the instance is not to be trusted with anything else.
      if (error instanceof WebAssembly.RuntimeError) throw error;
      return { refused: toPlain(error) };
    }
    const { adapter, software, tilesInFlight, maxBufferBytes } = engine;
    return { info: { adapter, software, tilesInFlight: Math.max(1, tilesInFlight), maxBufferBytes } };
  },

  async prepare(slot, slots, onnx, channels, height, width) {
    await running().prepare(slot, slots, onnx, channels, height, width);
    return Array.from(running().outputShape(slot));
  },

  async run(slot, data) {
    const result = await running().run(slot, data);
    return transfer(result, [result.buffer]);
  },
};

function running(): Engine {
  if (!engine) throw new DeviceError('The engine of this worker was not started.');
  return engine;
}

carryFaults();
// The first message brings the port; set before anything is awaited, or it would be lost.
self.onmessage = (event: MessageEvent<{ port: MessagePort }>) => expose(api, event.data.port);
preloadBest(import.meta.url);
