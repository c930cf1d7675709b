//! In which encoding a file is written: as somebody says, as its byte order
//! mark says, or as its bytes show. Whatever it is, what is read on is UTF-8.

use std::io::{self, BufRead, BufReader, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

/// Stands for what is no character in the encoding. It is none in UTF-8
/// either, so that the field that it is in is refused.
const NO_CHARACTER: u8 = 0xff;

/// The encoding with this name: one of those of the WHATWG's standard.
pub(in crate::import) fn named(name: &str) -> Result<&'static Encoding, String> {
    Encoding::for_label(name.as_bytes())
        .filter(|encoding| encoding.is_ascii_compatible() || is_utf_16(encoding))
        .ok_or_else(|| "no encoding of this name; known are utf-8, utf-16, gb18030 and more".into())
}

fn is_utf_16(encoding: &'static Encoding) -> bool {
    encoding == UTF_16LE || encoding == UTF_16BE
}

/// Finds the encoding of a text by reading it to its end.
pub(super) fn find(text: impl Read) -> io::Result<&'static Encoding> {
    let mut text = BufReader::with_capacity(1 << 16, text);
    let beginning = text.fill_buf()?;
    if let Some((encoding, _)) = Encoding::for_bom(beginning) {
        return Ok(encoding);
    }
    if let Some(encoding) = by_its_zeros(beginning) {
        return Ok(encoding);
    }
    let mut signs = Signs::default();
    let mut utf_8 = UTF_8.new_decoder_without_bom_handling();
    let mut gb18030 = GB18030.new_decoder_without_bom_handling();
    loop {
        let bytes = text.fill_buf()?;
        let is_end = bytes.is_empty();
        let in_utf_8 = count(&mut utf_8, bytes, is_end);
        signs.utf_8_errors += in_utf_8.errors;
        signs.utf_8_characters += in_utf_8.characters;
        let in_gb18030 = count(&mut gb18030, bytes, is_end);
        signs.gb18030_errors += in_gb18030.errors;
        signs.look_at_pairs(bytes);
        if is_end {
            return Ok(signs.encoding());
        }
        let length = bytes.len();
        text.consume(length);
    }
}

/// UTF-16 without a byte order mark: its header is of letters that have a zero
/// as one of their two bytes.
fn by_its_zeros(beginning: &[u8]) -> Option<&'static Encoding> {
    let beginning = &beginning[..beginning.len().min(32)];
    let zeros = |from: usize| {
        let mut places = beginning.iter().skip(from).step_by(2);
        beginning.len() >= 4 && places.all(|byte| *byte == 0)
    };
    match (zeros(0), zeros(1)) {
        (true, false) => Some(UTF_16BE),
        (false, true) => Some(UTF_16LE),
        _ => None,
    }
}

/// What speaks for one encoding and against another.
#[derive(Default)]
struct Signs {
    utf_8_errors: u64,
    utf_8_characters: u64,
    gb18030_errors: u64,
    /// Pairs of bytes as the common Chinese characters have them in GB18030.
    common_pairs: u64,
    /// A byte beyond ASCII and one of ASCII: rare in Chinese, and what a letter
    /// with an accent gives in the encodings of Western languages.
    mixed_pairs: u64,
    first_of_pair: bool,
}

impl Signs {
    fn look_at_pairs(&mut self, bytes: &[u8]) {
        if bytes.is_ascii() && !self.first_of_pair {
            return;
        }
        for byte in bytes {
            if std::mem::take(&mut self.first_of_pair) {
                match byte {
                    0xa1..=0xfe => self.common_pairs += 1,
                    0x40..=0x7e => self.mixed_pairs += 1,
                    _ => {}
                }
            } else {
                self.first_of_pair = *byte > 0x80;
            }
        }
    }

    /// A text that is neither is taken as UTF-8, and what is no character
    /// there is refused row by row.
    fn encoding(&self) -> &'static Encoding {
        let is_gb18030 = self.utf_8_errors > self.utf_8_characters
            && self.gb18030_errors == 0
            && self.common_pairs > 4 * self.mixed_pairs;
        if is_gb18030 { GB18030 } else { UTF_8 }
    }
}

/// What a part of a text holds.
#[derive(Default)]
struct Counted {
    errors: u64,
    /// Characters beyond ASCII.
    characters: u64,
}

fn count(decoder: &mut Decoder, mut bytes: &[u8], is_end: bool) -> Counted {
    let mut scratch = [0; 4_096];
    let mut counted = Counted::default();
    loop {
        let (result, read, written) =
            decoder.decode_to_utf8_without_replacement(bytes, &mut scratch, is_end);
        bytes = &bytes[read..];
        let leading = scratch[..written].iter().filter(|byte| **byte >= 0xc0);
        counted.characters += leading.count() as u64;
        match result {
            DecoderResult::InputEmpty => return counted,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => counted.errors += 1,
        }
    }
}

/// Reads a text in any encoding as UTF-8, without its byte order mark.
pub(super) struct Decoded<R> {
    inner: BufReader<R>,
    decoder: Decoder,
    is_over: bool,
    /// What is decoded, with room for the longest character whatever room the
    /// reader leaves.
    ready: Vec<u8>,
    /// How much of it has been read.
    taken: usize,
}

impl<R: Read> Decoded<R> {
    /// A text in this encoding, unless its byte order mark says another one.
    pub(super) fn of(inner: R, encoding: &'static Encoding) -> Self {
        Self {
            inner: BufReader::with_capacity(1 << 16, inner),
            decoder: encoding.new_decoder(),
            is_over: false,
            ready: Vec::with_capacity(1 << 16),
            taken: 0,
        }
    }

    /// Decodes on until there is something to read, or the text is over.
    fn decode(&mut self) -> io::Result<()> {
        self.ready.resize(self.ready.capacity(), 0);
        self.taken = 0;
        let mut length = 0;
        while length == 0 && !self.is_over {
            let bytes = self.inner.fill_buf()?;
            let is_end = bytes.is_empty();
            // The last place is kept for what is no character.
            let room = self.ready.len() - 1;
            let (result, read, written) = self.decoder.decode_to_utf8_without_replacement(
                bytes,
                &mut self.ready[..room],
                is_end,
            );
            self.inner.consume(read);
            length = written;
            match result {
                DecoderResult::InputEmpty => self.is_over = is_end,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => {
                    self.ready[length] = NO_CHARACTER;
                    length += 1;
                }
            }
        }
        self.ready.truncate(length);
        Ok(())
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.ready.len() {
            self.decode()?;
        }
        let rest = &self.ready[self.taken..];
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        self.taken += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::{BIG5, WINDOWS_1252};

    use super::*;

    const TEXT: &str = "number,category\nINC1,应用系统\nINC2,网络与接入，页面空白\n";

    fn utf_16(text: &str, with_mark: bool, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        let mark = with_mark.then_some(0xfeff);
        let units = mark.into_iter().chain(text.encode_utf16());
        units.flat_map(bytes).collect()
    }

    fn read(bytes: &[u8], encoding: &'static Encoding) -> Vec<u8> {
        let mut text = Vec::new();
        Decoded::of(bytes, encoding).read_to_end(&mut text).unwrap();
        text
    }

    #[test]
    fn the_encoding_is_found_and_whatever_it_is_the_text_is_the_same() {
        let with_mark = format!("\u{feff}{TEXT}");
        for (bytes, encoding) in [
            (TEXT.as_bytes().to_vec(), UTF_8),
            (with_mark.into_bytes(), UTF_8),
            (utf_16(TEXT, true, u16::to_le_bytes), UTF_16LE),
            (utf_16(TEXT, true, u16::to_be_bytes), UTF_16BE),
            (utf_16(TEXT, false, u16::to_le_bytes), UTF_16LE),
            (utf_16(TEXT, false, u16::to_be_bytes), UTF_16BE),
            (GB18030.encode(TEXT).0.into_owned(), GB18030),
            (GB18030.encode("a\nb 😀 理赔\n").0.into_owned(), GB18030),
        ] {
            let found = find(&*bytes).unwrap();
            assert_eq!(found, encoding);
            let expected = if bytes.len() < 20 {
                "a\nb 😀 理赔\n"
            } else {
                TEXT
            };
            assert_eq!(String::from_utf8_lossy(&read(&bytes, found)), expected);
        }
    }

    #[test]
    fn what_is_no_character_is_marked_where_it_stands() {
        let mut bytes = TEXT.as_bytes().to_vec();
        bytes[10] = 0xff;
        assert_eq!(find(&*bytes).unwrap(), UTF_8);
        assert_eq!(read(&bytes, UTF_8), bytes);
        // Of a character the last byte is missing: the others are one fault.
        let broken = ["应".as_bytes(), &"用".as_bytes()[..2], b",x"].concat();
        assert_eq!(find(&*broken).unwrap(), UTF_8);
        assert_eq!(read(&broken, UTF_8), ["应".as_bytes(), b"\xff,x"].concat());
        assert_eq!(read(b"a\xff", GB18030), b"a\xff");
    }

    #[test]
    fn letters_with_accents_are_not_taken_for_chinese() {
        let (text, ..) = WINDOWS_1252.encode("Müller,Gerät,Zürich,Löschen");
        assert_eq!(find(&*text).unwrap(), UTF_8);
        assert_eq!(
            read(&text, WINDOWS_1252),
            "Müller,Gerät,Zürich,Löschen".as_bytes()
        );
    }

    #[test]
    fn an_encoding_is_known_by_its_names() {
        assert_eq!(named("GB18030"), Ok(GB18030));
        assert_eq!(named("utf-16"), Ok(UTF_16LE));
        assert_eq!(named("UTF8"), Ok(UTF_8));
        assert_eq!(named("big5"), Ok(BIG5));
        assert!(named("ebcdic").is_err());
        assert!(named("replacement").is_err());
    }
}
