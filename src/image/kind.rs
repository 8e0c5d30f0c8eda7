//! What kind of picture one is, by statistics of some of its patches.
//!
//! Own method: photographs have few equal neighbours and many grey levels; drawings few levels and long edges; text and user interfaces
//! a ground of one level and strong edges close to each other. A linear classifier over these statistics (`models/choice.json`, made by
//! `python -m training.report.choice`) tells them apart. It is no more than a guess: `model::choice` says how sure it is.

use super::rows::channel_row;
use super::{Picture, colour};

/// Number of statistics.
pub const COUNT: usize = 24;

/// What each statistic is. Shares are square roots of shares, so that small ones count.
pub const NAMES: [&str; COUNT] = [
    "equal neighbours",
    "neighbours less than 2 of 255 apart",
    "2 to 8 apart",
    "8 to 32 apart",
    "32 to 96 apart",
    "the most frequent level",
    "the two most frequent levels",
    "colours",
    "saturation",
    "grey pixels",
    "deviation",
    "strong edges close to each other",
    "the same down columns",
    "edges close to each other",
    "edges with another one of the same direction behind",
    "strokes across rows",
    "strokes across columns",
    "corners",
    "strong steps along rows",
    "strong steps down columns",
    "how much rows differ",
    "how much columns differ",
    "levels between the two most frequent ones and beyond",
    "flat patches",
];

/// Places of two statistics.
pub const REPEATED: usize = 14;
/// Of the strong steps along rows.
pub const STRONG: usize = 18;

/// Edges that go on in the next pixel, for each strong step: about 0.5 in drawings and text as they are made, more than 1 once
/// they were enlarged twice.
pub fn softness(found: &[f32; COUNT]) -> f32 {
    found[REPEATED].powi(2) / (found[STRONG].powi(2) + 1e-6)
}

/// Side of a patch in pixels.
const SIDE: usize = 64;
/// Patches along a side of the picture, at the most.
const ACROSS: usize = 10;
/// Standard deviation of luma, of 255, below which a patch is flat.
const FLAT: f32 = 1.5;
/// Differences of luma, of 255, of an edge and of a strong one, and pixels within which the next one is close.
const EDGE: f32 = 20.0;
const STRONG_EDGE: f32 = 48.0;
const CLOSE: usize = 6;
/// Pixels from the middle of a stroke to the ground on both of its sides.
const STROKE: usize = 3;

/// The statistics of up to 100 patches that lie evenly over `picture`; all but the last one are of those that are not flat.
///
/// Where all are flat, the others are 0.
#[inline(never)]
pub fn statistics(picture: &Picture) -> [f32; COUNT] {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let mut totals = [0.0; COUNT];
    let (mut textured, mut flat) = (0, 0);
    for y in starts(height) {
        for x in starts(width) {
            let patch = Patch::of(picture, [x, y], [SIDE.min(width), SIDE.min(height)]);
            if patch.deviation() < FLAT {
                flat += 1;
            } else {
                textured += 1;
                totals.iter_mut().zip(patch.statistics()).for_each(|(total, value)| *total += value);
            }
        }
    }
    let mut means = totals.map(|total| total / textured.max(1) as f32);
    means[COUNT - 1] = (flat as f32 / (flat + textured) as f32).sqrt();
    means
}

/// Where patches begin along a side of `size` pixels.
fn starts(size: usize) -> impl Iterator<Item = usize> {
    let count = (size / SIDE).clamp(1, ACROSS);
    let room = size.saturating_sub(SIDE);
    (0..count).map(move |i| if count == 1 { room / 2 } else { i * room / (count - 1) })
}

/// Luma and colours of a rectangle, 0..=255.
///
/// Its loops are functions of their own, for browsers: see `vector::widest`.
struct Patch {
    width: usize,
    luma: Vec<f32>,
    colours: [Vec<f32>; 3],
}

impl Patch {
    #[inline(never)]
    fn of(picture: &Picture, [left, top]: [usize; 2], [width, height]: [usize; 2]) -> Self {
        let mut colours = [const { Vec::new() }; 3];
        for (c, plane) in colours.iter_mut().enumerate() {
            // A grey picture has one channel for all three.
            let c = c.min(picture.channels.colours() - 1);
            (top..top + height).for_each(|y| channel_row(picture, y, c, left..left + width, plane));
            for value in plane {
                *value *= 255.0;
            }
        }
        let [r, g, b] = &colours;
        let luma = (0..r.len()).map(|i| colour::luma([r[i], g[i], b[i]])).collect();
        Self { width, luma, colours }
    }

    #[inline(never)]
    fn deviation(&self) -> f32 {
        let count = self.luma.len() as f32;
        let mean = self.luma.iter().sum::<f32>() / count;
        (self.luma.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / count).sqrt()
    }

    fn statistics(&self) -> [f32; COUNT] {
        let turned = self.turned();
        let steps = self.steps();
        let ([first, second], beyond) = self.most_frequent_levels();
        let (saturation, grey) = self.saturation();
        let [along, down] = [self.along(), turned.along()];
        [
            steps[0].sqrt(),
            steps[1].sqrt(),
            steps[2].sqrt(),
            steps[3].sqrt(),
            steps[4].sqrt(),
            first,
            first + second,
            self.colours(),
            saturation,
            grey,
            self.deviation() / 128.0,
            along.close_strong.sqrt(),
            down.close_strong.sqrt(),
            along.close.sqrt(),
            along.repeated.sqrt(),
            along.strokes.sqrt(),
            down.strokes.sqrt(),
            self.corners().sqrt(),
            along.strong.sqrt(),
            down.strong.sqrt(),
            along.unevenness,
            down.unevenness,
            beyond,
            0.0,
        ]
    }

    /// The luma with rows and columns exchanged.
    #[inline(never)]
    fn turned(&self) -> Self {
        let height = self.luma.len() / self.width;
        let luma = (0..self.luma.len()).map(|i| self.luma[i % height * self.width + i / height]).collect();
        Self { width: height, luma, colours: [const { Vec::new() }; 3] }
    }

    /// Shares of neighbours whose luma differs by less than 0.5, 2, 8, 32 and 96.
    #[inline(never)]
    fn steps(&self) -> [f32; 5] {
        let mut counts = [0usize; 6];
        let mut note = |a: f32, b: f32| {
            let step = (a - b).abs();
            counts[[0.5, 2.0, 8.0, 32.0, 96.0].iter().take_while(|&&limit| step >= limit).count()] += 1;
        };
        for row in self.luma.chunks(self.width) {
            row.windows(2).for_each(|pair| note(pair[0], pair[1]));
        }
        for (above, below) in self.luma.iter().zip(self.luma.get(self.width..).unwrap_or_default()) {
            note(*above, *below);
        }
        let total = counts.iter().sum::<usize>().max(1) as f32;
        std::array::from_fn(|i| counts[i] as f32 / total)
    }

    /// Shares of the two levels, of 64, that most pixels have, and of the pixels that are not near either of them.
    #[inline(never)]
    fn most_frequent_levels(&self) -> ([f32; 2], f32) {
        let level = |v: f32| (v / 4.0) as usize % 64;
        let mut counts = [(0usize, 0usize); 64];
        counts.iter_mut().enumerate().for_each(|(i, count)| count.1 = i);
        self.luma.iter().for_each(|&v| counts[level(v)].0 += 1);
        counts.sort_unstable_by_key(|count| std::cmp::Reverse(count.0));
        let total = self.luma.len() as f32;
        let beyond = self.luma.iter().filter(|&&v| counts[..2].iter().all(|(_, near)| level(v).abs_diff(*near) > 4)).count();
        ([counts[0].0 as f32 / total, counts[1].0 as f32 / total], beyond as f32 / total)
    }

    /// Number of colours, of 4096, on a scale from 0 (one) to 1 (all).
    #[inline(never)]
    fn colours(&self) -> f32 {
        let [r, g, b] = &self.colours;
        let mut seen = vec![false; 4096];
        for i in 0..r.len() {
            let [r, g, b] = [r[i], g[i], b[i]].map(|v| (v / 16.0) as usize % 16);
            seen[(r * 16 + g) * 16 + b] = true;
        }
        (seen.iter().filter(|&&s| s).count() as f32).log2() / 12.0
    }

    /// Mean distance of the largest from the smallest colour, 0..=1, and the share of pixels where it is small.
    #[inline(never)]
    fn saturation(&self) -> (f32, f32) {
        let [r, g, b] = &self.colours;
        let spread = |i: usize| r[i].max(g[i]).max(b[i]) - r[i].min(g[i]).min(b[i]);
        let count = r.len() as f32;
        let total: f32 = (0..r.len()).map(spread).sum();
        (total / count / 255.0, (0..r.len()).filter(|&i| spread(i) < 8.0).count() as f32 / count)
    }

    /// Pixels with a step of an edge both along their row and down their column, for each pixel.
    #[inline(never)]
    fn corners(&self) -> f32 {
        let count = (0..self.luma.len().saturating_sub(self.width))
            .filter(|i| (i + 1) % self.width != 0)
            .filter(|&i| [1, self.width].iter().all(|next| (self.luma[i + next] - self.luma[i]).abs() >= EDGE))
            .count();
        count as f32 / self.luma.len() as f32
    }

    /// What is seen along the rows.
    #[inline(never)]
    fn along(&self) -> Along {
        let mut found = Along::default();
        let mut strengths = Vec::new();
        for row in self.luma.chunks(self.width) {
            // Where the last edge was, and whether it rose.
            let [mut last, mut last_strong] = [None::<(usize, bool)>; 2];
            let mut strength = 0.0;
            for (x, pair) in row.windows(2).enumerate() {
                let (step, rises) = (pair[1] - pair[0], pair[1] > pair[0]);
                strength += step.abs();
                if step.abs() >= EDGE {
                    match last {
                        Some((at, rose)) if rose == rises && x == at + 1 => found.repeated += 1.0,
                        Some((at, rose)) if rose != rises && x - at <= CLOSE => found.close += 1.0,
                        _ => {}
                    }
                    last = Some((x, rises));
                }
                if step.abs() >= STRONG_EDGE {
                    found.strong += 1.0;
                    if last_strong.is_some_and(|(at, rose)| rose != rises && x - at <= CLOSE) {
                        found.close_strong += 1.0;
                    }
                    last_strong = Some((x, rises));
                }
            }
            for window in row.windows(2 * STROKE + 1) {
                let (left, middle, right) = (window[0], window[STROKE], window[2 * STROKE]);
                let stroke = (middle - left).abs().min((middle - right).abs()) >= STRONG_EDGE;
                if stroke && (left - right).abs() < EDGE {
                    found.strokes += 1.0;
                }
            }
            strengths.push(strength / self.width as f32);
        }
        let pixels = self.luma.len() as f32;
        for count in [&mut found.close_strong, &mut found.close, &mut found.repeated, &mut found.strokes, &mut found.strong] {
            *count /= pixels;
        }
        let mean = strengths.iter().sum::<f32>() / strengths.len() as f32;
        let spread = (strengths.iter().map(|s| (s - mean) * (s - mean)).sum::<f32>() / strengths.len() as f32).sqrt();
        found.unevenness = spread / (mean + 1.0);
        found
    }
}

/// What is seen along the rows of a patch; the counts are for each pixel.
#[derive(Default)]
struct Along {
    /// Strong edges with another one of the opposite direction close behind.
    close_strong: f32,
    /// The same of any edges.
    close: f32,
    /// Edges with one of the same direction right behind: soft ones.
    repeated: f32,
    /// Thin strokes on a ground that is the same on both sides.
    strokes: f32,
    /// Strong edges.
    strong: f32,
    /// Standard deviation of the rows' mean steps over their mean: lines of text alternate with nothing.
    unevenness: f32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Channels, Samples};

    fn picture(width: u32, height: u32, value: impl Fn(u32, u32) -> [u8; 3]) -> Picture {
        let samples = (0..width * height).flat_map(|i| value(i % width, i / width)).collect();
        Picture::new(width, height, Channels::Rgb, Samples::U8(samples)).unwrap()
    }

    #[test]
    fn patches_lie_evenly_and_inside() {
        assert_eq!(starts(40).collect::<Vec<_>>(), [0]);
        assert_eq!(starts(100).collect::<Vec<_>>(), [18]);
        assert_eq!(starts(200).collect::<Vec<_>>(), [0, 68, 136]);
        assert_eq!((starts(5000).count(), starts(5000).last()), (ACROSS, Some(5000 - SIDE)));
    }

    #[test]
    fn a_flat_picture_has_flat_patches_and_nothing_else() {
        let mut wanted = [0.0; COUNT];
        wanted[COUNT - 1] = 1.0;
        assert_eq!(statistics(&picture(300, 200, |_, _| [9, 200, 31])), wanted);
        assert_eq!(statistics(&picture(1, 1, |_, _| [0, 0, 0])), wanted);
    }

    #[test]
    fn what_was_enlarged_is_softer() {
        assert_eq!((NAMES[REPEATED], NAMES[STRONG]), ("edges with another one of the same direction behind", "strong steps along rows"));
        let stroke = |x: u32| if x % 16 < 2 { 0 } else { 255 };
        let sharp = picture(128, 64, |x, _| [stroke(x); 3]);
        let large = crate::image::resample::resize(&sharp, 256, 128, crate::image::resample::Kernel::Cubic).unwrap();
        let [sharp, soft] = [sharp, large].map(|picture| softness(&statistics(&picture)));
        assert!(sharp < 0.1 && soft > 0.4, "{sharp} {soft}");
    }

    #[test]
    fn stripes_are_counted() {
        // Two pixels white, two black: every second step along a row is one of 255, none down a column.
        let found = statistics(&picture(64, 64, |x, _| [if x / 2 % 2 == 0 { 255 } else { 0 }; 3]));
        let steps = (2 * 63 * 64) as f32;
        assert!((found[0] - ((steps - 31.0 * 64.0) / steps).sqrt()).abs() < 1e-6, "{found:?}");
        assert_eq!((found[5], found[6], found[8], found[9]), (0.5, 1.0, 0.0, 1.0));
        assert!((found[7] - 1.0 / 12.0).abs() < 1e-6, "two colours: {}", found[7]);
        assert!((found[11] - (30.0f32 / 64.0).sqrt()).abs() < 1e-6, "{}", found[11]);
        assert_eq!((found[12], found[13]), (0.0, found[11]), "no edge down columns; all edges are strong");
        assert_eq!((found[17], found[20], found[22]), (0.0, 0.0, 0.0), "no corner, equal rows, two levels");
        // The same of a grey picture, whose three colours are one channel.
        let grey = Samples::U8((0..64 * 64).map(|i| if i % 64 / 2 % 2 == 0 { 255 } else { 0 }).collect());
        assert_eq!(statistics(&Picture::new(64, 64, Channels::Grey, grey).unwrap()), found);
    }
}
