//! What the commands say: results on standard output, progress and errors on
//! standard error.

use std::io::{ErrorKind, Write};

use anyhow::Context;
use chrono::{DateTime, SecondsFormat, Utc};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// Where a command's words go.
pub(crate) struct Output {
    json: bool,
    quiet: bool,
    /// Whether the reader of standard output has gone away.
    is_closed: bool,
}

impl Output {
    pub(crate) fn new(json: bool, quiet: bool) -> Self {
        Self {
            json,
            quiet,
            is_closed: false,
        }
    }

    /// Whether a program reads.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Prints a line. A reader who has seen enough, such as `head`, is no
    /// reason to fail: the verdict of a check does not depend on it.
    pub(crate) fn line(&mut self, line: impl std::fmt::Display) -> anyhow::Result<()> {
        if self.is_closed {
            return Ok(());
        }
        match writeln!(std::io::stdout().lock(), "{line}") {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.is_closed = true;
                Ok(())
            }
            written => written.context("standard output cannot be written"),
        }
    }

    /// Prints a value as JSON on one line.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> anyhow::Result<()> {
        let text = serde_json::to_string(value)?;
        self.line(text)
    }

    /// Says on standard error why the command could not do its work.
    pub(crate) fn error(&self, error: &anyhow::Error) {
        let message = one_line(&format!("{error:#}"));
        let line = if self.json {
            json!({ "error": { "message": message } }).to_string()
        } else {
            format!("docket-replay: {message}")
        };
        // There is nobody left to tell if this fails.
        let _written = writeln!(std::io::stderr().lock(), "{line}");
    }

    /// A progress bar on standard error, unseen where that is no terminal.
    pub(crate) fn progress(&self, what: &str, length: u64) -> ProgressBar {
        if self.quiet {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new(length);
        let style = ProgressStyle::with_template(
            "{msg} {wide_bar} {human_pos}/{human_len} events, {per_sec}, {eta} left",
        );
        if let Ok(style) = style {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        bar
    }
}

/// A time for people: UTC, of fixed width, to the microsecond as the log keeps
/// it, so that what is shown can be asked for.
pub(crate) fn time(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S%.6fZ").to_string()
}

/// A time for programs.
pub(crate) fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// A number of things: `1 event`, `12,345 events`.
pub(crate) fn count(number: i64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", grouped(number))
}

fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    if number < 0 {
        text.push('-');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The fields of a row under the names that programs get everywhere:
/// `item_id` becomes `itemId`. What lies within the fields stays as it is.
pub(crate) fn fields(row: &impl Serialize) -> anyhow::Result<Map<String, Value>> {
    let Value::Object(fields) = serde_json::to_value(row)? else {
        anyhow::bail!("a row has no fields");
    };
    Ok(fields
        .into_iter()
        .map(|(name, value)| (camel_case(&name), value))
        .collect())
}

fn camel_case(name: &str) -> String {
    let mut parts = name.split('_');
    let mut camel = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

/// Somebody's words on one line.
pub(crate) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    shown(&words.join(" "))
}

/// Somebody's words as a terminal may show them: a record must not be able to
/// move the cursor or turn the writing around.
pub(crate) fn shown(text: &str) -> String {
    let is_harmful = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.replace(is_harmful, "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_things_counted() {
        assert_eq!(count(0, "event"), "0 events");
        assert_eq!(count(1, "event"), "1 event");
        assert_eq!(count(999, "row"), "999 rows");
        assert_eq!(count(1_234_567, "row"), "1,234,567 rows");
        assert_eq!(grouped(-1_000), "-1,000");
    }

    #[test]
    fn only_the_names_of_fields_become_camel_case() {
        let row = json!({"item_id": 1, "custom_fields": {"my_field": 2}});
        let expected = json!({"itemId": 1, "customFields": {"my_field": 2}});
        assert_eq!(Value::Object(fields(&row).unwrap()), expected);
    }

    #[test]
    fn a_record_cannot_play_with_the_terminal() {
        assert_eq!(
            shown("a\u{1b}[2Jb\u{202e}c\nd 中文 عربي"),
            "a\u{fffd}[2Jb\u{fffd}c\nd 中文 عربي"
        );
        assert_eq!(one_line("a\n  b\tc"), "a b c");
    }
}
