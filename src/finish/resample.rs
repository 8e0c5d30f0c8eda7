//! From the model's scale to an exact size: the one resampling of a job, row by row.
//!
//! Method: Keys' cubic, stretched when it shrinks. Shrinking happens in linear light and on colours times alpha, so that fine
//! bright lines keep their brightness and transparent pixels have no say; enlarging on encoded values, as the networks work.
//! sRGB's curve stands for that of every profile: what differs is far below what the kernel changes.

use std::sync::LazyLock;

use super::{Recent, Row, RowFilter, weighted_sum};
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

/// Resamples rows.
pub struct Resample {
    frame: Frame,
    vertical: Option<Taps>,
    /// The first row that each row of the result and those after it need.
    firsts: Vec<usize>,
    horizontal: Option<Windows>,
    linear: bool,
    alpha: bool,
    recent: Recent,
    next: usize,
    scratch: Vec<f32>,
}

impl Resample {
    /// For rows of `frame`; `alpha`: the last plane is alpha.
    pub fn new(frame: Frame, alpha: bool) -> Self {
        let [left, top, width, height] = frame.part;
        let taps = |input: usize, offset: usize, part: usize, size: usize| {
            (part != size).then(|| Taps::part(Kernel::Cubic, input, offset as f64, size as f64 / part as f64, size))
        };
        let [to_width, to_height] = frame.size;
        let vertical = taps(frame.height, top, height, to_height);
        Self {
            firsts: vertical.as_ref().map(Taps::firsts).unwrap_or_default(),
            vertical,
            horizontal: taps(frame.width, left, width, to_width).map(|taps| Windows::new(&taps)),
            linear: to_width < width || to_height < height,
            frame,
            alpha,
            recent: Recent::default(),
            next: 0,
            scratch: Vec::new(),
        }
    }

    /// Whether nothing would change.
    pub fn is_idle(&self) -> bool {
        self.vertical.is_none() && self.horizontal.is_none() && self.frame.part == [0, 0, self.frame.width, self.frame.height]
    }

    /// Encoded colours to what is summed: light times alpha.
    fn open(&self, row: &mut Row) {
        if !self.linear {
            return;
        }
        let curve = &*TO_LINEAR;
        let colours = row.planes.len() - usize::from(self.alpha);
        let (colours, alpha) = row.planes.split_at_mut(colours);
        for plane in colours {
            for v in plane.iter_mut() {
                *v = curve.at(*v);
            }
            if let Some(alpha) = alpha.first() {
                plane.iter_mut().zip(alpha).for_each(|(v, a)| *v *= a.clamp(0.0, 1.0));
            }
        }
    }

    /// And back.
    fn close(&self, row: &mut Row) {
        if !self.linear {
            return;
        }
        let curve = &*FROM_LINEAR;
        let colours = row.planes.len() - usize::from(self.alpha);
        let (colours, alpha) = row.planes.split_at_mut(colours);
        for plane in colours {
            if let Some(alpha) = alpha.first() {
                plane.iter_mut().zip(alpha).for_each(|(v, a)| *v = if *a > 1e-6 { *v / a } else { 0.0 });
            }
            for v in plane.iter_mut() {
                *v = curve.at(v.clamp(0.0, 1.0).sqrt());
            }
        }
    }

    fn across(&mut self, row: &mut Row) {
        let [left, _, width, _] = self.frame.part;
        for plane in &mut row.planes {
            match &self.horizontal {
                Some(windows) => {
                    windows.apply(plane, &mut self.scratch);
                    plane.clone_from(&self.scratch);
                }
                None if width < self.frame.width => {
                    plane.truncate(left + width);
                    plane.drain(..left);
                }
                None => {}
            }
        }
    }
}

impl RowFilter for Resample {
    fn push(&mut self, mut row: Row, emit: &mut dyn FnMut(Row) -> Result<()>) -> Result<()> {
        self.open(&mut row);
        self.across(&mut row);
        let Some(vertical) = &self.vertical else {
            let (y, [_, top, _, height]) = (self.next, self.frame.part);
            self.next += 1;
            if (top..top + height).contains(&y) {
                self.close(&mut row);
                return emit(row);
            }
            return Ok(());
        };
        let planes = row.planes.len();
        self.recent.push(row);
        while self.next < vertical.len() {
            let used = |y: usize| vertical.of(y).filter(|tap| tap.1 != 0.0);
            if used(self.next).any(|(i, _)| i >= self.recent.end()) {
                break;
            }
            let mut done = Row::default();
            for plane in 0..planes {
                let taps: Vec<(&[f32], f32)> = used(self.next).map(|(i, w)| (self.recent.plane(i, plane), w as f32)).collect();
                let mut sum = vec![0.0; self.frame.size[0]];
                weighted_sum(&taps, &mut sum);
                done.planes.push(sum);
            }
            self.close(&mut done);
            self.next += 1;
            if self.next < vertical.len() {
                self.recent.forget_above(self.firsts[self.next]);
            }
            emit(done)?;
        }
        Ok(())
    }
}

/// Taps of a row in f32, as many for every output.
struct Windows {
    count: usize,
    positions: Vec<u32>,
    weights: Vec<f32>,
}

impl Windows {
    fn new(taps: &Taps) -> Self {
        let lists: Vec<Vec<(usize, f64)>> = (0..taps.len()).map(|o| taps.of(o).filter(|tap| tap.1 != 0.0).collect()).collect();
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
        let mut resample = Resample::new(frame, alpha);
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
        for size in [[7, 5], [20, 16], [1, 1], [19, 16], [20, 9], [33, 40]] {
            let rows = run(whole(20, 16, size), 3, false, |p, _, _| 0.2 + 0.3 * p as f32);
            for (p, plane) in rows.iter().flat_map(|row| row.planes.iter().enumerate()) {
                assert!(plane.iter().all(|v| (v - 0.2 - 0.3 * p as f32).abs() < 1e-5), "{size:?}");
            }
        }
        let frame = Frame { width: 20, height: 16, part: [4, 3, 10, 8], size: [10, 8] };
        let rows = run(frame, 1, false, |_, x, y| (x + 20 * y) as f32 / 400.0);
        assert_eq!(rows[7].planes[0][9], (13 + 20 * 10) as f32 / 400.0);
        assert!(!Resample::new(frame, false).is_idle());
        assert!(Resample::new(whole(4, 4, [4, 4]), false).is_idle());
        // A part that is shrunk sees what lies around it, and lies where it should.
        let frame = Frame { width: 40, height: 8, part: [8, 0, 24, 8], size: [12, 4] };
        let rows = run(frame, 1, false, |_, x, _| to_encoded_ramp(x));
        let light: Vec<f32> = rows[1].planes[0].iter().map(|&v| to_linear(v)).collect();
        for (x, light) in light.iter().enumerate() {
            let wanted = (8.5 + 2.0 * x as f32) / 80.0;
            assert!((light - wanted).abs() < 1e-3, "{x}: {light} and {wanted}");
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
        // Enlarging does not change values to light and back.
        let rows = run(whole(8, 8, [8, 16]), 1, false, |_, x, _| (x % 2) as f32);
        assert!(rows[8].planes[0].iter().all(|&v| v == 0.0 || v == 1.0));
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
    }
}
