//! Resampling by cubic and Lanczos kernels.
//!
//! Method: separable convolution with a stretched kernel when reducing (antialiasing), borders
//! mirrored as MATLAB's `imresize` does, weights normalised to 1. Guarantee: a flat plane stays flat to
//! rounding, and [`Kernel::Cubic`] with rounding between the passes is `imresize(..., 'bicubic')` on uint8.

use super::{Picture, Samples};
use crate::error::Result;

/// An interpolation kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// Keys' cubic convolution with a = -0.5 (Keys 1981).
    Cubic,
    /// Lanczos with three lobes (Duchon 1979).
    Lanczos3,
}

impl Kernel {
    const fn radius(self) -> f64 {
        match self {
            Self::Cubic => 2.0,
            Self::Lanczos3 => 3.0,
        }
    }

    /// The kernel's value `x` samples from its centre.
    pub fn at(self, x: f64) -> f64 {
        let x = x.abs();
        match self {
            Self::Cubic if x <= 1.0 => (1.5 * x - 2.5) * x * x + 1.0,
            Self::Cubic if x <= 2.0 => ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0,
            Self::Lanczos3 if x < 1e-9 => 1.0,
            Self::Lanczos3 if x < 3.0 => {
                let p = std::f64::consts::PI * x;
                3.0 * p.sin() * (p / 3.0).sin() / (p * p)
            }
            _ => 0.0,
        }
    }
}

/// Source positions and weights for every output index of one axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Taps {
    per_output: usize,
    index: Vec<u32>,
    weight: Vec<f64>,
}

impl Taps {
    /// Taps that take `input` samples to `output` samples.
    pub fn new(kernel: Kernel, input: usize, output: usize) -> Self {
        Self::part(kernel, input, 0.0, output as f64 / input as f64, output)
    }

    /// Taps for `output` samples at `scale` of `input` samples, from `offset` input samples after the first one on.
    #[inline(never)]
    pub fn part(kernel: Kernel, input: usize, offset: f64, scale: f64, output: usize) -> Self {
        let stretch = scale.min(1.0);
        let radius = kernel.radius() / stretch;
        let per_output = (2.0 * radius).ceil() as usize + 2;
        let (mut index, mut weight) = (Vec::with_capacity(output * per_output), Vec::with_capacity(output * per_output));
        for o in 0..output {
            let centre = offset + (o as f64 + 0.5) / scale - 0.5;
            let first = (centre - radius).floor() as i64;
            let raw: Vec<f64> = (0..per_output as i64).map(|k| kernel.at((centre - (first + k) as f64) * stretch)).collect();
            let total: f64 = raw.iter().sum();
            for (k, w) in raw.iter().enumerate() {
                index.push(mirror(first + k as i64, input) as u32);
                weight.push(w / total);
            }
        }
        Self { per_output, index, weight }
    }

    /// Number of outputs.
    pub fn len(&self) -> usize {
        self.index.len() / self.per_output
    }

    /// Whether there are no outputs.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// For every output, the lowest position that it or a later one uses: mirrored at the end, taps may reach back.
    pub fn firsts(&self) -> Vec<usize> {
        let mut lowest = usize::MAX;
        let mut firsts: Vec<usize> = (0..self.len())
            .rev()
            .map(|o| {
                lowest = self.of(o).map(|tap| tap.0).fold(lowest, usize::min);
                lowest
            })
            .collect();
        firsts.reverse();
        firsts
    }

    /// Positions and weights of output index `o`; none of the weights is 0.
    pub fn of(&self, o: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let range = o * self.per_output..(o + 1) * self.per_output;
        self.index[range.clone()].iter().map(|&i| i as usize).zip(self.weight[range].iter().copied()).filter(|tap| tap.1 != 0.0)
    }

    /// The position after the last one that output `o` uses.
    pub fn end(&self, o: usize) -> usize {
        self.of(o).map(|tap| tap.0 + 1).max().unwrap_or(0)
    }
}

/// Enlarges rows by cubic convolution: for every output, the four neighbouring inputs and their weights.
///
/// The same as [`Taps`] in f32, for rows that are resampled by the thousand.
#[derive(Debug, Clone, PartialEq)]
pub struct Windows {
    input: usize,
    /// Outputs for each input where that is a whole number: then every so many outputs have the same weights.
    factor: Option<usize>,
    /// Where the window of each output starts in the row with its borders.
    start: Vec<u32>,
    weight: Vec<[f32; WINDOW]>,
}

const WINDOW: usize = 4;
/// Pixels beyond the borders that windows reach.
const BORDER: usize = 2;

impl Windows {
    /// Windows that take `input` samples to `output` samples, at least as many.
    ///
    /// # Panics
    /// Where `output` is less than `input`: reducing needs more taps.
    pub fn cubic(input: usize, output: usize) -> Self {
        assert!(output >= input, "{output} samples are fewer than {input}");
        let scale = output as f64 / input as f64;
        let (mut start, mut weight) = (Vec::with_capacity(output), Vec::with_capacity(output));
        for o in 0..output {
            let centre = (o as f64 + 0.5) / scale - 0.5;
            let first = centre.floor() - 1.0;
            let raw: [f64; WINDOW] = std::array::from_fn(|k| Kernel::Cubic.at(centre - (first + k as f64)));
            let total: f64 = raw.iter().sum();
            start.push((first + BORDER as f64) as u32);
            weight.push(raw.map(|w| (w / total) as f32));
        }
        Self { input, factor: output.is_multiple_of(input).then(|| output / input), start, weight }
    }

    /// Enlarges `row` into `output`; `row` gets borders on the way.
    ///
    /// # Panics
    /// Where `row` has not the length that the windows are for.
    pub fn apply(&self, row: &mut Vec<f32>, output: &mut Vec<f32>) {
        assert_eq!(row.len(), self.input, "a row of another length");
        let border: [f32; 2 * BORDER] = std::array::from_fn(|k| {
            let index = if k < BORDER { k as i64 - BORDER as i64 } else { (self.input + k - BORDER) as i64 };
            row[mirror(index, self.input)]
        });
        row.splice(..0, border[..BORDER].iter().copied());
        row.extend(&border[BORDER..]);
        output.clear();
        if let Some(factor) = self.factor {
            output.resize(factor * self.input, 0.0);
            match factor {
                2 => self.phases::<2>(row, output),
                3 => self.phases::<3>(row, output),
                4 => self.phases::<4>(row, output),
                _ => {
                    let mut sums = vec![0.0; self.input];
                    for phase in 0..factor {
                        self.phase(phase, row, &mut sums);
                        output[phase..].iter_mut().step_by(factor).zip(&sums).for_each(|(out, sum)| *out = *sum);
                    }
                }
            }
            return;
        }
        output.extend(self.start.iter().zip(&self.weight).map(|(&start, weight)| {
            let window = &row[start as usize..][..WINDOW];
            weight[0] * window[0] + weight[1] * window[1] + weight[2] * window[2] + weight[3] * window[3]
        }));
    }
}

impl Windows {
    /// Every so many outputs, from number `phase`: they have the same weights, and whole rows are summed at once.
    fn phase(&self, phase: usize, row: &[f32], sums: &mut [f32]) {
        let (start, weight) = (self.start[phase] as usize, self.weight[phase]);
        let taps: [(&[f32], f32); WINDOW] = std::array::from_fn(|k| (&row[start + k..], weight[k]));
        weighted_sum(&taps, sums);
    }

    /// All outputs where there are `N` for each input.
    fn phases<const N: usize>(&self, row: &[f32], output: &mut [f32]) {
        let mut sums = [const { Vec::new() }; N];
        for (phase, sums) in sums.iter_mut().enumerate() {
            sums.resize(self.input, 0.0);
            self.phase(phase, row, sums);
        }
        let sums = sums.each_ref().map(|sums| &sums[..self.input]);
        crate::vector::widest(
            #[inline(always)]
            || {
                for (x, outputs) in output.as_chunks_mut::<N>().0.iter_mut().enumerate().take(self.input) {
                    *outputs = std::array::from_fn(|phase| sums[phase][x]);
                }
            },
        );
    }
}

/// Mirrors an index into `0..size`, the edge pixel repeated: `-1` is `0`, `size` is `size - 1`.
pub(crate) fn mirror(index: i64, size: usize) -> usize {
    let period = 2 * size as i64;
    let i = index.rem_euclid(period);
    if i < size as i64 { i as usize } else { (period - 1 - i) as usize }
}

/// Values that are summed at a time: few enough for the vector registers.
const BLOCK: usize = 32;

/// The sum of `rows`, each times its weight, into `sum`.
pub(crate) fn weighted_sum(rows: &[(&[f32], f32)], sum: &mut [f32]) {
    crate::vector::widest(
        #[inline(always)]
        || add_up(rows, sum),
    );
}

#[expect(clippy::inline_always, reason = "`widest` vectorises what is inlined into it")]
#[inline(always)]
fn add_up(rows: &[(&[f32], f32)], sum: &mut [f32]) {
    let whole = sum.len() / BLOCK * BLOCK;
    for (block, out) in sum[..whole].chunks_exact_mut(BLOCK).enumerate() {
        let mut total = [0.0f32; BLOCK];
        for (row, weight) in rows {
            for (t, v) in total.iter_mut().zip(&row[block * BLOCK..][..BLOCK]) {
                *t += weight * v;
            }
        }
        out.copy_from_slice(&total);
    }
    for (x, out) in sum.iter_mut().enumerate().skip(whole) {
        *out = rows.iter().map(|(row, weight)| weight * row[x]).sum();
    }
}

/// Resamples an 8-bit picture to `width` x `height`; vertical pass first, rounded and clipped to 8 bits
/// between the passes. This is the protocol of the published super-resolution tables. 16-bit
/// pictures are rounded to 16 bits in the same way.
///
/// # Errors
/// `Parameter` for a side of 0.
pub fn resize(picture: &Picture, width: u32, height: u32, kernel: Kernel) -> Result<Picture> {
    let channels = picture.channels.count();
    let (iw, ih) = (picture.width as usize, picture.height as usize);
    let (ow, oh) = (width as usize, height as usize);
    let peak = if matches!(picture.samples, Samples::U8(_)) { 255.0 } else { 65_535.0 };
    let read = |i: usize| match &picture.samples {
        Samples::U8(v) => f64::from(v[i]),
        Samples::U16(v) => f64::from(v[i]),
    };
    let round = |v: f64| v.round().clamp(0.0, peak);
    let vertical = Taps::new(kernel, ih, oh);
    let row = iw * channels;
    let mut between = Vec::with_capacity(oh * row);
    for y in 0..oh {
        between.extend((0..row).map(|x| round(vertical.of(y).map(|(sy, w)| w * read(sy * row + x)).sum())));
    }
    let horizontal = Taps::new(kernel, iw, ow);
    let mut values = Vec::with_capacity(oh * ow * channels);
    for line in between.chunks_exact(row) {
        for x in 0..ow {
            values.extend((0..channels).map(|c| round(horizontal.of(x).map(|(sx, w)| w * line[sx * channels + c]).sum())));
        }
    }
    let samples = match &picture.samples {
        Samples::U8(_) => Samples::U8(values.iter().map(|&v| v as u8).collect()),
        Samples::U16(_) => Samples::U16(values.iter().map(|&v| v as u16).collect()),
    };
    Picture::new(width, height, picture.channels, samples)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Channels;

    #[test]
    fn sums_are_weighted_at_every_length() {
        for len in [1, 31, 32, 33, 100] {
            let a: Vec<f32> = (0..len).map(|i| i as f32).collect();
            let b: Vec<f32> = (0..len).map(|i| (i * i % 7) as f32).collect();
            let mut sum = vec![9.0; len];
            weighted_sum(&[(&a, 0.5), (&b, -2.0)], &mut sum);
            assert!(sum.iter().enumerate().all(|(i, &s)| s == 0.5 * a[i] - 2.0 * b[i]), "{len}");
        }
    }

    #[test]
    fn flat_stays_flat_and_identity_is_identity() {
        let flat = Picture::new(7, 5, Channels::Rgb, Samples::U8(vec![200; 105])).unwrap();
        for (w, h) in [(3, 2), (28, 20), (1, 1), (7, 5)] {
            for kernel in [Kernel::Cubic, Kernel::Lanczos3] {
                let Samples::U8(values) = resize(&flat, w, h, kernel).unwrap().samples else { panic!() };
                assert!(values.iter().all(|&v| v == 200));
            }
        }
        let ramp = Picture::new(4, 1, Channels::Grey, Samples::U8(vec![0, 90, 30, 255])).unwrap();
        assert_eq!(resize(&ramp, 4, 1, Kernel::Cubic).unwrap(), ramp);
        assert_ne!(resize(&ramp, 2, 1, Kernel::Cubic).unwrap().samples, ramp.samples);
    }

    #[test]
    fn windows_are_the_taps_of_the_cubic_kernel() {
        for (input, output) in [(1, 1), (1, 4), (2, 6), (5, 10), (7, 28), (9, 13), (64, 64)] {
            let row: Vec<f32> = (0..input).map(|i| ((i * 37 + 11) % 17) as f32 / 17.0).collect();
            let taps = Taps::new(Kernel::Cubic, input, output);
            let expected: Vec<f32> = (0..output).map(|o| taps.of(o).map(|(i, w)| (w * f64::from(row[i])) as f32).sum()).collect();
            let mut enlarged = Vec::new();
            Windows::cubic(input, output).apply(&mut row.clone(), &mut enlarged);
            assert!(expected.iter().zip(&enlarged).all(|(a, b)| (a - b).abs() < 1e-6), "{input} to {output}: {expected:?} {enlarged:?}");
            assert_eq!(enlarged.len(), output);
        }
    }

    #[test]
    fn borders_are_mirrored() {
        assert_eq!([-2, -1, 0, 3, 4, 5].map(|i| mirror(i, 4)), [1, 0, 0, 3, 3, 2]);
        assert_eq!(mirror(17, 1), 0);
    }
}
