/** What goes into the networks, and how their results are compared. */

/**
 * A tile of values in 0..=1, CHW, the same for the same seed: smooth waves, for engines see pictures, and noise of a
 * xorshift generator (Marsaglia 2003), so that no two pixels are alike.
 */
export function tile(channels, side, seed) {
  const data = new Float32Array(channels * side * side);
  let state = (seed * 2654435761) | 1;
  for (let i = 0; i < data.length; i += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const [x, y, c] = [i % side, Math.floor(i / side) % side, Math.floor(i / (side * side))];
    const wave = Math.sin(x / 5 + c + seed) * Math.cos(y / 7 - c);
    data[i] = 0.5 + 0.3 * wave + 0.2 * ((state >>> 8) / (1 << 23) - 1);
  }
  return data;
}

/** The largest absolute difference; infinite where lengths differ or a value is not a number. */
export function largestDifference(a, b) {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < a.length; i += 1) {
    const difference = Math.abs(a[i] - b[i]);
    if (Number.isNaN(difference)) return Number.POSITIVE_INFINITY;
    if (difference > worst) worst = difference;
  }
  return worst;
}

/** CHW to HWC, the order of TF.js. */
export function channelsLast(data, channels) {
  const area = data.length / channels;
  const out = new Float32Array(data.length);
  for (let c = 0; c < channels; c += 1) for (let p = 0; p < area; p += 1) out[p * channels + c] = data[c * area + p];
  return out;
}

/** HWC to CHW. */
export function channelsFirst(data, channels) {
  const area = data.length / channels;
  const out = new Float32Array(data.length);
  for (let c = 0; c < channels; c += 1) for (let p = 0; p < area; p += 1) out[c * area + p] = data[p * channels + c];
  return out;
}
