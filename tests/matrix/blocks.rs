//! Makers of metadata, none of them ours: EXIF, XMP, IPTC and ICC as their standards lay them out.

/// Name of the place in every kind of metadata: it must not be found where places were left out.
pub(crate) const CITY: &str = "Matrixville";
pub(crate) const MAKE: &str = "Matrix Cameras";
pub(crate) const TITLE: &str = "Gr\u{FC}n & \u{6C34}";
pub(crate) const CAPTION: &str = "A caption of the matrix";
/// 48 degrees, 51 minutes, 29.6 seconds north; 2, 17, 40.2 east.
pub(crate) const LATITUDE: f64 = 48.0 + 51.0 / 60.0 + 29.6 / 3600.0;
pub(crate) const NOTE: &[u8] = b"MatrixNote\0 a maker's note that nobody can read";

/// A value in no byte order yet.
#[derive(Clone)]
pub(crate) enum Value {
    Short(Vec<u16>),
    Long(Vec<u32>),
    Ratio(Vec<(u32, u32)>),
    /// Type and bytes.
    Bytes(u16, Vec<u8>),
    /// Where another directory, or the picture, will lie.
    Pointer,
}

use Value::{Bytes, Long, Pointer, Ratio, Short};

fn text(s: &str) -> Value {
    Bytes(2, [s.as_bytes(), &[0]].concat())
}

/// Writes directories one after the other, each with its values behind it.
struct Layout {
    little: bool,
    out: Vec<u8>,
}

impl Layout {
    fn short(&self, v: u16) -> [u8; 2] {
        if self.little { v.to_le_bytes() } else { v.to_be_bytes() }
    }

    fn long(&self, v: u32) -> [u8; 4] {
        if self.little { v.to_le_bytes() } else { v.to_be_bytes() }
    }

    /// Returns where the pointers among the values lie, and last the link to the next directory.
    fn directory(&mut self, mut entries: Vec<(u16, Value)>) -> Vec<usize> {
        entries.sort_by_key(|e| e.0);
        let values = self.out.len() + 2 + 12 * entries.len() + 4;
        let (mut behind, mut places) = (Vec::new(), Vec::new());
        self.out.extend(self.short(entries.len() as u16));
        for (tag, value) in &entries {
            let (kind, count, data): (u16, usize, Vec<u8>) = match value {
                Short(v) => (3, v.len(), v.iter().flat_map(|&v| self.short(v)).collect()),
                Long(v) => (4, v.len(), v.iter().flat_map(|&v| self.long(v)).collect()),
                Ratio(v) => (5, v.len(), v.iter().flat_map(|&(n, d)| [self.long(n), self.long(d)].concat()).collect()),
                Bytes(kind, v) => (*kind, v.len(), v.clone()),
                Pointer => (4, 1, vec![0; 4]),
            };
            let head = [self.short(*tag), self.short(kind)].concat();
            self.out.extend(head);
            self.out.extend(self.long(count as u32));
            if matches!(value, Pointer) {
                places.push(self.out.len());
            }
            if data.len() <= 4 {
                self.out.extend(&data);
                self.out.resize(self.out.len() + 4 - data.len(), 0);
            } else {
                self.out.extend(self.long((values + behind.len()) as u32));
                behind.extend(data);
                behind.resize(behind.len().next_multiple_of(2), 0);
            }
        }
        places.push(self.out.len());
        self.out.extend([0; 4]);
        self.out.extend(behind);
        places
    }

    /// Makes the pointer at `place` point to the end.
    fn point(&mut self, place: usize) {
        let here = self.long(self.out.len() as u32);
        self.out[place..place + 4].copy_from_slice(&here);
    }
}

/// A header with IFD0 (and `extra` in it), Exif and GPS; then either a thumbnail's IFD1 or the strip of a TIFF.
fn directories(little: bool, orientation: u16, dpi: Option<u32>, extra: Vec<(u16, Value)>, strip: Option<&[u8]>) -> Vec<u8> {
    let mut layout = Layout { little, out: if little { b"II*\0".to_vec() } else { b"MM\0*".to_vec() } };
    layout.out.extend(layout.long(8));
    let mut main = vec![(0x010F, text(MAKE)), (0x0112, Short(vec![orientation])), (0x013B, text("An artist")), (0x8298, text("A copyright"))];
    if let Some(dpi) = dpi {
        main.extend([(0x011A, Ratio(vec![(dpi, 1)])), (0x011B, Ratio(vec![(dpi, 1)])), (0x0128, Short(vec![2]))]);
    }
    main.extend([(0x8769, Pointer), (0x8825, Pointer)]);
    main.extend(extra);
    if strip.is_some() {
        main.push((273, Pointer));
    }
    let top = layout.directory(main);
    let (strip_at, top) = if strip.is_some() { (Some(top[0]), &top[1..]) } else { (None, &top[..]) };
    layout.point(top[0]);
    layout.directory(vec![
        (0x829A, Ratio(vec![(1, 125)])),
        (0x8827, Short(vec![200])),
        (0x9003, text("2024:05:06 07:08:09")),
        (0x927C, Bytes(7, NOTE.to_vec())),
        (0xA001, Short(vec![1])),
        (0xA002, Long(vec![24])),
        (0xA003, Long(vec![16])),
        (0xA434, text("A lens")),
    ]);
    layout.point(top[1]);
    layout.directory(vec![
        (0, Bytes(1, vec![2, 3, 0, 0])),
        (1, text("N")),
        (2, Ratio(vec![(48, 1), (51, 1), (296, 10)])),
        (3, text("E")),
        (4, Ratio(vec![(2, 1), (17, 1), (402, 10)])),
        (0x1B, Bytes(7, [b"ASCII\0\0\0", CITY.as_bytes()].concat())),
    ]);
    if let (Some(strip), Some(at)) = (strip, strip_at) {
        layout.point(at);
        layout.out.extend(strip);
    } else {
        layout.point(top[2]);
        let last = layout.directory(vec![(0x0103, Short(vec![6])), (0x0201, Pointer), (0x0202, Long(vec![4]))]);
        layout.point(last[0]);
        layout.out.extend([0xFF, 0xD8, 0xFF, 0xD9]);
    }
    layout.out
}

/// An EXIF block with a place, a maker's note and a thumbnail.
pub(crate) fn exif(little: bool, orientation: u16, dpi: Option<u32>) -> Vec<u8> {
    directories(little, orientation, dpi, Vec::new(), None)
}

/// A TIFF of 8-bit RGB with all metadata in its own tags.
pub(crate) fn tiff(little: bool, (width, height): (u32, u32), orientation: u16, dpi: u32, icc: &[u8], rgb: &[u8]) -> Vec<u8> {
    let extra = vec![
        (256, Long(vec![width])),
        (257, Long(vec![height])),
        (258, Short(vec![8; 3])),
        (259, Short(vec![1])),
        (262, Short(vec![2])),
        (277, Short(vec![3])),
        (278, Long(vec![height])),
        (279, Long(vec![rgb.len() as u32])),
        (700, Bytes(1, xmp(orientation, 0).into_bytes())),
        (33_723, Bytes(7, iptc())),
        (34_675, Bytes(7, icc.to_vec())),
    ];
    directories(little, orientation, Some(dpi), extra, Some(rgb))
}

/// A packet with properties as elements and as attributes, places among them; `long` bytes of text make it large.
pub(crate) fn xmp(orientation: u16, long: usize) -> String {
    let title = TITLE.replace('&', "&amp;");
    format!(
        r#"<?xpacket begin="{}" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
 <rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/"
  xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
  xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:xmpGImg="http://ns.adobe.com/xap/1.0/g/img/"
  tiff:Orientation="{orientation}" exif:GPSLatitude="48,51.4933N" photoshop:City="{CITY}" photoshop:Headline="{}">
  <exif:PixelXDimension>24</exif:PixelXDimension>
  <xmp:Rating>4</xmp:Rating>
  <dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
  <xmp:Thumbnails><rdf:Alt><rdf:li rdf:parseType="Resource"><xmpGImg:width>8</xmpGImg:width></rdf:li></rdf:Alt></xmp:Thumbnails>
 </rdf:Description>
</rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"#,
        '\u{FEFF}',
        "long ".repeat(long / 5),
    )
}

fn set(record: u8, number: u8, data: &[u8]) -> Vec<u8> {
    [&[0x1C, record, number][..], &(data.len() as u16).to_be_bytes(), data].concat()
}

/// Data sets with a caption, keywords and a place.
pub(crate) fn iptc() -> Vec<u8> {
    [set(1, 90, b"\x1B%G"), set(2, 25, b"one"), set(2, 25, b"two"), set(2, 90, CITY.as_bytes()), set(2, 120, CAPTION.as_bytes())].concat()
}

/// Photoshop's resource around the data sets.
pub(crate) fn resource(iptc: &[u8]) -> Vec<u8> {
    let mut out = [b"8BIM\x04\x04\0\0", &(iptc.len() as u32).to_be_bytes()[..], iptc].concat();
    out.resize(out.len().next_multiple_of(2), 0);
    out
}

fn profile(version: u8, class: [u8; 4], space: [u8; 4], connection: [u8; 4], tags: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut out = vec![0; 128];
    out[8] = version;
    out[12..16].copy_from_slice(&class);
    out[16..20].copy_from_slice(&space);
    out[20..24].copy_from_slice(&connection);
    out[24..36].copy_from_slice(&[0x07, 0xE8, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]);
    out[36..40].copy_from_slice(b"acsp");
    out[68..80].copy_from_slice(&[0, 0, 0xF6, 0xD6, 0, 1, 0, 0, 0, 0, 0xD3, 0x2D]);
    out.extend((tags.len() as u32).to_be_bytes());
    let mut at = 132 + 12 * tags.len();
    for (name, data) in tags {
        out.extend(*name);
        out.extend((at as u32).to_be_bytes());
        out.extend((data.len() as u32).to_be_bytes());
        at += data.len().next_multiple_of(4);
    }
    for (_, data) in tags {
        out.extend(data);
        out.resize(out.len().next_multiple_of(4), 0);
    }
    let length = (out.len() as u32).to_be_bytes();
    out[..4].copy_from_slice(&length);
    out
}

fn description(name: &str) -> Vec<u8> {
    let mut out = [b"desc\0\0\0\0", &(name.len() as u32 + 1).to_be_bytes()[..], name.as_bytes()].concat();
    out.resize(out.len() + 1 + 8 + 3 + 67, 0);
    out
}

fn xyz(values: [f64; 3]) -> Vec<u8> {
    let numbers = values.map(|v| ((v * 65_536.0).round() as i32).to_be_bytes()).concat();
    [&b"XYZ \0\0\0\0"[..], &numbers].concat()
}

fn gamma(value: f64) -> Vec<u8> {
    [b"curv\0\0\0\0\0\0\0\x01", &((value * 256.0).round() as u16).to_be_bytes()[..]].concat()
}

/// A version 2 profile with the primaries of sRGB and a gamma of 1.8.
pub(crate) fn icc_v2() -> Vec<u8> {
    let tags: Vec<(&[u8; 4], Vec<u8>)> = vec![
        (b"desc", description("Matrix v2")),
        (b"wtpt", xyz([0.9642, 1.0, 0.8249])),
        (b"rXYZ", xyz([0.4361, 0.2225, 0.0139])),
        (b"gXYZ", xyz([0.3851, 0.7169, 0.0971])),
        (b"bXYZ", xyz([0.1431, 0.0606, 0.7141])),
        (b"rTRC", gamma(1.8)),
        (b"gTRC", gamma(1.8)),
        (b"bTRC", gamma(1.8)),
        (b"cprt", b"text\0\0\0\0none\0".to_vec()),
    ];
    profile(2, *b"mntr", *b"RGB ", *b"XYZ ", &tags)
}

/// A profile for grey with a gamma of 1.8.
pub(crate) fn icc_grey() -> Vec<u8> {
    let tags: Vec<(&[u8; 4], Vec<u8>)> = vec![(b"desc", description("Matrix grey")), (b"wtpt", xyz([0.9642, 1.0, 0.8249])), (b"kTRC", gamma(1.8))];
    profile(2, *b"mntr", *b"GRAY", *b"XYZ ", &tags)
}

/// A profile for inks in which cyan is a red and the others darken: what no plain conversion would make.
pub(crate) fn icc_inks() -> Vec<u8> {
    let mut lut = b"mft1\0\0\0\0\x04\x03\x02\0".to_vec();
    for v in [1, 0, 0, 0, 1, 0, 0, 0, 1] {
        lut.extend((v * 65_536_i32).to_be_bytes());
    }
    let identity: Vec<u8> = (0..=255).collect();
    lut.extend(identity.repeat(4));
    for node in 0..16_u8 {
        let ink = |i: u8| node >> (3 - i) & 1 == 1;
        let light = if ink(3) { 0 } else { 255 - 90 * (u8::from(ink(1)) + u8::from(ink(2))) };
        // L of 53, a of 80 and b of 67: sRGB's red.
        lut.extend(if ink(0) && !ink(3) { [136, 208, 195] } else { [light, 128, 128] });
    }
    lut.extend(identity.repeat(3));
    let tags: Vec<(&[u8; 4], Vec<u8>)> =
        vec![(b"desc", description("Matrix inks")), (b"wtpt", xyz([0.9642, 1.0, 0.8249])), (b"A2B0", lut.clone()), (b"A2B1", lut)];
    profile(2, *b"prtr", *b"CMYK", *b"Lab ", &tags)
}
