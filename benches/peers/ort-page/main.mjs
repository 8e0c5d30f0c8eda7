/**
 * What our page is compared with: the least that enlarges a picture twice with photo-fast on ONNX Runtime Web. It decodes,
 * cuts tiles with a halo, runs the luma network on the processor, draws the result to a canvas and makes a PNG of it.
 */
import * as ort from '/peers/onnxruntime-web/dist/ort.wasm.bundle.min.mjs';

const SCALE = 2;
const TILE = 128;
/** How far the network sees, in pixels: `halo` in models/manifest.json. */
const HALO = 9;

ort.env.wasm.wasmPaths = '/peers/onnxruntime-web/dist/';
ort.env.wasm.numThreads = navigator.hardwareConcurrency;

const session = fetch('/models/photo-fast-x2-bicubic.onnx')
  .then((response) => response.arrayBuffer())
  .then((onnx) => ort.InferenceSession.create(onnx, { executionProviders: ['wasm'], graphOptimizationLevel: 'all' }));

const input = document.querySelector('input');
const status = document.querySelector('output');
const canvas = document.querySelector('canvas');
// A picture may have been chosen before this script ran.
input.addEventListener('change', () => void enlarge(input.files[0]));
if (input.files.length > 0) void enlarge(input.files[0]);

async function enlarge(file) {
  try {
    const picture = await createImageBitmap(file);
    const { width, height } = picture;
    const source = new OffscreenCanvas(width, height).getContext('2d');
    source.drawImage(picture, 0, 0);
    const luma = lumaOf(source.getImageData(0, 0, width, height).data);
    [canvas.width, canvas.height] = [width * SCALE, height * SCALE];
    const context = canvas.getContext('2d', { willReadFrequently: true });
    // Colour comes from the browser's own enlargement, the network gives the luma.
    context.imageSmoothingQuality = 'high';
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);
    for (let y = 0; y < height; y += TILE) for (let x = 0; x < width; x += TILE) await enlargeTile(context, luma, width, height, x, y);
    const png = await new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
    status.textContent = `Done: ${png.size} bytes`;
  } catch (error) {
    status.textContent = `Failed: ${error.message}`;
  }
}

async function enlargeTile(context, luma, width, height, left, top) {
  const [w, h] = [Math.min(TILE, width - left), Math.min(TILE, height - top)];
  const [outerW, outerH] = [w + 2 * HALO, h + 2 * HALO];
  const data = new Float32Array(outerW * outerH);
  for (let y = 0; y < outerH; y += 1) {
    const row = Math.min(height - 1, Math.max(0, top + y - HALO)) * width;
    for (let x = 0; x < outerW; x += 1) data[y * outerW + x] = luma[row + Math.min(width - 1, Math.max(0, left + x - HALO))];
  }
  const run = await session;
  const results = await run.run({ [run.inputNames[0]]: new ort.Tensor('float32', data, [1, 1, outerH, outerW]) });
  const enlarged = results[run.outputNames[0]].data;
  const pixels = context.getImageData(left * SCALE, top * SCALE, w * SCALE, h * SCALE);
  const smooth = lumaOf(pixels.data);
  const stride = outerW * SCALE;
  for (let y = 0; y < h * SCALE; y += 1) {
    for (let x = 0; x < w * SCALE; x += 1) {
      const at = y * w * SCALE + x;
      const change = 255 * (enlarged[(y + HALO * SCALE) * stride + x + HALO * SCALE] - smooth[at]);
      // A clamped array rounds and keeps to 0..=255.
      for (let c = 0; c < 3; c += 1) pixels.data[4 * at + c] += change;
    }
  }
  context.putImageData(pixels, left * SCALE, top * SCALE);
}

/** Luma of RGBA bytes, 0..=1, with the weights of ITU-R BT.601. */
function lumaOf(rgba) {
  const luma = new Float32Array(rgba.length / 4);
  for (let i = 0; i < luma.length; i += 1) luma[i] = (0.299 * rgba[4 * i] + 0.587 * rgba[4 * i + 1] + 0.114 * rgba[4 * i + 2]) / 255;
  return luma;
}
