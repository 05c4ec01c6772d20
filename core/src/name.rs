//! Topic and channel names: parsed once, valid ever after.

use alloc::sync::Arc;
use core::{borrow::Borrow, fmt, ops::Deref};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// The longest valid name, `#ephemeral` included. NSQ, `internal/protocol/names.go`.
pub const MAX_NAME_LENGTH: usize = 64;

const EPHEMERAL: &str = "#ephemeral";

/// Why a text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidName;

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("1 to 64 characters of .a-zA-Z0-9_-, which may end in #ephemeral")
    }
}

impl core::error::Error for InvalidName {}

/// Whether NSQ accepts `text` as the name of a topic or of a channel: `^[.a-zA-Z0-9_-]+(#ephemeral)?$`, at most
/// [`MAX_NAME_LENGTH`] bytes in all.
pub fn is_valid_name(text: &str) -> bool {
    let stem = text.strip_suffix(EPHEMERAL).unwrap_or(text);
    text.len() <= MAX_NAME_LENGTH
        && !stem.is_empty()
        && stem.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// Cloning shares the text. Ordered by its bytes, and found in a map by a plain `&str`.
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The one way to own such a name.
            ///
            /// # Errors
            /// [`InvalidName`] for a text that [`is_valid_name`] refuses.
            pub fn parse(text: &str) -> Result<Self, InvalidName> {
                if is_valid_name(text) { Ok(Self(text.into())) } else { Err(InvalidName) }
            }

            /// The name as it is written.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Whether the name goes when its last producer does.
            pub fn is_ephemeral(&self) -> bool {
                self.0.ends_with(EPHEMERAL)
            }
        }

        impl Deref for $name {
            type Target = str;
            fn deref(&self) -> &str {
                &self.0
            }
        }

        // Equality, order and hash are those of the text.
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = alloc::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::parse(&text).map_err(D::Error::custom)
            }
        }
    };
}

name! {
    /// The name of a topic.
    TopicName
}

name! {
    /// The name of a channel.
    ChannelName
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_nsq_accepts() {
        let longest = "x".repeat(64);
        for good in ["t", "a.b-c_D9", "t#ephemeral", ".", &longest, &("x".repeat(54) + "#ephemeral")] {
            assert!(TopicName::parse(good).is_ok(), "{good}");
        }
        let too_long = "x".repeat(65);
        let too_long_ephemeral = "x".repeat(55) + "#ephemeral";
        for bad in [
            "",
            "*",
            "#ephemeral",
            "t#",
            "t#other",
            "t#ephemeral#ephemeral",
            "a b",
            "a\n",
            "é",
            "a/b",
            "a$",
            &too_long,
            &too_long_ephemeral,
        ] {
            assert_eq!(ChannelName::parse(bad), Err(InvalidName), "{bad}");
        }
    }

    #[test]
    fn only_the_suffix_makes_a_name_ephemeral() {
        assert!(TopicName::parse("t#ephemeral").unwrap().is_ephemeral());
        assert!(!TopicName::parse("ephemeral").unwrap().is_ephemeral());
    }
}
