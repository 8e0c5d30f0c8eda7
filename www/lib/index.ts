/** Enlarges pictures in the browser, on its GPU or CPU; nothing leaves the machine. */
export { createUpscaler } from './upscaler.js';
export type { PlannedPicture, UpscaleInput, UpscaleOptions, Upscaler, UpscaleResult, UpscalerOptions } from './types.js';
export type { Kind, ModelEntry } from '../shared/manifest.js';
export type {
  BackendChoice, BackendName, EngineReport, Fidelity, Machine, MetadataChoice, Order, OutputType, Plan, PreviewResult, Progress, Pyramid, Refusal, Report, SinkChoice, SizeRequest,
} from '../shared/protocol.js';
export {
  DecodeError,
  DeviceError,
  EncodeError,
  InlargeError,
  LimitsError,
  ModelError,
  ParameterError,
  UnsupportedError,
  type ErrorKind,
} from '../shared/errors.js';
