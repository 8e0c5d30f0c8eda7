/** What is measured: which engines on which network, tile size and number of threads, and how often. */

/** Peers on a software adapter take half a minute a tile: only these networks, only this tile. */
const PEER_NETS = ['tiny', 'compact'];
const PEER_TILE = 64;
/** Multiply-adds above which a tile takes long enough to be measured alone. */
const LONG = 2e9;
/** Tiles for two threads: workers with a tile each against threads that share one. */
const TILES_FOR_THREADS = 8;

const onGpu = (engine) => engine.endsWith('gpu');
const isPeer = (engine) => !engine.startsWith('inlarge');

/**
 * The cases of a plan; `adapter` is what WebGPU found, if anything.
 * @returns {{ net: any, side: number, threads: number, contenders: { engine: string, rounds: number, tiles: number }[] }[]}
 */
export function cases({ nets, tiles, threads, engines, rounds, softwareRounds }, adapter) {
  const list = [];
  for (const net of nets) {
    for (const side of tiles) {
      for (const count of threads) {
        const contenders = engines.flatMap((engine) => contender(engine, net, side, count, adapter, rounds, softwareRounds) ?? []);
        if (contenders.length > 0) list.push({ net, side, threads: count, contenders });
      }
    }
  }
  return list;
}

function contender(engine, net, side, threads, adapter, rounds, softwareRounds) {
  if (!onGpu(engine)) {
    const tiles = threads > 1 ? TILES_FOR_THREADS : net.macsPerPixel * side * side > LONG ? 1 : 4;
    return { engine, rounds, tiles };
  }
  // A GPU has one queue, whatever the number of threads.
  if (!adapter || threads > 1) return undefined;
  if (!adapter.software) return { engine, rounds, tiles: 4 };
  if (!isPeer(engine)) return { engine, rounds, tiles: 1 };
  if (!PEER_NETS.includes(net.name) || side !== PEER_TILE) return undefined;
  return { engine, rounds: Math.min(rounds, softwareRounds), tiles: 1 };
}
