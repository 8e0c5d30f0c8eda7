/** The page of ort-page with our library instead: the same job without our own page's user interface. */
import { createUpscaler } from '/site/npm/index.js';

const upscaler = createUpscaler({ backend: 'simd' });
upscaler.then((ready) => ready.ready({ model: 'photo-fast', scale: 2 }));

const input = document.querySelector('input');
const status = document.querySelector('output');
// A picture may have been chosen before this script ran.
input.addEventListener('change', () => void enlarge(input.files[0]));
if (input.files.length > 0) void enlarge(input.files[0]);

async function enlarge(file) {
  try {
    const { blob } = await (await upscaler).upscale(file, { model: 'photo-fast', scale: 2 });
    document.querySelector('img').src = URL.createObjectURL(blob);
    status.textContent = `Done: ${blob.size} bytes`;
  } catch (error) {
    status.textContent = `Failed: ${error.message}`;
  }
}
