import { expect, test } from '@playwright/test';
import { cases } from '../../benches/peers/cases.mjs';
import { channelsFirst, channelsLast, largestDifference, tile } from '../../benches/peers/page/compare.mjs';

test('the benchmark notices one value that differs, a missing one, and one that is no number', () => {
  const one = tile(3, 8, 1);
  expect(largestDifference(one, one.slice())).toBe(0);
  const changed = one.slice();
  changed[77]! += 2e-3;
  expect(largestDifference(one, changed)).toBeCloseTo(2e-3, 6);
  expect(largestDifference(one, one.subarray(1))).toBe(Infinity);
  changed[77] = NaN;
  expect(largestDifference(one, changed)).toBe(Infinity);
});

test('the benchmark gives every round another tile of values from 0 to 1', () => {
  const [one, other] = [tile(1, 64, 1), tile(1, 64, 2)];
  expect(largestDifference(one, other)).toBeGreaterThan(0.1);
  for (const values of [one, other]) expect(values.every((value) => value >= 0 && value <= 1)).toBe(true);
  expect(channelsFirst(channelsLast(tile(3, 5, 1), 3), 3)).toEqual(tile(3, 5, 1));
});

test('the benchmark spares the peers on a software adapter', () => {
  const nets = ['tiny', 'photo'].map((name) => ({ name, channels: 3, macsPerPixel: 16_000 }));
  const plan = { nets, tiles: [64, 128], threads: [1, 2], engines: ['ort-wasm', 'ort-webgpu', 'inlarge-gpu'], rounds: 7, softwareRounds: 3 };
  const peers = (software: boolean) =>
    cases(plan, { software }).flatMap(({ net, side, threads, contenders }) =>
      contenders.filter(({ engine }) => engine === 'ort-webgpu').map(({ rounds }) => [net.name, side, threads, rounds]),
    );
  expect(peers(true)).toEqual([['tiny', 64, 1, 3]]);
  expect(peers(false)).toHaveLength(4);
  expect(cases(plan, undefined).flatMap(({ contenders }) => contenders.map(({ engine }) => engine))).toEqual(Array(8).fill('ort-wasm'));
});
