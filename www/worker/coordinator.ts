/**
 * The coordinator worker: owns the app module and the picture under way, and deals tiles out to the
 * compute workers. One job at a time; the page keeps the queue.
 */
import { expose, type Remote } from 'comlink';
import { DeviceError } from '../shared/errors.js';
import { carryFaults } from '../shared/faults.js';
import { holdLifeline } from '../shared/lifeline.js';
import type { Kind } from '../shared/generated.js';
import type { CoordinatorApi, HostApi, Progress } from '../shared/protocol.js';
import { expectVersion } from '../shared/version.js';
import { Codecs } from './codecs.js';
import { Engines } from './engines.js';
import { JobRun } from './job.js';
import { Models } from './models.js';
import { previewOf } from './preview.js';
import { pyramidOfFile } from './pyramid.js';
import { preloadBest, type AppGlue } from './wasm.js';

/** How long a cancelled job's tiles may take to end by themselves before their workers are ended. */
const GRACE_MS = 100;

interface Running {
  readonly app: AppGlue;
  readonly engines: Engines;
  readonly codecs: Codecs;
  readonly models: Models;
}

let running: Running | undefined;
const jobs = new Map<number, AbortController>();

/** Comlink hands functions and proxied objects over as remotes, whatever the shared type says. */
const api: CoordinatorApi = {
  async start(setup, hostApi, provision) {
    expectVersion(setup.version);
    const host = hostApi as unknown as Remote<HostApi>;
    const held = holdLifeline(setup.lifeline);
    const engines = new Engines(host, setup.assetBase, setup.workers, provision);
    const app = await engines.loadApp();
    const models = new Models(app, setup.assetBase, setup.manifest);
    for (const own of setup.own) models.know(own);
    running = { app, engines, codecs: new Codecs(app, () => engines.artefact('codecs')), models };
    // Whoever asks for it learns how it went.
    engines.during(() => engines.select(setup.backend)).catch(() => {});
    return held;
  },

  async engine(choice) {
    const { engines } = started();
    return engines.during(() => engines.select(choice));
  },

  async ready(order) {
    const { engines, models } = started();
    await engines.during(async () => {
      engines.expect(order.backend ?? 'auto');
      await models.expect(order);
    });
  },

  async upscale(id, request, onProgress) {
    const { app, engines, codecs, models } = started();
    const controller = new AbortController();
    jobs.set(id, controller);
    // Progress and result travel on different ports: the result waits until the last progress has arrived.
    let told: unknown;
    const emit = (progress: Progress): void => {
      told = onProgress(progress);
    };
    try {
      const result = await engines.during(() => new JobRun(app, engines, codecs, models, request, controller.signal, emit).run());
      await told;
      return result;
    } finally {
      jobs.delete(id);
    }
  },

  async cancel(id) {
    jobs.get(id)?.abort();
    const { engines } = started();
    const deadline = performance.now() + GRACE_MS;
    while (engines.busy && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
    return engines.abandonBusy();
  },

  computeDied(id, reason) {
    running?.engines.died(id, reason);
  },

  async check(order) {
    started().models.check(order);
  },

  async plan(order, subject, machine) {
    return started().models.plan(order, subject, machine);
  },

  async add(name, file) {
    return started().models.add(name, file);
  },

  pyramid: pyramidOfFile,

  async preview(file, maxSide) {
    return previewOf(started().codecs, file, maxSide);
  },

  async kind(file) {
    const source = await started().codecs.read(new Uint8Array(await file.arrayBuffer()));
    try {
      return source.kind() as Kind;
    } finally {
      source.free();
    }
  },
};

function started(): Running {
  if (!running) throw new DeviceError('The coordinator was not started.');
  return running;
}

carryFaults();
// Listens from here on; nothing above awaits, so no message can be lost.
expose(api);
preloadBest(import.meta.url);
