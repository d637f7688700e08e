//! Where a WARC record ends. Its stated length is believed only if a record starts where it says that
//! the next one does. Otherwise the record ends where the next one seems to start, and so does one
//! that is larger than allowed: at an empty line, a version line, and header lines that state a
//! type. Texts may quote version lines.

use super::header::{
    Begins, HeaderEnd, MAX_VERSION, VERSION, content_length, header_end, parse_header,
    record_end_like, version_line,
};
use crate::io::batch::Framing;

/// Bytes of the longest version line that is recognized, with the line feed before it: `WARC/`, up
/// to six digits and dots, and the line end.
const MAX_VERSION_LINE: usize = 1 + VERSION.len() + MAX_VERSION + 2;
/// Bytes from the start of a record within which its header must state its type, if nothing else
/// says that a record starts there.
const MAX_TYPE: usize = 4 << 10;
/// Bytes of the longest line end and empty line before a record.
const MAX_EMPTY_LINE: usize = 4;

/// Splits a stream by the lengths that the headers of records state. A record that is larger than
/// allowed ends where the next one seems to start.
#[derive(Debug)]
pub struct WarcFraming;

impl Framing for WarcFraming {
    fn record_end(&mut self, bytes: &[u8], is_last: bool) -> Option<usize> {
        record_end(bytes, is_last)
    }

    fn rest_end(&mut self, bytes: &[u8]) -> Option<usize> {
        next_record(bytes, 1, Before::EmptyLine).certain()
    }

    fn large_record_end(&mut self, bytes: &[u8]) -> Option<usize> {
        next_record(bytes, 1, Before::EmptyLine).certain()
    }

    /// Leaves out the end of `bytes` if it may be the beginning of a record, with the empty line
    /// before it.
    fn piece_len(&self, bytes: &[u8]) -> usize {
        let tail_start = bytes.len().saturating_sub(MAX_VERSION_LINE);
        let line_start = memchr::memrchr(b'\n', &bytes[tail_start..]).map(|at| tail_start + at + 1);
        let from = bytes.len().saturating_sub(MAX_TYPE);
        let kept = match next_record(bytes, from.max(1), Before::EmptyLine) {
            Next::Perhaps(at) => Some(at),
            Next::At(_) | Next::None => line_start,
        };
        kept.map_or(bytes.len(), |at| at.saturating_sub(MAX_EMPTY_LINE).max(1))
    }
}

/// Returns the length of the record at the start of `bytes`, or `None` if it does not end in them.
/// If the stated length is missing or wrong, because no record starts after it, the record ends
/// where the next one seems to start. So it does if its header is broken, or states more bytes than
/// any text may have. `is_last` says that no bytes follow.
pub fn record_end(bytes: &[u8], is_last: bool) -> Option<usize> {
    let Some((block_start, headers)) = parse_header(bytes) else {
        return match header_end(bytes) {
            HeaderEnd::Record(at) => Some(at),
            HeaderEnd::Broken => next_record(bytes, 1, Before::Line).certain_or(is_last),
            HeaderEnd::Missing | HeaderEnd::Block(_) => None,
        };
    };
    let Some(length) = content_length(bytes, &headers) else {
        return damaged_end(bytes, block_start, is_last);
    };
    let record_end = record_end_like(bytes, block_start);
    let claimed = (block_start as u64)
        .saturating_add(length)
        .saturating_add(record_end.len() as u64);
    let end = usize::try_from(claimed).unwrap_or(usize::MAX);
    if end > bytes.len() {
        return if is_last || length > crate::Span::MAX_TEXT as u64 {
            damaged_end(bytes, block_start, is_last)
        } else {
            None
        };
    }
    let follows = version_line(&bytes[end..]);
    if !bytes[..end].ends_with(record_end) || follows == Begins::No {
        return damaged_end(bytes, block_start, is_last);
    }
    (is_last || follows == Begins::Yes).then_some(end)
}

/// Returns where a record ends whose length is missing or wrong, and whose block is at
/// `block_start`, or `None` if it does not end in `bytes`.
fn damaged_end(bytes: &[u8], block_start: usize, is_last: bool) -> Option<usize> {
    next_record(bytes, block_start, Before::EmptyLine).certain_or(is_last)
}

/// What must be before a version line at which a record may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// The end of any line.
    Line,
    /// An empty line.
    EmptyLine,
}

/// Where some bytes have the start of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    At(usize),
    /// The bytes end before it can be told whether a record starts at this offset.
    Perhaps(usize),
    None,
}

impl Next {
    fn certain(self) -> Option<usize> {
        match self {
            Self::At(at) => Some(at),
            Self::Perhaps(_) | Self::None => None,
        }
    }

    /// Returns the offset also if it is uncertain, if `is_last` says that no bytes follow.
    fn certain_or(self, is_last: bool) -> Option<usize> {
        match self {
            Self::Perhaps(at) if is_last => Some(at),
            next => next.certain(),
        }
    }
}

/// Returns whether `bytes` begin with a record: a version line, and header lines that state its type
/// within [`MAX_TYPE`] bytes.
fn record_start(bytes: &[u8]) -> Begins {
    let found = version_line(bytes);
    if found != Begins::Yes {
        return found;
    }
    let limited = &bytes[..bytes.len().min(MAX_TYPE)];
    for line in limited.split_inclusive(|&byte| byte == b'\n').skip(1) {
        let Some(colon) = memchr::memchr(b':', line) else {
            if line.ends_with(b"\n") {
                return Begins::No;
            }
            break;
        };
        if line[..colon].eq_ignore_ascii_case(b"warc-type") {
            return Begins::Yes;
        }
    }
    if bytes.len() < MAX_TYPE {
        Begins::Unknown
    } else {
        Begins::No
    }
}

/// Returns where the first record starts at byte `from` of `bytes` or later, `from` being at least 1.
fn next_record(bytes: &[u8], from: usize, before: Before) -> Next {
    let from = from.saturating_sub(1);
    for at in memchr::memmem::find_iter(bytes.get(from..).unwrap_or_default(), b"\nWARC/") {
        let at = from + at + 1;
        let text = &bytes[..at];
        if before == Before::EmptyLine && !(text.ends_with(b"\n\r\n") || text.ends_with(b"\n\n")) {
            continue;
        }
        match record_start(&bytes[at..]) {
            Begins::Yes => return Next::At(at),
            Begins::Unknown => return Next::Perhaps(at),
            Begins::No => {}
        }
    }
    Next::None
}

#[cfg(test)]
mod tests {
    use super::super::tests::record;
    use super::*;

    #[test]
    fn a_version_line_is_found_across_pieces() {
        let file = "abc\r\n\r\nWARC/1.0\r\nA: b\r\nwarc-type: conversion\r\n";
        let start = file.find("WARC").unwrap();
        assert_eq!(WarcFraming.rest_end(file.as_bytes()), Some(start));
        for end in 1..file.len() {
            let piece = &file.as_bytes()[..end];
            let len = WarcFraming.piece_len(piece);
            assert!((1..=end).contains(&len));
            let rest = &file.as_bytes()[len..];
            assert!(
                WarcFraming.rest_end(piece) == Some(start)
                    || WarcFraming.rest_end(rest) == Some(start - len),
                "{end}"
            );
        }
        for text in [
            "a\n\nWARC/ is a format\n",
            "a\n\nWARC/1.0 is a format\n",
            "a\n\nWARC/1.0\n",
            "a\n\nWARC/1.0\nis a version.\nWARC-Type: b\n",
            "a\n\nWARC/1.0\n\nWARC-Type: b\n",
            "a\nWARC/1.0\nWARC-Type: b\n",
        ] {
            let text = text.to_owned() + &"It rained.\n".repeat(500);
            assert_eq!(
                next_record(text.as_bytes(), 1, Before::EmptyLine),
                Next::None,
                "{text}"
            );
        }
    }

    #[test]
    fn a_length_is_believed_only_before_a_version_line() {
        let one = record("conversion", "", 3, "one");
        for (next, is_last, end) in [
            ("WARC/1.1\r\n", false, Some(one.len())),
            ("WARC/x\r\n", false, None),
            ("WAR", false, None),
            ("WAR", true, Some(one.len())),
            ("", false, None),
            ("", true, Some(one.len())),
        ] {
            let file = format!("{one}{next}");
            assert_eq!(record_end(file.as_bytes(), is_last), end, "{next}");
        }
    }

    #[test]
    fn a_wrong_length_affects_one_record_only() {
        let (one, two) = (
            record("conversion", "", 3, "one"),
            record("conversion", "", 3, "two"),
        );
        for length in [0, 2, 4, 150, 100_000, usize::MAX] {
            let wrong = record("conversion", "", length, "lie");
            let file = [one.as_str(), &wrong, &two].concat();
            let (mut at, mut records) = (0, Vec::new());
            while at < file.len() {
                let end = record_end(&file.as_bytes()[at..], true).unwrap_or(file.len() - at);
                records.push(&file[at..at + end]);
                at += end;
            }
            assert_eq!(records, [one.as_str(), &wrong, &two], "{length}");
        }
    }
}
