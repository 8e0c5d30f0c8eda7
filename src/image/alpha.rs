//! Colour under transparency.
//!
//! A network mixes neighbouring pixels, so whatever colour a file stores under fully transparent
//! pixels would show as a fringe along the edge. [`bleed`] puts the colour of the visible neighbours there.

use super::{Picture, Samples};
use crate::error::Result;
use crate::limits::try_vec;

/// Replaces the colour of fully transparent pixels within `reach` pixels of a visible one by the mean of
/// their visible or already replaced neighbours, ring by ring. Alpha is untouched; pixels that are
/// farther away keep their colour, which nothing visible depends on.
///
/// # Errors
/// `Limits` where the memory for the marks (1 byte a pixel) cannot be had.
pub fn bleed(picture: &mut Picture, reach: usize) -> Result<()> {
    if !picture.channels.has_alpha() {
        return Ok(());
    }
    let size = (picture.width as usize, picture.height as usize);
    let count = picture.channels.count();
    match &mut picture.samples {
        Samples::U8(values) => spread(values, size, count, reach),
        Samples::U16(values) => spread(values, size, count, reach),
    }
}

/// Pixels that have a colour worth spreading.
const KNOWN: u8 = 1;
/// Pixels that are on the list of the coming ring.
const LISTED: u8 = 2;

fn spread<T: Copy + Into<u32> + TryFrom<u32>>(values: &mut [T], (width, height): (usize, usize), count: usize, reach: usize) -> Result<()> {
    let mut marks = try_vec(0u8, width * height)?;
    for (mark, pixel) in marks.iter_mut().zip(values.chunks_exact(count)) {
        *mark = u8::from(pixel[count - 1].into() > 0);
    }
    let neighbours = |p: usize| {
        let (x, y) = (p % width, p / width);
        let columns = x.saturating_sub(1)..(x + 2).min(width);
        (y.saturating_sub(1)..(y + 2).min(height)).flat_map(move |ny| columns.clone().map(move |nx| ny * width + nx)).filter(move |&n| n != p)
    };
    let mut ring: Vec<usize> = (0..marks.len()).filter(|&p| marks[p] == 0 && neighbours(p).any(|n| marks[n] == KNOWN)).collect();
    for _ in 0..reach {
        if ring.is_empty() {
            break;
        }
        // Colours first, marks after: a ring must not feed on itself, or the result would lean to one side.
        for &p in &ring {
            for c in 0..count - 1 {
                let (mut sum, mut n) = (0u32, 0u32);
                for q in neighbours(p).filter(|&q| marks[q] == KNOWN) {
                    sum += values[q * count + c].into();
                    n += 1;
                }
                if let Some(mean) = (sum + n / 2).checked_div(n).and_then(|mean| T::try_from(mean).ok()) {
                    values[p * count + c] = mean;
                }
            }
        }
        for &p in &ring {
            marks[p] = KNOWN;
        }
        let mut next = Vec::new();
        for &p in &ring {
            for n in neighbours(p) {
                if marks[n] == 0 {
                    marks[n] = LISTED;
                    next.push(n);
                }
            }
        }
        ring = next;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Channels;

    #[test]
    fn colour_spreads_and_alpha_stays() {
        // One visible red pixel in a row of transparent green ones.
        let mut pixels = [[0u8, 255, 0, 0]; 9];
        pixels[4] = [250, 0, 0, 128];
        let mut picture = Picture::new(9, 1, Channels::Rgba, Samples::U8(pixels.concat())).unwrap();
        bleed(&mut picture, 2).unwrap();
        let Samples::U8(values) = &picture.samples else { panic!() };
        let red: Vec<u8> = values.chunks(4).map(|p| p[0]).collect();
        assert_eq!(red, [0, 0, 250, 250, 250, 250, 250, 0, 0]);
        let alpha: Vec<u8> = values.chunks(4).map(|p| p[3]).collect();
        assert_eq!(alpha, [0, 0, 0, 0, 128, 0, 0, 0, 0]);
    }
}
