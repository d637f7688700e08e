//! The header of a WARC record: a version line, header lines and an empty line. Lines may end with LF
//! alone, which the standard does not allow but some tools write.

use std::ops::Range;

/// The line ends after a block. The same bytes end a header: the end of its last line and a blank
/// line.
const RECORD_END: &[u8] = b"\r\n\r\n";
/// The same in files whose lines end with LF alone, which the standard does not allow but some
/// tools write.
const LF_RECORD_END: &[u8] = b"\n\n";
/// Bytes up to which a header may end. Those of web crawls have less than 2 KiB.
pub const MAX_HEADER: usize = 64 << 10;
/// The first bytes of a version line.
pub const VERSION: &[u8] = b"WARC/";
/// Digits and dots of the longest version.
pub const MAX_VERSION: usize = 6;

/// A header line.
pub struct Header {
    /// The name, in lower case.
    pub name: String,
    /// The bytes of the record that hold the value, without white space around it.
    pub value: Range<usize>,
}

/// Where the header at the start of some bytes ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderEnd {
    /// The block starts at this offset.
    Block(usize),
    /// The header does not end before this offset, at which a version line is.
    Record(usize),
    /// The header is too long.
    Broken,
    /// The bytes end before the header does.
    Missing,
}

/// Whether some bytes begin with a version line, or with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begins {
    Yes,
    No,
    /// The bytes end before it can be told.
    Unknown,
}

/// Finds the end of the header at the start of `bytes`: an empty line within [`MAX_HEADER`] bytes,
/// and before another version line. It ends with CRLF if the first line does.
pub fn header_end(bytes: &[u8]) -> HeaderEnd {
    let limited = &bytes[..bytes.len().min(MAX_HEADER)];
    let (mut at, mut follows_line_end) = (0, false);
    let mut line_end: &[u8] = b"\r\n";
    while let Some(length) = memchr::memchr(b'\n', &limited[at..]) {
        let line = &limited[at..=at + length];
        if at == 0 && !line.ends_with(line_end) {
            line_end = b"\n";
        }
        if line == line_end && follows_line_end {
            return HeaderEnd::Block(at + line.len());
        }
        if at > 0 && version_line(line) == Begins::Yes {
            return HeaderEnd::Record(at);
        }
        follows_line_end = line.ends_with(line_end);
        at += line.len();
    }
    if bytes.len() > MAX_HEADER {
        HeaderEnd::Broken
    } else {
        HeaderEnd::Missing
    }
}

/// Parses the header of `record`. Returns the offset of its block and the header lines, or `None`
/// if the header does not end in these bytes, or not early enough. Lines without a colon are
/// ignored.
pub fn parse_header(record: &[u8]) -> Option<(usize, Vec<Header>)> {
    let HeaderEnd::Block(block_start) = header_end(record) else {
        return None;
    };
    let mut headers = Vec::new();
    let mut at = 0;
    for line in record[..block_start].split_inclusive(|&byte| byte == b'\n') {
        let is_version = at == 0;
        if let Some(colon) = memchr::memchr(b':', line).filter(|_| !is_version) {
            let value = &line[colon + 1..];
            let indent = value.len() - value.trim_ascii_start().len();
            let start = at + colon + 1 + indent;
            headers.push(Header {
                name: String::from_utf8_lossy(&line[..colon])
                    .trim()
                    .to_ascii_lowercase(),
                value: start..start + value.trim_ascii().len(),
            });
        }
        at += line.len();
    }
    Some((block_start, headers))
}

/// Returns the value of the first header line called `name`, which is in lower case, or `None` if
/// there is none or its value is not UTF-8.
pub fn header_value<'r>(record: &'r [u8], headers: &[Header], name: &str) -> Option<&'r str> {
    let header = headers.iter().find(|header| header.name == name)?;
    std::str::from_utf8(&record[header.value.clone()]).ok()
}

/// Returns the length of the block in bytes as the header states it, or `None` if it has no valid
/// `Content-Length`, or several that could disagree. Zeros in front are valid, a sign is not.
pub fn content_length(record: &[u8], headers: &[Header]) -> Option<u64> {
    let mut lengths = headers
        .iter()
        .filter(|header| header.name == "content-length");
    let (length, None) = (lengths.next()?, lengths.next()) else {
        return None;
    };
    let digits = std::str::from_utf8(&record[length.value.clone()]).ok()?;
    digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| digits.parse().ok())?
}

/// Returns what follows the block of a record whose header ends at `block_start`: its lines end as
/// those of the header do.
pub fn record_end_like(record: &[u8], block_start: usize) -> &'static [u8] {
    if record[..block_start].ends_with(b"\r\n") {
        RECORD_END
    } else {
        LF_RECORD_END
    }
}

/// Returns whether `bytes` begin with a version line such as `WARC/1.0`.
pub fn version_line(bytes: &[u8]) -> Begins {
    let Some(rest) = bytes.strip_prefix(VERSION) else {
        return if VERSION.starts_with(bytes) {
            Begins::Unknown
        } else {
            Begins::No
        };
    };
    let length = rest
        .iter()
        .take(MAX_VERSION + 1)
        .take_while(|byte| byte.is_ascii_digit() || **byte == b'.')
        .count();
    match (&rest[..length], &rest[length..]) {
        (version, _) if version.len() > MAX_VERSION => Begins::No,
        (_, [] | [b'\r']) => Begins::Unknown,
        ([b'0'..=b'9', ..], [b'\n', ..] | [b'\r', b'\n', ..]) => Begins::Yes,
        _ => Begins::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_ends_early_or_is_broken() {
        for (header, end) in [
            ("WARC/1.0\r\nA: b\r\n\r\n", HeaderEnd::Block(18)),
            ("WARC/1.0\r\nA: b\r\n", HeaderEnd::Missing),
            (
                "WARC/1.0\r\nA: b\r\nWARC/1.0\r\n\r\n",
                HeaderEnd::Record(16),
            ),
        ] {
            assert_eq!(header_end(header.as_bytes()), end, "{header}");
        }
        let long = format!("WARC/1.0\r\n{}\r\n", "A: b\r\n".repeat(MAX_HEADER / 6));
        assert_eq!(header_end(long.as_bytes()), HeaderEnd::Broken);
    }
}
