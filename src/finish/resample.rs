//! From the model's scale to an exact size: the one resampling of a job, row by row.
//!
//! Method: Keys' cubic, stretched, as a job's last step only shrinks. In linear light and on colours times alpha, so that fine bright
//! lines keep their brightness and transparent pixels have no say. sRGB's curve stands for that of every profile: what differs is
//! far below what the kernel changes.

use std::ops::Range;
use std::sync::LazyLock;

use super::{Recent, Row, RowFilter};
use crate::error::Result;
use crate::image::colour::{from_linear, to_linear};
use crate::image::resample::{Kernel, Taps};

/// A part of the rows and columns that come, and the size that it is to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Width of the rows that come.
    pub width: usize,
    /// Number of rows that come.
    pub height: usize,
    /// Left and top edge, width and height of the part.
    pub part: [usize; 4],
    /// Width and height of the result.
    pub size: [usize; 2],
}

impl Frame {
    /// The part and what lies around it: `margin` pixels of the result on every side, for a filter that comes after.
    fn around(&self, margin: usize) -> Axes {
        let [left, top, width, height] = self.part;
        let [to_width, to_height] = self.size;
        let axis = |input, first, part, size: usize| Axis { input, first, part, size: size + 2 * margin, scale: size as f64 / part as f64, margin };
        Axes { across: axis(self.width, left, width, to_width), down: axis(self.height, top, height, to_height) }
    }
}

/// Both axes of a frame.
struct Axes {
    across: Axis,
    down: Axis,
}

/// One axis of a frame with its margin.
struct Axis {
    input: usize,
    first: usize,
    part: usize,
    /// Of the result, the margins included.
    size: usize,
    scale: f64,
    margin: usize,
}

impl Axis {
    /// `None` where nothing is resampled.
    fn taps(&self) -> Option<Taps> {
        let offset = self.first as f64 - self.margin as f64 / self.scale;
        (self.size != self.part + 2 * self.margin).then(|| Taps::part(Kernel::Cubic, self.input, offset, self.scale, self.size))
    }

    /// What is cut out where nothing is resampled.
    fn cut(&self) -> Range<usize> {
        self.first - self.margin..self.first + self.part + self.margin
    }
}

/// Resamples rows.
pub struct Resample {
    idle: bool,
    vertical: Option<Taps>,
    /// The first row that each row of the result and those after it need.
    firsts: Vec<usize>,
    horizontal: Option<RowWindows>,
    /// Columns and rows that are cut out where that is all.
    cut: [Range<usize>; 2],
    alpha: bool,
    recent: Recent,
    /// Number of the next row of the result, or of the next one that comes where rows are only cut out.
    next: usize,
    scratch: Vec<f32>,
}

impl Resample {
    /// For rows of `frame`; `alpha`: the last plane is alpha. What comes out has `margin` more pixels on every side, which the frame
    /// has around its part.
    pub fn new(frame: Frame, margin: usize, alpha: bool) -> Self {
        let Axes { across, down } = frame.around(margin);
        let vertical = down.taps();
        let horizontal = across.taps().map(|taps| RowWindows::new(&taps));
        let cut = [across.cut(), down.cut()];
        Self {
            idle: vertical.is_none() && horizontal.is_none() && cut == [0..frame.width, 0..frame.height],
            firsts: vertical.as_ref().map(Taps::firsts).unwrap_or_default(),
            vertical,
            horizontal,
            cut,
            alpha,
            recent: Recent::default(),
            next: 0,
            scratch: Vec::new(),
        }
    }

    /// Whether nothing would change.
    pub fn is_idle(&self) -> bool {
        self.idle
    }

    /// Whether values are summed, and not only cut out.
    fn sums(&self) -> bool {
        self.vertical.is_some() || self.horizontal.is_some()
    }

    /// Encoded colours to what is summed: light times alpha; after alpha, the light alone.
    fn open(&self, row: &mut Row) {
        if !self.sums() {
            return;
        }
        let curve = &*TO_LINEAR;
        let colours = row.planes.len() - usize::from(self.alpha);
        for v in row.planes[..colours].iter_mut().flatten() {
            *v = curve.at(*v);
        }
        if self.alpha {
            row.planes.extend_from_within(..colours);
            let (light, rest) = row.planes.split_at_mut(colours);
            for plane in light {
                plane.iter_mut().zip(&rest[0]).for_each(|(v, a)| *v *= a);
            }
        }
    }

    /// And back. Where nothing is seen the colour is that of the light alone, for filters that look at neighbours.
    fn close(&self, row: &mut Row) {
        if !self.sums() {
            return;
        }
        let curve = &*FROM_LINEAR;
        if self.alpha {
            let colours = row.planes.len() / 2;
            let (light, rest) = row.planes.split_at_mut(colours);
            let (alpha, plain) = rest.split_at_mut(1);
            for (plane, plain) in light.iter_mut().zip(plain) {
                for ((v, a), plain) in plane.iter_mut().zip(&alpha[0]).zip(plain) {
                    *v = if *a > SEEN { *v / a } else { *plain };
                }
            }
            row.planes.truncate(colours + 1);
        }
        let colours = row.planes.len() - usize::from(self.alpha);
        for v in row.planes[..colours].iter_mut().flatten() {
            *v = curve.at(v.clamp(0.0, 1.0).sqrt());
        }
    }

    fn across(&mut self, row: &mut Row) {
        for plane in &mut row.planes {
            if let Some(windows) = &self.horizontal {
                windows.apply(plane, &mut self.scratch);
                plane.clone_from(&self.scratch);
            } else {
                plane.truncate(self.cut[0].end);
                plane.drain(..self.cut[0].start);
            }
        }
    }
}

impl RowFilter for Resample {
    fn push(&mut self, mut row: Row, emit: &mut dyn FnMut(Row) -> Result<()>) -> Result<()> {
        let Some(vertical) = &self.vertical else {
            self.next += 1;
            if self.cut[1].contains(&(self.next - 1)) {
                self.open(&mut row);
                self.across(&mut row);
                self.close(&mut row);
                emit(row)?;
            }
            return Ok(());
        };
        let rows = vertical.len();
        if self.next == rows || self.recent.end() < self.firsts[self.next] {
            // No row of the result needs it; its number counts.
            self.recent.push(Row::default());
            self.recent.forget_above(self.recent.end());
            return Ok(());
        }
        self.open(&mut row);
        self.across(&mut row);
        let (planes, width) = (row.planes.len(), row.planes[0].len());
        self.recent.push(row);
        while self.next < rows {
            let Some(vertical) = &self.vertical else { break };
            if vertical.end(self.next) > self.recent.end() {
                break;
            }
            let mut done = Row::default();
            for plane in 0..planes {
                let mut sum = vec![0.0; width];
                self.recent.sum(vertical.of(self.next), plane, &mut sum);
                done.planes.push(sum);
            }
            self.close(&mut done);
            self.next += 1;
            if self.next < rows {
                self.recent.forget_above(self.firsts[self.next]);
            }
            emit(done)?;
        }
        Ok(())
    }
}

/// Alpha from which a colour is seen.
const SEEN: f32 = 1.0 / 255.0;

/// Taps of a row in f32, as many for every output.
struct RowWindows {
    count: usize,
    positions: Vec<u32>,
    weights: Vec<f32>,
}

impl RowWindows {
    fn new(taps: &Taps) -> Self {
        let lists: Vec<Vec<(usize, f64)>> = (0..taps.len()).map(|o| taps.of(o).collect()).collect();
        let count = lists.iter().map(Vec::len).max().unwrap_or(0);
        let filled = lists.iter().flat_map(|list| (0..count).map(|k| list.get(k).copied().unwrap_or((list[0].0, 0.0))));
        let (positions, weights) = filled.map(|(position, weight)| (position as u32, weight as f32)).unzip();
        Self { count, positions, weights }
    }

    fn apply(&self, row: &[f32], output: &mut Vec<f32>) {
        output.clear();
        let outputs = self.positions.chunks_exact(self.count).zip(self.weights.chunks_exact(self.count));
        output.extend(outputs.map(|(positions, weights)| positions.iter().zip(weights).map(|(&i, w)| w * row[i as usize]).sum::<f32>()));
    }
}

/// A curve over 0..=1, as a table.
struct Curve(Vec<f32>);

const STEPS: usize = 4096;

static TO_LINEAR: LazyLock<Curve> = LazyLock::new(|| Curve::new(to_linear));
/// Of the light's square root, which is nearly the encoded value: so the table is fine enough in the dark.
static FROM_LINEAR: LazyLock<Curve> = LazyLock::new(|| Curve::new(|root| from_linear(root * root)));

impl Curve {
    fn new(function: impl Fn(f32) -> f32) -> Self {
        Self((0..=STEPS + 1).map(|i| function(i as f32 / STEPS as f32)).collect())
    }

    #[expect(clippy::inline_always, reason = "it is asked for every sample, and browsers' modules are told to inline little")]
    #[inline(always)]
    fn at(&self, value: f32) -> f32 {
        let at = value.clamp(0.0, 1.0) * STEPS as f32;
        let step = at as usize;
        let part = at - step as f32;
        self.0[step] * (1.0 - part) + self.0[step + 1] * part
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(frame: Frame, planes: usize, alpha: bool, value: impl Fn(usize, usize, usize) -> f32) -> Vec<Row> {
        let mut resample = Resample::new(frame, 0, alpha);
        let mut out = Vec::new();
        for y in 0..frame.height {
            let row = Row { planes: (0..planes).map(|p| (0..frame.width).map(|x| value(p, x, y)).collect()).collect() };
            resample
                .push(row, &mut |row| {
                    out.push(row);
                    Ok(())
                })
                .unwrap();
        }
        assert_eq!(out.len(), frame.size[1]);
        assert!(out.iter().flat_map(|r| &r.planes).all(|p| p.len() == frame.size[0]));
        out
    }

    fn whole(width: usize, height: usize, size: [usize; 2]) -> Frame {
        Frame { width, height, part: [0, 0, width, height], size }
    }

    #[test]
    fn curves_are_as_exact_as_sixteen_bits() {
        for i in 0..=65_535u16 {
            let v = f32::from(i) / 65_535.0;
            assert!((TO_LINEAR.at(v) - to_linear(v)).abs() < 1e-6, "{v}");
            assert!((FROM_LINEAR.at(v.sqrt()) - from_linear(v)).abs() < 4e-6, "{v}: {} {}", FROM_LINEAR.at(v.sqrt()), from_linear(v));
        }
    }

    #[test]
    fn flat_stays_flat_and_a_part_is_a_part() {
        for size in [[7, 5], [20, 16], [1, 1], [19, 16], [20, 9]] {
            let rows = run(whole(20, 16, size), 3, false, |p, _, _| 0.2 + 0.3 * p as f32);
            for (p, plane) in rows.iter().flat_map(|row| row.planes.iter().enumerate()) {
                assert!(plane.iter().all(|v| (v - 0.2 - 0.3 * p as f32).abs() < 1e-5), "{size:?}");
            }
        }
        let frame = Frame { width: 20, height: 16, part: [4, 3, 10, 8], size: [10, 8] };
        let rows = run(frame, 1, false, |_, x, y| (x + 20 * y) as f32 / 400.0);
        assert_eq!(rows[7].planes[0][9], (13 + 20 * 10) as f32 / 400.0);
        assert!(!Resample::new(frame, 0, false).is_idle());
        assert!(Resample::new(whole(4, 4, [4, 4]), 0, false).is_idle());
        // A part that is shrunk sees what lies around it, and lies where it should.
        let frame = Frame { width: 40, height: 8, part: [8, 0, 24, 8], size: [12, 4] };
        let rows = run(frame, 1, false, |_, x, _| to_encoded_ramp(x));
        let light: Vec<f32> = rows[1].planes[0].iter().map(|&v| to_linear(v)).collect();
        for (x, light) in light.iter().enumerate() {
            let wanted = (8.5 + 2.0 * x as f32) / 80.0;
            assert!((light - wanted).abs() < 1e-3, "{x}: {light} and {wanted}");
        }
    }

    #[test]
    fn a_margin_is_what_lies_around() {
        let value = |x: usize, y: usize| ((x * 37 + y * 61) % 23) as f32 / 23.0;
        let rows = |part: [usize; 4], size: [usize; 2], margin: usize| {
            let mut resample = Resample::new(Frame { width: 60, height: 50, part, size }, margin, false);
            let mut out = Vec::new();
            for y in 0..50 {
                let mut keep = |row: Row| {
                    out.extend(row.planes);
                    Ok(())
                };
                resample.push(Row { planes: vec![(0..60).map(|x| value(x, y)).collect()] }, &mut keep).unwrap();
                assert!(resample.recent.rows.len() < 12, "rows pile up");
            }
            out
        };
        for (part, size, wider, larger) in
            [([20, 16, 24, 20], [12, 10], [16, 12, 32, 28], [16, 14]), ([20, 16, 24, 20], [24, 20], [18, 14, 28, 24], [28, 24])]
        {
            let (found, wanted) = (rows(part, size, 2), rows(wider, larger, 0));
            assert_eq!((found.len(), found[0].len()), (size[1] + 4, size[0] + 4));
            assert!(found.iter().flatten().zip(wanted.iter().flatten()).all(|(a, b)| (a - b).abs() < 1e-5));
        }
    }

    /// A ramp that is even in light.
    fn to_encoded_ramp(x: usize) -> f32 {
        from_linear(x as f32 / 80.0)
    }

    #[test]
    fn shrinking_keeps_the_light_of_fine_lines() {
        // Lines of black and white have half of white's light, which is encoded as 0.735 and not as 0.5.
        let rows = run(whole(64, 64, [16, 16]), 1, false, |_, x, _| (x % 2) as f32);
        let middle = rows[8].planes[0][8];
        assert!((middle - 0.735).abs() < 0.01, "{middle}");
    }

    #[test]
    fn transparent_pixels_have_no_say() {
        let rows = run(whole(32, 32, [10, 10]), 2, true, |plane, x, _| match plane {
            0 if x < 16 => 0.6,
            0 => 0.0,
            _ => f32::from(u8::from(x < 16)),
        });
        for row in &rows {
            for (colour, alpha) in row.planes[0].iter().zip(&row.planes[1]) {
                assert!(*alpha < 0.01 || (colour - 0.6).abs() < 0.01, "{colour} at alpha {alpha}");
            }
        }
        // Where nothing is seen a colour is left, which filters find beside an edge.
        let rows = run(whole(32, 32, [10, 10]), 2, true, |plane, _, _| if plane == 0 { 0.6 } else { 0.0 });
        assert!(rows.iter().flat_map(|row| &row.planes[0]).all(|v| (v - 0.6).abs() < 1e-4));
    }
}
