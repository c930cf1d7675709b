//! Which texts are one and the same to those who read them, whatever the
//! computer makes of them: upper and lower case, full and half width, composed
//! and decomposed letters, characters that nobody can see, and letters of
//! different scripts that look alike.

use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;

/// A name as it is compared: folded in case, normalised in width and
/// composition, without what cannot be seen (Unicode's `toNFKC_Casefold`). Of a
/// folded name it makes the same name again.
pub fn folded(name: &str) -> String {
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    // Each step can bring about what another one has to do with: twice is
    // enough for all characters there are, and the last round finds nothing.
    let mut folded = fold_once(name);
    loop {
        let again = fold_once(&folded);
        if again == folded {
            return folded;
        }
        folded = again;
    }
}

fn fold_once(name: &str) -> String {
    let visible: String = name.chars().filter(|c| !is_ignorable(*c)).collect();
    caseless::default_case_fold_str(&visible).nfkc().collect()
}

/// What a code looks like: two codes with one look cannot be told apart on a
/// screen or over the telephone. It is the folded code, white space as one
/// blank, with each letter beyond ASCII as the letter that it is mistaken for
/// (Unicode's technical standard 39). ASCII's own letters stay what they are:
/// `modem` is not `modern`.
pub fn look(code: &str) -> String {
    let code = folded(code);
    let words: Vec<&str> = code.split_whitespace().collect();
    let code = words.join(" ");
    if code.is_ascii() {
        return code;
    }
    let mut look = String::with_capacity(code.len());
    for character in code.chars() {
        if character.is_ascii() {
            look.push(character);
        } else {
            look.extend(skeleton(character.encode_utf8(&mut [0; 4])));
        }
    }
    folded(&look)
}

/// Whether a text shows nothing: it has only white space, fillers, and
/// characters that say how others are shown.
pub(crate) fn is_blank(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_whitespace() || is_ignorable(c) || is_filler(c))
}

/// Whether a character turns the direction of what follows until another one
/// ends that. In a line of its own it can make a text read as another one; the
/// marks that only give a neighbour its direction cannot.
pub(crate) fn turns_direction(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Visible characters whose picture is empty, and those that set notes apart.
fn is_filler(character: char) -> bool {
    matches!(
        character,
        '\u{2800}' | '\u{1d159}' | '\u{fff9}'..='\u{fffb}'
    )
}

/// The characters that Unicode says to show nothing for
/// (`Default_Ignorable_Code_Point`), those to come included.
fn is_ignorable(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn r6_a_name_is_one_name_in_any_case_width_and_composition() {
        let same = [
            ("zhao.min", "Zhao.Min"),
            ("zhao.min", "ｚｈａｏ．ＭＩＮ"),
            ("rené", "Rene\u{301}"),
            ("strasse", "STRAẞE"),
            ("ὀδυσσεύς", "ὈΔΥΣΣΕΎΣ"),
            ("ad.lu", "ad\u{200b}.lu"),
            ("赵敏", "赵敏\u{fe0f}"),
        ];
        for (one, other) in same {
            assert_eq!(folded(one), folded(other), "{one} {other}");
        }
        for (one, other) in [("rene", "rené"), ("赵敏", "趙敏"), ("a.b", "ab")] {
            assert_ne!(folded(one), folded(other));
        }
    }

    #[test]
    fn a6_codes_that_look_alike_have_one_look() {
        let alike = [
            ("network", "Network"),
            ("network", "nеtwоrk"), // with Cyrillic е and о
            ("network", "net\u{200b}work"),
            ("mail desk", "mail\u{a0} desk"),
            ("server-1", "server‐1"),
            ("网络", "网络\u{2060}"),
        ];
        for (one, other) in alike {
            assert_eq!(look(one), look(other), "{one} {other}");
        }
        let different = [
            ("modem", "modern"),
            ("line-1", "line-l"),
            ("网络", "网格"),
            ("сеть", "сети"),
        ];
        for (one, other) in different {
            assert_ne!(look(one), look(other));
        }
    }

    #[test]
    fn what_is_ignored_is_what_unicode_says_to_ignore() {
        for character in '\0'..=char::MAX {
            let text = character.to_string();
            let shows = skeleton(&text).next().is_some();
            assert_eq!(
                is_ignorable(character),
                !shows,
                "{:x}",
                u32::from(character)
            );
        }
    }

    #[test]
    fn every_character_is_folded_for_good() {
        let characters: Vec<char> = ('\0'..=char::MAX).collect();
        for some in characters.chunks(1_000) {
            let once = folded(&some.iter().collect::<String>());
            assert_eq!(folded(&once), once);
        }
    }

    proptest! {
        #[test]
        fn folding_again_changes_nothing(name in "\\PC*") {
            let once = folded(&name);
            prop_assert_eq!(folded(&once), once.clone());
            prop_assert_eq!(look(&once), look(&name));
        }
    }
}
