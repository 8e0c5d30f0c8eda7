//! Pixels per unit of length, as files state them.

/// Centimetres of an inch.
pub(crate) const INCH: f64 = 2.54;
/// The largest density that every format can state, per unit.
const MOST: f64 = 60_000.0;

/// The length that [`Density`] counts pixels along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DensityUnit {
    /// 2.54 cm.
    Inch,
    /// Centimetre.
    Centimetre,
}

/// Pixels per unit of length on paper.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Density {
    /// Pixels per unit, left to right.
    pub x: f64,
    /// Pixels per unit, top to bottom.
    pub y: f64,
    /// The unit.
    pub unit: DensityUnit,
}

impl Density {
    /// A density of `x` by `y` pixels per `unit`; `None` where one is not a number above 0 and up to 60,000.
    pub fn new(x: f64, y: f64, unit: DensityUnit) -> Option<Self> {
        let sound = |v: f64| v > 0.0 && v <= MOST;
        (sound(x) && sound(y)).then_some(Self { x, y, unit })
    }

    /// The same in both directions, per inch; `None` where it is not a number above 0 and up to 60,000.
    pub fn dpi(value: f64) -> Option<Self> {
        Self::new(value, value, DensityUnit::Inch)
    }

    /// Pixels per inch, in both directions.
    pub fn per_inch(self) -> [f64; 2] {
        let factor = if self.unit == DensityUnit::Inch { 1.0 } else { INCH };
        [self.x * factor, self.y * factor]
    }

    /// Pixels per metre, in both directions, as PNG and BMP state it.
    pub(super) fn per_metre(self) -> [u32; 2] {
        let factor = if self.unit == DensityUnit::Inch { 100.0 / INCH } else { 100.0 };
        [self.x, self.y].map(|v| (v * factor).round().max(1.0) as u32)
    }

    /// From pixels per metre.
    pub(super) fn from_metre([x, y]: [u32; 2]) -> Option<Self> {
        let [x, y] = [x, y].map(f64::from);
        // A whole number of pixels per inch, rounded to pixels per metre, was meant as such.
        let inches = [x, y].map(|v| (v * INCH / 100.0).round());
        let meant = [x, y].iter().zip(inches).all(|(v, inch)| inch >= 1.0 && (inch * 100.0 / INCH).round() == *v);
        if meant { Self::new(inches[0], inches[1], DensityUnit::Inch) } else { Self::new(x / 100.0, y / 100.0, DensityUnit::Centimetre) }
    }
}
