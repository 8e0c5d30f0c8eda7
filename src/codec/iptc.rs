//! IPTC data sets, and Photoshop's resources, in which most files carry them.
//!
//! Sources: IPTC-NAA Information Interchange Model 4.2, 1.5 and 1.6; Adobe Photoshop File Formats, Image Resource Blocks.

/// The signature of a JPEG's segment that holds Photoshop's resources.
pub(super) const SEGMENT: &[u8] = b"Photoshop 3.0\0";
const RESOURCE: &[u8] = b"8BIM";
const IPTC_RESOURCE: u16 = 0x0404;
const MARK: u8 = 0x1C;
/// Record 2 holds what is known of the picture.
const APPLICATION: u8 = 2;
/// Content location code and name, city, sublocation, province, country code and name.
const LOCATION: [u8; 7] = [26, 27, 90, 92, 95, 100, 101];

/// The IPTC data in a chain of resources.
pub(super) fn from_resources(mut bytes: &[u8]) -> Option<&[u8]> {
    loop {
        bytes = bytes.strip_prefix(RESOURCE)?;
        let &[a, b, name, ..] = bytes else { return None };
        // The name is a counted string, padded to an even length with its count.
        let at = 2 + (1 + usize::from(name)).next_multiple_of(2);
        let length: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
        let length = u32::from_be_bytes(length) as usize;
        let data = bytes.get(at + 4..)?;
        if u16::from_be_bytes([a, b]) == IPTC_RESOURCE {
            return data.get(..length);
        }
        bytes = data.get(length.checked_next_multiple_of(2)?..)?;
    }
}

/// A resource with the IPTC data.
pub(super) fn to_resource(iptc: &[u8]) -> Vec<u8> {
    let mut out = RESOURCE.to_vec();
    out.extend(IPTC_RESOURCE.to_be_bytes());
    out.extend([0, 0]);
    out.extend((iptc.len() as u32).to_be_bytes());
    out.extend(iptc);
    out.resize(out.len().next_multiple_of(2), 0);
    out
}

/// The data sets that are whole, without those that `keep` refuses by record and number; and whether there were only
/// whole ones.
fn filter(bytes: &[u8], keep: impl Fn(u8, u8) -> bool) -> (Vec<u8>, bool) {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Some(&[mark, record, number, a, b]) = rest.get(..5) {
        if mark != MARK {
            break;
        }
        let head = u16::from_be_bytes([a, b]);
        // The highest bit says that the length itself has this many bytes.
        let (start, length) = if head < 0x8000 {
            (5, usize::from(head))
        } else {
            let size = usize::from(head & 0x7FFF);
            let digits = rest.get(5..5 + size).filter(|_| size <= 4);
            let Some(digits) = digits else { break };
            (5 + size, digits.iter().fold(0, |n, &d| n << 8 | usize::from(d)))
        };
        let Some(set) = start.checked_add(length).and_then(|end| rest.get(..end)) else { break };
        if keep(record, number) {
            out.extend(set);
        }
        rest = &rest[set.len()..];
    }
    // Writers fill up to a whole number of words.
    (out, rest.len() < 4 && rest.iter().all(|&b| b == 0))
}

/// The data sets that can be read; `None` where there are none.
pub(super) fn read(bytes: &[u8]) -> Option<(Vec<u8>, bool)> {
    let (sets, whole) = filter(bytes, |_, _| true);
    (!sets.is_empty()).then_some((sets, whole))
}

/// The data sets without those that say where the picture was taken.
pub(super) fn without_location(bytes: &[u8]) -> Vec<u8> {
    filter(bytes, |record, number| record != APPLICATION || !LOCATION.contains(&number)).0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(record: u8, number: u8, data: &[u8]) -> Vec<u8> {
        let mut out = vec![MARK, record, number];
        out.extend((data.len() as u16).to_be_bytes());
        out.extend(data);
        out
    }

    fn long_set(number: u8, data: &[u8]) -> Vec<u8> {
        let mut out = vec![MARK, APPLICATION, number, 0x80, 4];
        out.extend((data.len() as u32).to_be_bytes());
        out.extend(data);
        out
    }

    #[test]
    fn the_place_goes_and_the_rest_stays() {
        let title = set(2, 5, b"A title");
        let long = long_set(120, &vec![b'x'; 40_000]);
        let other = set(1, 90, b"\x1B%G");
        let all = [&title[..], &set(2, 90, b"Paris"), &other, &set(2, 101, b"France"), &long, &set(2, 26, b"FRA"), &[0, 0]].concat();
        assert_eq!(without_location(&all), [title, other, long].concat());
        assert_eq!(read(&all).map(|(sets, whole)| (sets.len(), whole)), Some((all.len() - 2, true)));
    }

    #[test]
    fn resources_are_found_behind_others() {
        let data = set(2, 5, b"odd");
        let mut chain = b"8BIM\x03\xED\x03abc\0\0\0\x03xyz\0".to_vec();
        chain.extend(to_resource(&data));
        assert_eq!(from_resources(&chain), Some(&data[..]));
        assert_eq!(from_resources(b"8BIM\x03\xED\0\0\0\0\0\x03xyz\0"), None);
    }

    #[test]
    fn every_damage_is_survived() {
        let whole = to_resource(&[set(2, 5, b"A title"), long_set(120, &[b'x'; 300])].concat());
        for end in 0..whole.len() {
            let _ = from_resources(&whole[..end]);
            let _ = read(&whole[..end]);
        }
        let sets = from_resources(&whole).unwrap();
        assert_eq!(read(&sets[..sets.len() - 1]).map(|(sets, whole)| (sets.len(), whole)), Some((12, false)));
        assert_eq!(read(b"\x1C\x02\x05\xFF\xFF"), None);
        assert_eq!(read(b"nothing"), None);
        for at in 0..whole.len() {
            for value in [0, 0x1C, 0x7F, 0x80, 0xFF] {
                let mut hurt = whole.clone();
                hurt[at] = value;
                let _ = from_resources(&hurt).and_then(read);
            }
        }
    }
}
