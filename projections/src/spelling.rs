//! What somebody means by a number: people write and read numbers to each other
//! in any case and width, with blanks, without the zeros, and by the digits
//! alone.

use domain::likeness::folded;

/// The practices that have numbers, by what these begin with. A number without
/// letters is one of the first.
const PREFIXES: [&str; 1] = ["INC"];

/// How many digits a number has at least.
const DIGITS: usize = 7;

/// A number as the desk writes it, of whatever somebody wrote: in any case and
/// width, with blanks, without the zeros, or the digits alone. What is no
/// number stays what it is.
pub fn as_written_here(number: &str) -> String {
    let compact = compact(number);
    let (letters, digits) = parts(&compact);
    let prefix = PREFIXES
        .into_iter()
        .find(|prefix| letters.is_empty() || prefix.eq_ignore_ascii_case(letters));
    match prefix {
        Some(prefix) if !digits.is_empty() => format!("{prefix}{digits:0>DIGITS$}"),
        _ => number.trim().to_owned(),
    }
}

/// What numbers in other systems are kept and looked for under.
pub(crate) struct ReferenceKey;

impl ReferenceKey {
    /// What somebody means by a system and a reference.
    pub(crate) fn wanted(system: &str, reference: &str) -> String {
        let compact = compact(reference);
        let (letters, digits) = parts(&compact);
        if digits.is_empty() {
            Self::of(system, &compact)
        } else {
            Self::of(system, &format!("{letters}{digits}"))
        }
    }

    /// Everything that somebody may mean it by: as it is written, and where it
    /// is some letters and a number, by the digits alone.
    pub(crate) fn all(system: &str, reference: &str) -> Vec<String> {
        let compact = compact(reference);
        let (letters, digits) = parts(&compact);
        let mut keys = vec![Self::wanted(system, reference)];
        if !letters.is_empty() && !digits.is_empty() {
            keys.push(Self::of(system, digits));
        }
        keys
    }

    fn of(system: &str, reference: &str) -> String {
        format!("{}\n{reference}", compact_name(system))
    }
}

/// Whether somebody who names a reference, with or without its system, means
/// this one.
pub fn means(named: &str, system: &str, reference: &str) -> bool {
    let keys = ReferenceKey::all(system, reference);
    let is_meant = |system: &str, named: &str| keys.contains(&ReferenceKey::wanted(system, named));
    let with_system = named.trim().split_once(char::is_whitespace);
    is_meant(system, named) || with_system.is_some_and(|(system, named)| is_meant(system, named))
}

/// The digits that a number ends with, in half width and without the zeros
/// before them.
pub fn last_digits(number: &str) -> Option<String> {
    let compact = compact(number);
    let start = compact.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let digits = compact[start..].trim_start_matches('0');
    (!digits.is_empty()).then(|| digits.to_owned())
}

fn compact_name(name: &str) -> String {
    let name = folded(name);
    let words: Vec<&str> = name.split_whitespace().collect();
    words.join(" ")
}

/// A number in lower case and half width, without blanks.
fn compact(number: &str) -> String {
    let number = folded(number);
    number.split_whitespace().collect()
}

/// The letters that a number begins with, and its digits without the zeros
/// before them; no digits where there are others among the letters.
fn parts(number: &str) -> (&str, &str) {
    let start = number.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let (letters, digits) = number.split_at(start);
    if digits.is_empty() || letters.contains(|c: char| c.is_ascii_digit()) {
        return (number, "");
    }
    match digits.trim_start_matches('0') {
        "" => (letters, "0"),
        significant => (letters, significant),
    }
}

#[cfg(test)]
mod tests {
    use super::{ReferenceKey, as_written_here, last_digits, means};

    #[test]
    fn a_number_is_found_in_every_way_that_people_write_it() {
        for written in [
            "INC0000042",
            "inc0000042",
            "Inc 0000042",
            " INC 42 ",
            "ＩＮＣ００００００４２",
            "0000042",
            "42",
            "0 000 042",
            "４２",
            "INC000000000042",
        ] {
            assert_eq!(as_written_here(written), "INC0000042", "{written}");
        }
        assert_eq!(as_written_here("INC12345678"), "INC12345678");
        assert_eq!(as_written_here("0"), "INC0000000");
        for other in ["", "INC", "CHG42", "42a", "INC-42", "VPN", "1e5"] {
            assert_eq!(as_written_here(other), other);
        }
    }

    #[test]
    fn a_reference_is_found_in_every_way_that_people_write_it() {
        let kept = ReferenceKey::all("ServiceNow", "INC0010045");
        for (system, reference) in [
            ("ServiceNow", "INC0010045"),
            ("servicenow", "inc 10045"),
            ("ＳｅｒｖｉｃｅＮｏｗ", "ＩＮＣ００１００４５"),
            ("SERVICENOW", "10045"),
            ("ServiceNow ", "0010045"),
        ] {
            assert!(
                kept.contains(&ReferenceKey::wanted(system, reference)),
                "{system} {reference}"
            );
        }
        for (system, reference) in [
            ("ServiceNow", "INC001004"),
            ("Jira", "10045"),
            ("ServiceNow", "CHG0010045"),
        ] {
            assert!(!kept.contains(&ReferenceKey::wanted(system, reference)));
        }
        assert!(means("servicenow inc 10045", "ServiceNow", "INC0010045"));
        assert!(means("10045", "ServiceNow", "INC0010045"));
        assert!(!means("jira 10045", "ServiceNow", "INC0010045"));
        assert_eq!(last_digits("ＩＮＣ ００４５").as_deref(), Some("45"));
        assert_eq!(last_digits("INC"), None);
        let key = ReferenceKey::wanted("Jira", "DESK-12");
        assert!(ReferenceKey::all("jira", "desk-0012").contains(&key));
    }
}
