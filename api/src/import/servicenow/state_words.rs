//! What the words of a source mean for whom they are no words of ours: a file
//! with two columns, the word and the state that it stands for.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Cursor, Read};
use std::path::Path;

use csv::ByteRecord;

use super::encoding::{self, Decoded};
use super::records::{Found, Records};
use super::states::State;
use crate::import::ImportError;

/// More than the words of any desk fill.
const LONGEST_BYTES: u64 = 1 << 20;

/// The words that mean something: those that are given, and otherwise the
/// source's own.
#[derive(Debug, Default)]
pub(super) struct StateWords {
    given: HashMap<String, State>,
}

impl StateWords {
    /// Reads the words of a file.
    pub(super) fn read(path: &Path) -> Result<Self, ImportError> {
        let of_file = |source| ImportError::File {
            path: path.to_owned(),
            source,
        };
        let mut text = Vec::new();
        File::open(path)
            .and_then(|file| file.take(LONGEST_BYTES).read_to_end(&mut text))
            .map_err(of_file)?;
        let found = encoding::find(Cursor::new(&text)).map_err(of_file)?;
        let text = Decoded::of(Cursor::new(text), found);
        let problem = |problem: String| ImportError::StateWords {
            path: path.to_owned(),
            problem,
        };
        let opened = Records::open(BufReader::new(text)).map_err(of_file)?;
        let (mut records, header) = opened.ok_or_else(|| problem("it is empty".to_owned()))?;
        if header != vec!["word", "state"] {
            return Err(problem("its first line is not \"word,state\"".to_owned()));
        }
        let mut given = HashMap::new();
        while let Some(found) = records.read().map_err(of_file)? {
            let (line, entry) = match found {
                Found::Record { lines, record, .. } => (lines.0, entry(&record)),
                Found::Broken(broken) => (
                    broken.lines.0,
                    Err("has a quotation mark too many".to_owned()),
                ),
            };
            let (word, state) = entry.map_err(|what| problem(format!("line {line} {what}")))?;
            if given.insert(word.clone(), state).is_some() {
                return Err(problem(format!("line {line} has {word:?} once more")));
            }
        }
        Ok(Self { given })
    }

    /// What a word means, if it means anything.
    pub(super) fn state(&self, word: &str) -> Option<State> {
        self.given.get(word).copied().or_else(|| State::named(word))
    }

    /// Whether the desk's status says as much as the source's word did.
    pub(super) fn says_all(&self, word: &str) -> bool {
        self.given.contains_key(word) || State::says_all(word)
    }
}

fn entry(record: &ByteRecord) -> Result<(String, State), String> {
    let fields: Vec<&[u8]> = record.iter().collect();
    let [word, state] = fields.as_slice() else {
        return Err(format!("has {} fields instead of 2", fields.len()));
    };
    let word = std::str::from_utf8(word).map_err(|_| "has a word in another encoding")?;
    let (word, state) = (word.trim(), String::from_utf8_lossy(state));
    if word.is_empty() {
        return Err("has no word".to_owned());
    }
    let state = state.trim();
    let meant = State::called(state).ok_or_else(|| {
        let known: Vec<&str> = State::NAMES.iter().map(|(name, _)| *name).collect();
        format!(
            "says {state:?}, which is no state; states are {}",
            known.join(", ")
        )
    })?;
    Ok((word.to_owned(), meant))
}

#[cfg(test)]
mod tests {
    use domain::incident::HoldReason;
    use encoding_rs::GB18030;

    use super::*;

    fn words(content: &[u8]) -> Result<StateWords, String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("states.csv");
        std::fs::write(&path, content).unwrap();
        StateWords::read(&path).map_err(|error| {
            let error = error.to_string();
            error.replace(path.to_str().unwrap(), "states.csv")
        })
    }

    #[test]
    fn a_file_says_what_words_mean_and_the_others_keep_their_meaning() {
        let file = "word,state\n处理中,in-progress\n 等待用户 ,On-Hold-Requester\n\
                    \"6, done\",resolved\nNew,closed\n";
        for content in [file.as_bytes(), &GB18030.encode(file).0] {
            let words = words(content).unwrap();
            let waiting = State::Awaiting(HoldReason::Requester);
            for (word, state) in [
                ("处理中", Some(State::Active)),
                ("等待用户", Some(waiting)),
                ("6, done", Some(State::Resolved)),
                ("New", Some(State::Closed)),
                ("Canceled", Some(State::Cancelled)),
                ("-100", None),
            ] {
                assert_eq!(words.state(word), state, "{word}");
            }
            assert!(words.says_all("处理中") && !words.says_all("-100"));
        }
    }

    #[test]
    fn a_file_that_says_something_else_is_refused_with_its_line() {
        for (content, problem) in [
            ("", "states.csv is no list of states: it is empty"),
            (
                "新建,new\n",
                "states.csv is no list of states: its first line is not \"word,state\"",
            ),
            (
                "word,state\n\n新建,begun\n",
                "states.csv is no list of states: line 3 says \"begun\", which is no state; \
                 states are new, in-progress, on-hold-requester, on-hold-supplier, \
                 on-hold-change, on-hold-problem, on-hold-approval, resolved, closed, cancelled",
            ),
            (
                "word,state\n,new\n",
                "states.csv is no list of states: line 2 has no word",
            ),
            (
                "word,state\na,new\na,closed\n",
                "states.csv is no list of states: line 3 has \"a\" once more",
            ),
            (
                "word,state\na,b,new\n",
                "states.csv is no list of states: line 2 has 3 fields instead of 2",
            ),
            (
                "word,state\n\"a,new\n",
                "states.csv is no list of states: line 2 has a quotation mark too many",
            ),
        ] {
            assert_eq!(words(content.as_bytes()).unwrap_err(), problem);
        }
    }
}
