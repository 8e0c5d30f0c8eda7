//! The fidelity map: where a result, before the lock, contradicts its input.
//!
//! One value for each input pixel: the largest difference over the planes between the input and the result scaled back down. As
//! a picture, 0 is black, and colours go through violet and orange to pale yellow at [`FULL`].

/// Difference that is shown brightest, of 0..=1.
pub const FULL: f32 = 0.04;

/// Colours of the scale at equal steps, RGB. After the perceptually even scale "inferno" (Smith and van der Walt 2015, CC0).
const SCALE: [[u8; 3]; 8] = [[0, 0, 4], [40, 11, 84], [101, 21, 110], [159, 42, 99], [212, 72, 66], [245, 125, 21], [250, 193, 39], [252, 255, 164]];

/// The largest difference of each input pixel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Map {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// Differences in 255ths of [`FULL`], row-major.
    pub values: Vec<u8>,
}

impl Map {
    /// A map without differences.
    ///
    /// # Errors
    /// `Limits` where the memory cannot be had.
    pub fn new(width: usize, height: usize) -> crate::error::Result<Self> {
        Ok(Self { width, height, values: crate::limits::try_vec(0, width * height)? })
    }

    /// Takes the differences of row `y` of one plane.
    pub fn note(&mut self, y: usize, differences: &[f32]) {
        for (value, difference) in self.values[y * self.width..].iter_mut().zip(differences) {
            *value = (*value).max((difference.abs() / FULL * 255.0).min(255.0).round() as u8);
        }
    }
}

/// The colours of the scale for every value, RGB.
pub fn palette() -> [[u8; 3]; 256] {
    std::array::from_fn(|value| colour(value as u8))
}

fn colour(value: u8) -> [u8; 3] {
    let at = f32::from(value) / 255.0 * (SCALE.len() - 1) as f32;
    let step = (at as usize).min(SCALE.len() - 2);
    let part = at - step as f32;
    std::array::from_fn(|c| (f32::from(SCALE[step][c]) * (1.0 - part) + f32::from(SCALE[step + 1][c]) * part).round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_difference_counts_and_brightness_grows() {
        let mut map = Map::new(3, 2).unwrap();
        map.note(1, &[0.004, -0.02, 0.5]);
        map.note(1, &[-0.008, 0.01, 0.0]);
        assert_eq!(map.values, [0, 0, 0, 51, 128, 255]);
        let palette = palette();
        assert_eq!((palette[0], palette[255]), ([0, 0, 4], [252, 255, 164]));
        let brightness: Vec<u32> = palette.iter().map(|colour| colour.iter().map(|&c| u32::from(c)).sum()).collect();
        assert!(brightness.windows(2).all(|b| b[1] + 2 >= b[0]) && brightness[255] > 600);
    }
}
