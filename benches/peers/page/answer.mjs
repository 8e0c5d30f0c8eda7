/**
 * Answers the calls of group.mjs with `handlers`. Every engine's worker has the same five:
 * `open(settings)`, `prepare(net, side)`, `load(input)` which is not measured, `run(tiles)` which is: upload, the network
 * and readback, one tile after the other, and `output()`, the last tile's result, CHW.
 */
export function answer(handlers) {
  self.onmessage = async ({ data: { id, name, args } }) => {
    try {
      postMessage({ id, value: await handlers[name](...args) });
    } catch (error) {
      postMessage({ id, error: String(error?.message ?? error) });
    }
  };
}

/** The bytes of a file of the server. */
export async function bytes(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: the server answered ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
