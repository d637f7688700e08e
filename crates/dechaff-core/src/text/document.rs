//! One text to be cleaned, with its line index and what is known of where it came from. The text is borrowed and never
//! changed; everything else in dechaff speaks of it in byte spans and line numbers.

use super::span::Span;
use crate::error::Error;

/// One immutable text with its line index, and optionally its language and host.
///
/// Lines end at `\n`; the terminator (with a `\r` before it) belongs to its line. A text that ends in `\n` has no
/// further, empty line after it.
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
    /// Byte offset at which each line starts, then the length of the text.
    starts: Vec<u32>,
    language: Option<Box<str>>,
    host: Option<Box<str>>,
}

impl<'t> Document<'t> {
    /// Indexes the lines of a text.
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
        let mut starts = Vec::with_capacity(text.len() / 64 + 2);
        if !text.is_empty() {
            starts.push(0);
            starts.extend(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at as u32 + 1));
        }
        if starts.last().copied() != Some(text.len() as u32) {
            starts.push(text.len() as u32);
        }
        Ok(Self {
            text,
            starts,
            language: None,
            host: None,
        })
    }

    /// Says which language the text is in, as an ISO 639-1 code (`en`; `en-GB` counts as `en`). Rules that name
    /// languages then apply only where theirs is among them. Without it the language is guessed from the text.
    #[must_use]
    pub fn with_language(mut self, code: &str) -> Self {
        self.language = Some(dechaff_rules::language::canonical(code).into());
        self
    }

    /// Says which host the text came from (`www.example.com`). Rules that name hosts apply only to these and their
    /// subdomains.
    #[must_use]
    pub fn with_host(mut self, host: &str) -> Self {
        self.host = Some(host.trim_end_matches('.').to_ascii_lowercase().into());
        self
    }

    /// Says which language the text is in, as the data of a corpus names it, in two letters (`en`, `en-GB`) or three
    /// (`eng`, `eng_Latn`). A code that rules do not know leaves the language as it was, which is to be guessed.
    #[must_use]
    pub fn with_corpus_language(self, code: &str) -> Self {
        match dechaff_rules::language::from_tag(code) {
            Some(code) => self.with_language(&code),
            None => self,
        }
    }

    /// Says which address the text came from; its host is what counts. What is no address with a host changes nothing.
    #[must_use]
    pub fn with_url(self, url: &str) -> Self {
        match host_of(url) {
            Some(host) => self.with_host(host),
            None => self,
        }
    }

    /// The source text.
    #[must_use]
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// The language code, if one was given.
    #[must_use]
    pub fn language(&self) -> Option<&str> {
        self.language.as_deref()
    }

    /// The host, if one was given.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// Number of lines.
    #[must_use]
    pub fn line_count(&self) -> usize {
        self.starts.len() - 1
    }

    /// The span of a line (counted from 0), its terminator included.
    ///
    /// # Panics
    /// If the document has no such line.
    #[must_use]
    pub fn line(&self, line: usize) -> Span {
        Span::new(self.starts[line], self.starts[line + 1])
    }

    /// The line (counted from 0) that holds the byte at `offset`; the last line for an offset at or past the end.
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

/// The host of an address.
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
        for text in ["", "\n", "a", "a\n", "\na", "a\r\n\r\nb", "ä\nö\n\n"] {
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
    fn offsets_find_their_line() {
        let document = Document::new("ab\nc\n").unwrap();
        let found: Vec<usize> = (0..=5).map(|offset| document.line_at(offset)).collect();
        assert_eq!(found, [0, 0, 0, 1, 1, 1]);
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
