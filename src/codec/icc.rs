//! Which ICC profiles may be kept.
//!
//! Source: ICC.1:2022, header: size at byte 0, data colour space at byte 16, `acsp` at byte 36.

use crate::image::Channels;

/// Why `profile` cannot describe a picture of `channels`, or `None` where it can.
pub(super) fn misfit(profile: &[u8], channels: Channels) -> Option<String> {
    let header = profile.get(..128).filter(|h| h.get(36..40) == Some(b"acsp"));
    let Some(space) = header.and_then(|h| h.get(16..20)) else {
        return Some("The colour profile is damaged and was left out".to_owned());
    };
    let need: &[u8] = if channels.colours() == 1 { b"GRAY" } else { b"RGB " };
    if space == need {
        return None;
    }
    let name = String::from_utf8_lossy(space);
    Some(format!("The colour profile is for {} data and was left out", name.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(space: [u8; 4]) -> Vec<u8> {
        let mut p = vec![0; 128];
        p[16..20].copy_from_slice(&space);
        p[36..40].copy_from_slice(b"acsp");
        p
    }

    #[test]
    fn only_a_profile_of_the_same_space_fits() {
        assert_eq!(misfit(&profile(*b"RGB "), Channels::Rgba), None);
        assert_eq!(misfit(&profile(*b"GRAY"), Channels::GreyAlpha), None);
        assert!(misfit(&profile(*b"CMYK"), Channels::Rgb).is_some_and(|w| w.contains("CMYK")));
        assert!(misfit(&profile(*b"RGB "), Channels::Grey).is_some());
        assert!(misfit(&profile(*b"RGB ")[..127], Channels::Rgb).is_some_and(|w| w.contains("damaged")));
        assert!(misfit(&[], Channels::Rgb).is_some());
    }
}
