//! Errors, by whose fault they are.
//!
//! Every error says what is wrong and what can be done about it, in words that can be shown to a
//! person as they are.

use std::fmt;

/// What went wrong and how to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong, as a sentence without its full stop.
    pub what: String,
    /// What the person can do about it, as a sentence without its full stop; may be empty.
    pub remedy: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.remedy.is_empty() { write!(f, "{}.", self.what) } else { write!(f, "{}. {}.", self.what, self.remedy) }
    }
}

/// An error of the library.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The input file cannot be read as an image.
    #[error("{0}")]
    Decode(Fault),
    /// The result cannot be written.
    #[error("{0}")]
    Encode(Fault),
    /// The model file is damaged or is not a model.
    #[error("{0}")]
    Model(Fault),
    /// The compute device is missing, was lost, or gave wrong results.
    #[error("{0}")]
    Device(Fault),
    /// The picture or the model is larger than the limits allow.
    #[error("{0}")]
    Limits(Fault),
    /// An option has a value that makes no sense.
    #[error("{0}")]
    Parameter(Fault),
    /// The file or model is sound, but uses something that is not implemented.
    #[error("{0}")]
    Unsupported(Fault),
    /// The job was cancelled on request.
    #[error("The job was cancelled.")]
    Cancelled,
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $variant:ident),* $(,)?) => {
        $($(#[$doc])*
        pub fn $name(what: impl Into<String>, remedy: impl Into<String>) -> Self {
            Self::$variant(Fault { what: what.into(), remedy: remedy.into() })
        })*
    };
}

impl Error {
    constructors! {
        /// A [`Error::Decode`] from its two sentences.
        decode => Decode,
        /// A [`Error::Encode`] from its two sentences.
        encode => Encode,
        /// A [`Error::Model`] from its two sentences.
        model => Model,
        /// A [`Error::Device`] from its two sentences.
        device => Device,
        /// A [`Error::Limits`] from its two sentences.
        limits => Limits,
        /// A [`Error::Parameter`] from its two sentences.
        parameter => Parameter,
        /// A [`Error::Unsupported`] from its two sentences.
        unsupported => Unsupported,
    }

    /// The kind as scripts see it: a name of [`ErrorKind`].
    pub fn kind(&self) -> &'static str {
        kind_of(self).name()
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// Whose fault an error is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
        #[cfg_attr(all(target_arch = "wasm32", feature = "codec"), derive(tsify::Tsify))]
        #[non_exhaustive]
        pub enum ErrorKind {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl ErrorKind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name that scripts see.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }

        fn kind_of(error: &Error) -> ErrorKind {
            match error {
                $(Error::$variant { .. } => ErrorKind::$variant,)*
            }
        }
    };
}

kinds! {
    /// The picture's file.
    Decode = "decode",
    /// The result's file, or where it goes.
    Encode = "encode",
    /// The network's file.
    Model = "model",
    /// The engine, or what it runs on.
    Device = "device",
    /// The size of something.
    Limits = "limits",
    /// What was asked for.
    Parameter = "parameter",
    /// Nobody's: it is not implemented.
    Unsupported = "unsupported",
    /// The user's wish.
    Cancelled = "cancelled",
}

/// The library's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;
