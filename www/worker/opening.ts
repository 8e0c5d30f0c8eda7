/** From a picture's bytes and an order to a job. */
import { orAborted } from '../shared/errors.js';
import type { Begin } from '../shared/generated.js';
import type { JobRequest, Plan, Subject } from '../shared/protocol.js';
import type { Codecs } from './codecs.js';
import type { LoadedModel, Models } from './models.js';
import type { AppGlue, EnginePlan, Job, Passes, Source } from './wasm.js';

/** A picture that is read, and the networks that it needs. */
export interface Opening {
  readonly subject: Subject;
  readonly models: readonly LoadedModel[];
  readonly passes: Passes;
  /** Undefined where only running the network tells. */
  readonly plan: Plan | undefined;
  /** The picture; a job takes it. */
  source: Source | undefined;
}

/** Decodes the picture and loads the networks of its passes: those of the plan, or the one that does not tell its factor. */
export async function openPicture(app: AppGlue, codecs: Codecs, models: Models, { order, name }: JobRequest, file: Uint8Array, signal: AbortSignal): Promise<Opening> {
  const source = await orAborted(codecs.read(file), signal);
  const passes = new app.Passes();
  try {
    const subject = JSON.parse(source.subject(name, JSON.stringify(order))) as Subject;
    const own = models.ownOf(order);
    const [alone] = own === undefined ? [] : await orAborted(models.chain([own], order), signal);
    const plan = alone?.parsed.opaque ? undefined : planned(models, order, subject);
    const chain = plan ? await orAborted(models.chain(plan.passes, order), signal) : alone ? [alone] : [];
    for (const model of chain) passes.add(model.parsed);
    return { subject, models: chain, passes, plan, source };
  } catch (error) {
    source.free();
    passes.free();
    throw error;
  }
}

/** Opens the job for an engine. */
export async function openJob(
  app: AppGlue, codecs: Codecs, models: Models, { order }: JobRequest, file: Uint8Array, opening: Opening, engine: EnginePlan,
): Promise<{ job: Job; plan: Plan }> {
  const own = models.ownOf(order);
  if (own !== undefined && engine.opaqueScale !== null) models.learn(own, engine.opaqueScale);
  const plan = opening.plan ?? planned(models, order, opening.subject);
  const begin: Begin = { subject: opening.subject, plan, ...engine };
  const source = opening.source ?? (await codecs.read(file));
  opening.source = undefined;
  return { job: app.Job.open(source, opening.passes, JSON.stringify(order), JSON.stringify(begin)), plan };
}

function planned(models: Models, order: JobRequest['order'], subject: Subject): Plan {
  const plan = models.plan(order, subject);
  if (!plan) throw new Error('the network does not tell its factor');
  return plan;
}
