//! Choices that users make by a name: on the command line, in JSON and in reports.

/// An enumeration whose variants have the same name everywhere, with the sentence that refuses another one.
///
/// Makes `ALL`, `NAMES`, a function that gives the name, `FromStr` with [`Error`] `Parameter`, and what serde and TypeScript need.
macro_rules! named {
    (
        $(#[$meta:meta])*
        $vis:vis enum $type:ident ($what:literal, $function:ident) {
            $($(#[$doc:meta])* $variant:ident = $name:literal,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[cfg_attr(all(target_arch = "wasm32", feature = "codec"), derive(tsify::Tsify))]
        $vis enum $type {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl $type {
            /// All of them.
            $vis const ALL: [Self; <[&str]>::len(&[$($name),*])] = [$(Self::$variant),*];
            /// Their names.
            $vis const NAMES: [&str; <[&str]>::len(&[$($name),*])] = [$($name),*];

            /// The name in options and reports.
            $vis const fn $function(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::error::Error;

            fn from_str(name: &str) -> $crate::error::Result<Self> {
                Self::ALL.into_iter().find(|one| one.$function() == name).ok_or_else(|| $crate::named::unknown($what, name, &Self::NAMES))
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::named::deserialize(deserializer)
            }
        }
    };
}

use std::borrow::Cow;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

use crate::error::{Error, Fault};

pub(crate) use named;

/// The refusal of a name, with those that there are.
pub(crate) fn unknown(what: &str, name: &str, names: &[&str]) -> Error {
    Error::parameter(format!("There is no {what} \"{name}\""), format!("Choose {}", listed(names)))
}

/// `a, b or c`.
pub(crate) fn listed(names: &[&str]) -> String {
    match names {
        [others @ .., last] if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => names.concat(),
    }
}

/// Between the two sentences of an error on its way through serde, whose errors have one text.
pub(crate) const BETWEEN: char = '\n';

/// Reads a name through `FromStr`, so that it is refused in the same words everywhere.
pub(crate) fn deserialize<'de, D: Deserializer<'de>, T: FromStr<Err = Error>>(deserializer: D) -> Result<T, D::Error> {
    let name = Cow::<str>::deserialize(deserializer)?;
    name.parse().map_err(|error| match error {
        Error::Parameter(Fault { what, remedy }) => serde::de::Error::custom(format!("{what}{BETWEEN}{remedy}")),
        other => serde::de::Error::custom(other),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    named! {
        /// For the test.
        enum Colour ("colour", name) {
            /// Red.
            Red = "red",
            /// Dark blue.
            DarkBlue = "dark-blue",
        }
    }

    #[test]
    fn names_are_the_same_everywhere() {
        assert_eq!(("red".parse(), Colour::DarkBlue.name()), (Ok(Colour::Red), "dark-blue"));
        assert_eq!(serde_json::to_string(&Colour::ALL).unwrap(), r#"["red","dark-blue"]"#);
        assert_eq!(serde_json::from_str::<Colour>(r#""dark-blue""#).unwrap(), Colour::DarkBlue);
        let refused = Error::parameter("There is no colour \"green\"", "Choose red or dark-blue");
        assert_eq!("green".parse::<Colour>(), Err(refused));
        let said = serde_json::from_str::<Colour>(r#""green""#).unwrap_err().to_string();
        assert!(said.starts_with("There is no colour \"green\"\nChoose red or dark-blue"), "{said}");
    }
}
