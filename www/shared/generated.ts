/** Types that the Rust side declares: the build writes them beside the app module. */
export type {
  BackendKind, Begin, Entry, ErrorKind, Fidelity, Host, Kind, Machine, Manifest, MetadataPolicy, ModelFile, Order, OutputFormat, OutputOrder, Phase, Plan, Progress, Rectangle,
  Report, SetScore, Sides, SizeRequest, Subject, Usual,
} from '../wasm/app/inlarge.js';
