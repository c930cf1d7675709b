//! Text that people write. Checked once at the edge of the domain, so that no
//! rule further in has to wonder about length, emptiness or NUL characters.
//! Every script and emoji is welcome; lengths count characters, not bytes. What
//! shows nothing is no text, and no line reads otherwise than it is written.

use serde::{Deserialize, Serialize};
use strum::{AsRefStr, VariantNames};

use crate::Refusal;
use crate::likeness::{is_blank, turns_direction};

/// Why a text was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, AsRefStr, VariantNames)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE", prefix = "TEXT_")]
pub enum TextRefused {
    /// Nothing but white space and characters that show nothing.
    #[error("must not be empty")]
    Empty,
    /// Longer than the field allows.
    #[error("must have at most {max} characters, has {chars}")]
    TooLong {
        /// The limit in characters.
        max: usize,
        /// What was given.
        chars: usize,
    },
    /// A control character (NUL, or a line break or a turn of the direction
    /// where one line is asked for).
    #[error("must not contain the control character U+{code:04X}")]
    ControlCharacter {
        /// The character's code point.
        code: u32,
    },
}

impl Refusal for TextRefused {
    fn code(&self) -> String {
        self.as_ref().to_owned()
    }
}

/// Trims a text and checks it: not empty, at most `max` characters, none that
/// `forbidden` names.
pub(crate) fn checked(
    text: &str,
    max: usize,
    forbidden: impl Fn(char) -> bool,
) -> Result<String, TextRefused> {
    let text = text.trim();
    if is_blank(text) {
        return Err(TextRefused::Empty);
    }
    let chars = text.chars().count();
    if chars > max {
        return Err(TextRefused::TooLong { max, chars });
    }
    if let Some(c) = text.chars().find(|c| forbidden(*c)) {
        return Err(TextRefused::ControlCharacter { code: u32::from(c) });
    }
    Ok(text.to_owned())
}

/// What no line has: control characters, line breaks among them, and those that
/// turn the direction of writing.
pub(crate) fn has_no_place_in_line(character: char) -> bool {
    character.is_control() || turns_direction(character)
}

/// Defines a checked text as a type of its own. A macro, although the project
/// otherwise writes none: generic types would show up as `Checked<KindOfLine>`
/// in every error, every debug print and every page of the documentation.
macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $max:literal, $forbidden:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The longest one, in characters.
            pub const MAX_CHARS: usize = $max;

            /// Trims it and checks it: not empty, not too long, and without
            /// the control characters that have no place in it.
            pub fn new(text: &str) -> Result<Self, $crate::text::TextRefused> {
                $crate::text::checked(text, Self::MAX_CHARS, $forbidden).map(Self)
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

pub(crate) use checked_text;

checked_text! {
    /// One line: a summary, a name, a code.
    Line, 250, has_no_place_in_line
}
checked_text! {
    /// A text of several lines: a description, a comment, a reason.
    Text, 65_536, |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_trimmed_and_every_script_is_welcome() {
        for text in ["VPN 无法连接 😀", "نص من اليمين", "étude"] {
            assert_eq!(Line::new(&format!("  {text}\n")).unwrap().as_str(), text);
        }
    }

    #[test]
    fn a_text_of_nothing_is_refused() {
        assert_eq!(Text::new(" \n\t "), Err(TextRefused::Empty));
    }

    #[test]
    fn a6_a_text_that_shows_nothing_is_refused() {
        let blanks = [
            "\u{200b}",
            "\u{3164}",
            "\u{115f}\u{1160}",
            "\u{ffa0}",
            "\u{2800}",
            "\u{ad} \u{feff}",
            "\u{200e}\u{200f}\u{61c}",
            "\u{202e}\u{202c}",
            "\u{2066}\u{2069}",
            "\u{e0001}\u{e007f}",
            "\u{3000}",
            "\u{fe0f}",
            "\u{fff9}\u{fffb}",
        ];
        for blank in blanks {
            assert_eq!(Line::new(blank), Err(TextRefused::Empty), "{blank:?}");
            assert_eq!(Text::new(blank), Err(TextRefused::Empty), "{blank:?}");
            assert!(crate::ids::PersonId::new(blank).is_err());
            assert!(crate::ids::CategoryCode::new(blank).is_err());
        }
    }

    #[test]
    fn a6_nothing_turns_the_direction_of_a_line() {
        for turn in ('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}') {
            let text = format!("invoice{turn}fdp.exe");
            let code = u32::from(turn);
            assert_eq!(
                Line::new(&text),
                Err(TextRefused::ControlCharacter { code })
            );
            assert!(crate::ids::CiId::new(&text).is_err());
            assert!(Text::new(&text).is_ok());
        }
    }

    #[test]
    fn a6_writing_that_needs_characters_nobody_sees_is_welcome() {
        let texts = [
            "شبكة\u{200f} VPN",
            "שלום\u{200e} 1",
            "می\u{200c}خواهم",
            "👩\u{200d}🔧 ❤\u{fe0f}",
            "ක්\u{200d}ෂ",
        ];
        for text in texts {
            assert_eq!(Line::new(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn nul_is_refused_everywhere_and_a_line_break_in_a_line() {
        assert_eq!(
            Text::new("a\0b").unwrap_err().code(),
            "TEXT_CONTROL_CHARACTER"
        );
        assert!(Line::new("a\nb").is_err());
        assert!(Text::new("a\nb").is_ok());
    }

    #[test]
    fn length_counts_characters() {
        assert!(Line::new(&"案".repeat(250)).is_ok());
        assert_eq!(
            Line::new(&"案".repeat(251)),
            Err(TextRefused::TooLong {
                max: 250,
                chars: 251
            })
        );
    }
}
