//! One kind of line end, whatever the file has. Only then can the line of a
//! record be told: the CSV reader counts a line of Windows when it reads on.

use std::io::{self, Read};

/// Reads a text whose every line, the last one too, ends with a line feed.
pub(super) struct LineEnds<R> {
    inner: R,
    /// A carriage return whose next character has not been read yet.
    held_back: bool,
    last: u8,
    is_over: bool,
}

impl<R> LineEnds<R> {
    pub(super) fn of(inner: R) -> Self {
        Self {
            inner,
            held_back: false,
            last: b'\n',
            is_over: false,
        }
    }
}

impl<R: Read> Read for LineEnds<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.is_over && buffer.len() > 1 {
            let mut filled = usize::from(self.held_back);
            buffer[0] = b'\r';
            let read = self.inner.read(&mut buffer[filled..])?;
            filled += read;
            self.held_back = false;
            if read == 0 {
                self.is_over = true;
                if filled == 1 || self.last != b'\n' {
                    buffer[0] = b'\n';
                    return Ok(1);
                }
                return Ok(0);
            }
            if buffer[filled - 1] == b'\r' {
                filled -= 1;
                self.held_back = true;
            }
            let kept = without_carriage_returns(&mut buffer[..filled]);
            if kept > 0 {
                self.last = buffer[kept - 1];
                return Ok(kept);
            }
        }
        Ok(0)
    }
}

/// Drops each carriage return before a line feed, and returns how many bytes
/// are left.
fn without_carriage_returns(text: &mut [u8]) -> usize {
    if !text.contains(&b'\r') {
        return text.len();
    }
    let mut kept = 0;
    for from in 0..text.len() {
        if text[from] == b'\r' && text.get(from + 1) == Some(&b'\n') {
            continue;
        }
        text[kept] = text[from];
        kept += 1;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a few bytes at a time, so that every border is met.
    struct Trickle<'a>(&'a [u8], usize);

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(buffer.len()).min(self.0.len());
            let (now, later) = self.0.split_at(length);
            buffer[..length].copy_from_slice(now);
            self.0 = later;
            Ok(length)
        }
    }

    #[test]
    fn every_line_ends_with_a_line_feed() {
        for (text, expected) in [
            ("", ""),
            ("a", "a\n"),
            ("a\n", "a\n"),
            ("a\r\n", "a\n"),
            ("a\r\nb\r\n\r\nc", "a\nb\n\nc\n"),
            ("a\rb\r\r\n", "a\rb\r\n"),
            ("a\r", "a\n"),
            ("\r\n", "\n"),
        ] {
            for step in 1..5 {
                let mut read = Vec::new();
                let mut reader = LineEnds::of(Trickle(text.as_bytes(), step));
                let mut buffer = [0; 4];
                loop {
                    let length = reader.read(&mut buffer).unwrap();
                    if length == 0 {
                        break;
                    }
                    read.extend(&buffer[..length]);
                }
                assert_eq!(
                    String::from_utf8(read).unwrap(),
                    expected,
                    "{text:?} by {step}"
                );
            }
        }
    }
}
