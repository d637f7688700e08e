//! Documents: one text to be cleaned, with the offsets of its lines and what is known about its
//! origin. The text is borrowed and never changed; everything else refers to it by byte spans and
//! line numbers.

use super::language::detect_language;
use super::span::Span;
use crate::error::Error;
use std::ops::Range;

/// The characters that end a line: line feed, form feed, carriage return, next line, and the line
/// and paragraph separators of Unicode. A carriage return and the line feed behind it are one end.
pub(crate) const LINE_ENDS: [char; 6] = ['\n', '\u{c}', '\r', '\u{85}', '\u{2028}', '\u{2029}'];

/// The byte order mark. At the start of a text it belongs to no line, so that it is never removed.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// One immutable text with the offsets of its lines, and optionally its language and host.
///
/// A line ends with `\n`, `\r`, `\r\n`, a form feed, U+0085, U+2028 or U+2029, which belong to it.
/// There is no empty line after the last of them. A byte order mark at the start of the text
/// belongs to no line.
///
/// ```
/// use dechaff_core::Document;
/// let document = Document::new("One.\r\nTwo.")?.with_language("en");
/// assert_eq!(document.line_count(), 2);
/// assert_eq!(document.line(1).range(), 6..10);
/// # Ok::<(), dechaff_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Document<'t> {
    text: &'t str,
    /// Byte offset of each line, then the length of the text.
    starts: Vec<u32>,
    language: Option<Box<str>>,
    host: Option<Box<str>>,
    site: Option<Box<str>>,
}

impl<'t> Document<'t> {
    /// Makes a document of a text without language, host and address. Finds its lines, which takes
    /// linear time.
    ///
    /// # Errors
    /// [`Error::TooLong`] if the text has more than [`Span::MAX_TEXT`] bytes.
    pub fn new(text: &'t str) -> Result<Self, Error> {
        if text.len() > Span::MAX_TEXT {
            return Err(Error::TooLong {
                bytes: text.len(),
                max: Span::MAX_TEXT,
            });
        }
        Ok(Self {
            text,
            starts: line_starts(text),
            language: None,
            host: None,
            site: None,
        })
    }

    /// Returns a document of another text with the same language and host.
    ///
    /// # Errors
    /// [`Error::TooLong`] if the text has more than [`Span::MAX_TEXT`] bytes.
    pub(crate) fn with_text<'o>(&self, text: &'o str) -> Result<Document<'o>, Error> {
        Ok(Document {
            language: self.language.clone(),
            host: self.host.clone(),
            site: self.site.clone(),
            ..Document::new(text)?
        })
    }

    /// Returns the document with lines that start at these offsets, in bytes. They must be in
    /// ascending order and at starts of characters; the first is the start of the first line.
    pub(crate) fn with_line_starts(&self, starts: &[usize]) -> Self {
        let mut document = self.clone();
        document.starts.clear();
        document
            .starts
            .extend(starts.iter().map(|&start| start as u32));
        document.starts.push(self.text.len() as u32);
        document
    }

    /// Sets the language of the text, as an ISO 639-1 code (`en`; `en-GB` counts as `en`). Rules
    /// that are bound to other languages then do not apply. If no language is set, it is detected
    /// from the text when a rule depends on it.
    #[must_use]
    pub fn with_language(mut self, code: &str) -> Self {
        self.language = Some(dechaff_rules::language::canonical(code).into());
        self
    }

    /// Sets the host that the text came from (`www.example.com`); upper case and trailing dots are
    /// removed. A rule that is bound to hosts applies only to documents from these hosts and their
    /// subdomains.
    #[must_use]
    pub fn with_host(mut self, host: &str) -> Self {
        self.host = Some(host.trim_end_matches('.').to_ascii_lowercase().into());
        self
    }

    /// Sets the language of the text from the tag that a corpus gives it, in two letters (`en`,
    /// `en-GB`) or three (`eng`, `eng_Latn`). Does nothing for a tag that is not a language code
    /// that rules can name: the language is then detected.
    #[must_use]
    pub fn with_corpus_language(self, code: &str) -> Self {
        match dechaff_rules::language::from_tag(code) {
            Some(code) => self.with_language(&code),
            None => self,
        }
    }

    /// Sets the host from the address that the text came from, such as
    /// `https://www.example.com/news`. User names and ports are ignored. Does nothing if `url` has
    /// no host.
    #[must_use]
    pub fn with_url(self, url: &str) -> Self {
        match host_of(url) {
            Some(host) => self.with_host(host),
            None => self,
        }
    }

    /// Sets the site that the text came from, under the name by which it was learned. It can be
    /// anything that pages with a common layout share, such as the name of a directory.
    #[must_use]
    pub fn with_site(mut self, name: &str) -> Self {
        self.site = Some(name.into());
        self
    }

    /// Returns the site that the text came from: the name that was set, or else the host. `None` if
    /// neither is known.
    #[must_use]
    pub fn site(&self) -> Option<&str> {
        self.site.as_deref().or(self.host.as_deref())
    }

    /// Returns the source text.
    #[must_use]
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// Returns the language code that was set, in the form that rules use; `None` if the language
    /// is to be detected.
    #[must_use]
    pub fn language(&self) -> Option<&str> {
        self.language.as_deref()
    }

    /// Returns the language of the text as a code such as `en`: the one that was set, or else the
    /// one that is detected. Returns `None` if it is not certain. Each call detects it again.
    ///
    /// ```
    /// use dechaff_core::Document;
    /// let document = Document::new("The bridge was closed on Monday, and nobody knows why.")?;
    /// assert_eq!(document.detect_language().as_deref(), Some("en"));
    /// # Ok::<(), dechaff_core::Error>(())
    /// ```
    #[must_use]
    pub fn detect_language(&self) -> Option<String> {
        self.language()
            .map(str::to_owned)
            .or_else(|| detect_language(self.text))
    }

    /// Returns the host that was set, in lower case; `None` if the origin of the text is unknown.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// Returns the number of lines, blank ones included; 0 for an empty text.
    #[must_use]
    pub fn line_count(&self) -> usize {
        self.starts.len() - 1
    }

    /// Returns the span of a line (counted from 0), including its terminator. The spans of all
    /// lines partition the text behind a byte order mark.
    ///
    /// # Panics
    /// If the document has no such line.
    #[must_use]
    pub fn line(&self, line: usize) -> Span {
        Span::new(self.starts[line], self.starts[line + 1])
    }

    /// Returns the range of a line in the source text without white space and terminator at its
    /// ends; empty if the line is blank.
    pub(super) fn trimmed_line(&self, line: usize) -> Range<usize> {
        let bytes = self.text.as_bytes();
        let Range { start, mut end } = self.line(line).range();
        if bytes[start..end].ends_with(b"\n") {
            end -= 1;
        }
        // Nearly all lines have no white space but the terminator.
        if start < end && bytes[start].is_ascii_graphic() && bytes[end - 1].is_ascii_graphic() {
            return start..end;
        }
        let trimmed = self.text[start..end].trim_end();
        let end = start + trimmed.len();
        end - trimmed.trim_start().len()..end
    }

    /// Returns the line (counted from 0) that contains the byte at `offset`, by binary search.
    /// Returns the last line for an offset at or past the end of the text, and 0 for an empty text.
    #[must_use]
    pub fn line_at(&self, offset: usize) -> usize {
        let after = self
            .starts
            .partition_point(|&start| start as usize <= offset);
        after
            .saturating_sub(1)
            .min(self.line_count().saturating_sub(1))
    }
}

/// Returns the offset of the start of each line of `text`, in bytes, then the length of the text.
/// Takes linear time.
fn line_starts(text: &str) -> Vec<u32> {
    let bytes = text.as_bytes();
    let first = if text.starts_with(BYTE_ORDER_MARK) {
        BYTE_ORDER_MARK.len()
    } else {
        0
    };
    let mut starts = Vec::with_capacity(text.len() / 64 + 2);
    starts.push(first as u32);
    starts.extend(
        memchr::memchr3_iter(b'\n', b'\r', b'\x0c', bytes)
            .filter(|&at| bytes[at] != b'\r' || bytes.get(at + 1) != Some(&b'\n'))
            .map(|at| at as u32 + 1),
    );
    let ascii_ends = starts.len();
    for end in ["\u{85}", "\u{2028}", "\u{2029}"] {
        starts.extend(
            memchr::memmem::find_iter(bytes, end.as_bytes()).map(|at| (at + end.len()) as u32),
        );
    }
    if starts.len() > ascii_ends {
        starts.sort_unstable();
    }
    if starts.last() != Some(&(text.len() as u32)) {
        starts.push(text.len() as u32);
    }
    starts
}

/// Returns the host of an address, as it is written there: the part between `://` (and a user name)
/// and the port, path, query or fragment. An IPv6 address keeps its brackets. Returns `None` if
/// there is no `://` or no host.
fn host_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = if host.starts_with('[') {
        host.split_inclusive(']').next()?
    } else {
        host.split(':').next()?
    };
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_partition_the_text() {
        for text in [
            "",
            "\n",
            "a",
            "a\n",
            "\na",
            "a\r\n\r\nb",
            "ä\nö\n\n",
            "a\rb\u{2028}\u{85}c\n\r\u{c}",
        ] {
            let document = Document::new(text).unwrap();
            let joined: String = (0..document.line_count())
                .map(|line| &text[document.line(line).range()])
                .collect();
            assert_eq!(joined, text);
            assert!(
                (0..document.line_count()).all(|line| !document.line(line).is_empty()),
                "{text:?}"
            );
        }
    }

    #[test]
    fn every_kind_of_line_end_ends_a_line_and_a_byte_order_mark_belongs_to_none() {
        let text = "\u{feff}a\r\nb\rc\u{85}d\u{2028}e\u{2029}f\u{c}\n";
        let document = Document::new(text).unwrap();
        let lines: Vec<&str> = (0..document.line_count())
            .map(|line| &text[document.line(line).range()])
            .collect();
        assert_eq!(
            lines,
            [
                "a\r\n",
                "b\r",
                "c\u{85}",
                "d\u{2028}",
                "e\u{2029}",
                "f\u{c}",
                "\n"
            ]
        );
        assert_eq!(Document::new("\u{feff}").unwrap().line_count(), 0);
    }

    #[test]
    fn each_offset_is_in_its_line() {
        let document = Document::new("ab\nc\n").unwrap();
        let lines: Vec<usize> = (0..=5).map(|offset| document.line_at(offset)).collect();
        assert_eq!(lines, [0, 0, 0, 1, 1, 1]);
    }

    #[test]
    fn addresses_have_hosts() {
        assert_eq!(
            host_of("https://user@www.example.org:8080/a?b"),
            Some("www.example.org")
        );
        assert_eq!(host_of("https://[::1]:80/"), Some("[::1]"));
        assert_eq!(
            (host_of("example.org/a"), host_of("file:///a")),
            (None, None)
        );
    }
}
