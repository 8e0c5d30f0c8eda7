//! Builds, serves and tests Inlarge.
fn main() {}
