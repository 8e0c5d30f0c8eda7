//! Files to pictures and rows of pixels to files.
