//! A checkpoint: how large a log was and what its root was, as its note says
//! it (C2SP tlog-checkpoint).

use std::fmt;
use std::str::FromStr;

use super::note::NoteError;
use super::tree::Hash;

/// The head of a tree, under the name of its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: the name that its key has, too.
    pub origin: String,
    /// How many events it had.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

impl fmt::Display for Checkpoint {
    /// The text that is signed.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            formatter,
            "{}\n{}\n{}",
            self.origin,
            self.size,
            self.root.to_base64()
        )
    }
}

impl FromStr for Checkpoint {
    type Err = NoteError;

    /// Reads the text of a note. Lines behind the third say what others may
    /// understand, and are passed over.
    fn from_str(text: &str) -> Result<Self, NoteError> {
        let mut lines = text.split('\n');
        let origin = lines
            .next()
            .filter(|origin| !origin.is_empty())
            .ok_or(NoteError::Malformed("a checkpoint begins with its origin"))?;
        let size_line = lines.next().unwrap_or_default();
        let size: u64 = size_line
            .parse()
            .ok()
            .filter(|size: &u64| size.to_string() == size_line)
            .ok_or(NoteError::Malformed(
                "its second line is the size of the log",
            ))?;
        let root = lines
            .next()
            .and_then(Hash::from_base64)
            .ok_or(NoteError::Malformed("its third line is the root in base64"))?;
        Ok(Self {
            origin: origin.to_owned(),
            size,
            root,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_written_as_it_is_read() {
        let text =
            "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        let checkpoint: Checkpoint = text.parse().unwrap();
        assert_eq!(checkpoint.size, 20_852_163);
        assert_eq!(checkpoint.to_string(), text);
        let extended: Checkpoint = format!("{text}more\n").parse().unwrap();
        assert_eq!(extended, checkpoint);
        for wrong in [
            "",
            "o\n",
            "o\n01\nCsUY\n",
            "o\n-1\n",
            "o\n5\nCsUYapGG\n",
            "\n5\n",
        ] {
            assert!(wrong.parse::<Checkpoint>().is_err(), "{wrong:?}");
        }
    }
}
