import { answer, bytes } from './answer.mjs';

const FOLDER = '/peers/onnxruntime-web/dist/';

let ort;
let provider;
let session;
let shape;
let input;
let output;

answer({
  async open(settings) {
    provider = settings.provider;
    ort = await import(`${FOLDER}ort.${provider}.bundle.min.mjs`);
    ort.env.wasm.wasmPaths = FOLDER;
    ort.env.wasm.numThreads = settings.threads;
    ort.env.logLevel = 'error';
  },
  async prepare(net, side) {
    await session?.release();
    session = await ort.InferenceSession.create(await bytes(`/nets/${net.name}.onnx`), {
      executionProviders: [provider],
      graphOptimizationLevel: 'all',
      // The sizes under the names that our exporters give them: a size known ahead can only help.
      freeDimensionOverrides: { h: side, w: side, height: side, width: side },
    });
    shape = [1, net.channels, side, side];
  },
  load(data) {
    input = data;
  },
  async run(tiles) {
    for (let n = 0; n < tiles; n += 1) {
      const results = await session.run({ [session.inputNames[0]]: new ort.Tensor('float32', input, shape) });
      output = results[session.outputNames[0]].data;
    }
  },
  output: () => output,
});
