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
mod job;
mod layout;
mod open;
mod output;
mod pass;
pub mod preview;
mod progress;
mod report;
mod rows;
mod setup;
pub mod supervise;

#[cfg(not(target_arch = "wasm32"))]
pub mod drive;
#[cfg(all(feature = "models", not(target_arch = "wasm32")))]
pub(crate) mod enlarge;

pub use job::{Job, TileRequest};
pub use output::write_map;
pub use progress::{Phase, Progress, Rectangle, Sides};
pub use report::Report;
pub use setup::Setup;
