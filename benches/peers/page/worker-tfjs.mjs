import { answer, bytes } from './answer.mjs';
import { channelsFirst, channelsLast } from './compare.mjs';
import { build } from './tfjs-graph.mjs';

const FOLDER = '/peers/@tensorflow/';

let tf;
let network;
let shape;
let input;
let output;

answer({
  async open({ backend, threads }) {
    // The bundles are scripts that add to `globalThis.tf`.
    await import(`${FOLDER}tfjs-core/dist/tf-core.min.js`);
    await import(`${FOLDER}tfjs-backend-${backend}/dist/tf-backend-${backend}.min.js`);
    tf = globalThis.tf;
    tf.enableProdMode();
    if (backend === 'wasm') {
      tf.wasm.setWasmPaths(`${FOLDER}tfjs-backend-wasm/dist/`);
      tf.wasm.setThreadsCount(threads);
      // It caps the number at half of what the browser calls the processor's cores.
      Object.defineProperty(navigator, 'hardwareConcurrency', { value: 2 * threads });
      // One thread: the module that pages without shared memory get.
      if (threads === 1) tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
    }
    if (!(await tf.setBackend(backend))) throw new Error(`TF.js has no backend ${backend} here`);
    if (backend === 'wasm' && threads > 1 && tf.wasm.getThreadsCount() !== threads) {
      throw new Error(`TF.js runs ${tf.wasm.getThreadsCount()} threads instead of ${threads}`);
    }
  },
  async prepare(net, side) {
    network?.dispose();
    const graph = JSON.parse(new TextDecoder().decode(await bytes(`/nets/${net.name}.json`)));
    network = build(tf, graph, new Float32Array((await bytes(`/nets/${net.name}.bin`)).buffer));
    shape = [1, side, side, net.channels];
  },
  load(data) {
    input = channelsLast(data, shape[3]);
  },
  async run(tiles) {
    for (let n = 0; n < tiles; n += 1) {
      const result = tf.tidy(() => network.run(tf.tensor4d(input, shape)));
      output = await result.data();
      result.dispose();
    }
  },
  output: () => channelsFirst(output, shape[3]),
});
