//! Inlarge enlarges images with super-resolution networks: on the GPU with WGSL compute shaders, on the CPU with SIMD kernels.
//!
//! [`enlarge`] takes a file and an [`Order`], and gives a file and a [`Report`]:
//!
//! ```
//! # #[cfg(all(feature = "models", feature = "simd"))] {
//! use inlarge::{Order, enlarge};
//!
//! # fn main() -> Result<(), inlarge::Error> {
//! let photo = include_bytes!("../tests/assets/lossy.webp");
//! let order = Order { scale: Some(2.0), ..Order::default() };
//! let enlarged = enlarge(photo, "photo.webp", &order, |progress| {
//!     println!("{} of {} tiles", progress.done, progress.total);
//!     true
//! })?;
//! assert_eq!(enlarged.name, "photo-2x.png");
//! assert_eq!(enlarged.report.scale, 2.0);
//! # Ok(()) }
//! # main().unwrap() }
//! ```
//!
//! What is named here keeps its meaning from one minor version to the next. The modules do not: they are public for the command line, the
//! browser's packages and the tests, and this is their map.
//!
//! | module | what it does |
//! |---|---|
//! | `order` | what a user asks for, the catalogue of networks, the plan of a picture |
//! | `pipeline` | the job of a picture, and the supervisor of the engines that run it |
//! | `codec`, `finish` | files and their metadata; the lock, sharpening, grain, exact sizes |
//! | `backend` | the engines: `gpu`, `simd`, `tract`, `reference` |
//! | `model`, `tile`, `image` | networks as graphs, the plan of tiles, pictures |
//! | `error`, `limits` | errors by whose fault they are; budgets |
//!
//! ```text
//! file -> codec -> Job -- tiles --> Session::run (workers) --+
//!                   ^                                        |
//!                   +---------------- put -------------------+
//!                   |
//!                   +-> bands -> next pass, or finish -> codec -> file
//! ```

#[doc(hidden)]
pub mod backend;
#[cfg(feature = "codec")]
#[doc(hidden)]
pub mod codec;
#[doc(hidden)]
pub mod error;
#[doc(hidden)]
pub mod finish;
#[doc(hidden)]
pub mod image;
#[doc(hidden)]
pub mod limits;
#[doc(hidden)]
pub mod model;
mod named;
#[cfg(feature = "codec")]
#[doc(hidden)]
pub mod order;
#[cfg(feature = "codec")]
#[doc(hidden)]
pub mod pipeline;
#[doc(hidden)]
pub mod tile;
mod vector;
#[cfg(target_arch = "wasm32")]
pub mod web;

pub use error::{Error, ErrorKind, Result};
#[cfg(feature = "codec")]
pub use order::{Order, OutputOrder, size::SizeRequest};
#[cfg(all(feature = "models", not(target_arch = "wasm32")))]
pub use pipeline::enlarge::{Enlarged, enlarge};
#[cfg(feature = "codec")]
pub use pipeline::{Phase, Progress, Report};
