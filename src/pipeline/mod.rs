//! From a file to an enlarged file.
//!
//! ```text
//! file -> codec::decode -> Job -- tiles --> Session::run (workers) --+
//!                           ^                                        |
//!                           +---------------- put -------------------+
//!                           |
//!                           +-> bands -> next pass, or finish -> codec::RowEncoder -> sink
//! ```
//!
//! [`Job`] is a state machine without threads or futures: the command line drives it from threads
//! (`drive`), the browser from workers, and both get the same bytes.

mod check;
mod estimate;
mod job;
mod layout;
pub mod name;
mod options;
mod output;
mod pass;
pub mod preview;
mod report;
mod rows;
pub mod size;
pub mod supervise;

#[cfg(not(target_arch = "wasm32"))]
pub mod drive;

pub use estimate::{Estimate, file_bytes};
pub use job::{Job, TileRequest};
pub use options::JobOptions;
pub use output::write_map;
pub use report::Report;
