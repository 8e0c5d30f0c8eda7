import { answer, bytes } from './answer.mjs';

let engine;
let input;
let output;

answer({
  async open({ glue, module, backend }) {
    const { default: init, Engine } = await import(glue);
    await init({ module_or_path: module });
    engine = await Engine.create(backend, true);
  },
  async prepare(net, side) {
    await engine.prepare(0, 1, await bytes(`/nets/${net.name}.onnx`), net.channels, side, side);
  },
  load(data) {
    input = data;
  },
  async run(tiles) {
    for (let n = 0; n < tiles; n += 1) output = await engine.run(0, input);
  },
  output: () => output,
});
