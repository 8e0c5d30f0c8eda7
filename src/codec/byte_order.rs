//! Numbers in the byte order of a file.

/// The order of the bytes of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// The lowest byte first: `II`.
    Little,
    /// The highest byte first: `MM`.
    Big,
}

impl Order {
    pub(super) fn u16(self, v: u16) -> [u8; 2] {
        if self == Self::Little { v.to_le_bytes() } else { v.to_be_bytes() }
    }

    pub(super) fn u32(self, v: u32) -> [u8; 4] {
        if self == Self::Little { v.to_le_bytes() } else { v.to_be_bytes() }
    }

    pub(super) fn u64(self, v: u64) -> [u8; 8] {
        if self == Self::Little { v.to_le_bytes() } else { v.to_be_bytes() }
    }

    fn get<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
        bytes.get(at..at.checked_add(N)?)?.try_into().ok()
    }

    pub(super) fn u16_at(self, bytes: &[u8], at: usize) -> Option<u16> {
        Self::get(bytes, at).map(|b| if self == Self::Little { u16::from_le_bytes(b) } else { u16::from_be_bytes(b) })
    }

    pub(super) fn u32_at(self, bytes: &[u8], at: usize) -> Option<u32> {
        Self::get(bytes, at).map(|b| if self == Self::Little { u32::from_le_bytes(b) } else { u32::from_be_bytes(b) })
    }

    pub(super) fn u64_at(self, bytes: &[u8], at: usize) -> Option<u64> {
        Self::get(bytes, at).map(|b| if self == Self::Little { u64::from_le_bytes(b) } else { u64::from_be_bytes(b) })
    }
}
