//! Normalized text: the form in which rules and documents are compared, with a map back to the
//! source.
//!
//! Rules and documents are normalized in the same way, so that matching is a comparison of bytes.
//! Characters are decomposed (NFKD) and case folded, and quotes and dashes become plain ones;
//! [`dechaff_rules::chars`] defines this. White space inside a line becomes a single space,
//! invisible characters and blank lines are removed, and `\n` separates the other lines. For
//! example, with offsets in bytes:
//!
//! ```text
//! source        “Read  more”       0: “   3: Read   7: two spaces   9: more   13: ”   16: end
//! normalized    "read more"        0: "   1: read   5: space        6: more   10: "   11: end
//! map                              (0, 0), (1, 3), (6, 9), (11, 16)
//! ```
//!
//! An entry of the map says where a normalized offset comes from; up to the next entry, both
//! offsets grow alike. The `m` of `more`, at offset 6, comes from offset 9, and the `e`, at 9, from
//! 12. Plain ASCII needs few entries, and its conversion is a copy with eight or more bytes at a
//! time.
//!
//! A large document is not normalized as a whole, but in windows that fit into the cache of the
//! processor. A match can extend beyond a window, so the buffer also contains at least
//! [`MAX_MATCH_LEN`] bytes before and after it, as far as the document has them:
//!
//! ```text
//! |<- MAX_MATCH_LEN ->|<------ window ------>|<- MAX_MATCH_LEN ->|
//!                                            |<------ next window ------>|
//! ```
//!
//! [`advance_window`](NormalizedText::advance_window) drops what no further match can reach and
//! keeps the rest, so that each line is normalized once.

#[cfg(any(test, feature = "fuzzing"))]
use super::document::Document;
use super::lines::TextLines;
use super::span::Span;
use dechaff_rules::chars::{CharKind, CharMapping, is_invisible, push_normalized, trim_symbols};
use dechaff_rules::phrase::MAX_MATCH_LEN;
use rustc_hash::FxHasher;
use std::hash::Hasher;
use std::ops::Range;

/// Length of a window, in bytes of normalized text. It stays in the caches of the processor while
/// rules are searched for in it. Smaller documents are normalized as a whole.
const WINDOW_LEN: usize = 1 << 18;

/// Lines longer than twice this are fingerprinted by their first and last `FINGERPRINT_ENDS` bytes
/// and their length.
const FINGERPRINT_ENDS: usize = 64;

/// A word with 1 in each of its bytes.
const EACH_BYTE: u64 = u64::MAX / 255;

/// The upper bits of all bytes of a word.
const UPPER_BITS: u64 = EACH_BYTE << 7;

/// A buffer with consecutive non-blank lines of a document, normalized, with `\n` between them.
#[derive(Debug)]
pub(crate) struct NormalizedText {
    bytes: Vec<u8>,
    /// Where the distance between normalized and source offsets changes: pairs of both, at starts
    /// of characters.
    map: Vec<(u32, u32)>,
    lines: Vec<NormalizedLine>,
    /// Index, among the non-blank lines of the document, of `lines[0]`.
    first: usize,
    /// The fingerprints of the lines of the document that were in the buffer so far, from the first
    /// line on.
    fingerprints: Vec<u32>,
    /// Length of a window in bytes of normalized text.
    window_len: usize,
}

impl Default for NormalizedText {
    fn default() -> Self {
        Self::with_window(WINDOW_LEN)
    }
}

/// A non-blank line in the buffer. Offsets are relative to the start of the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NormalizedLine {
    /// Offset of its first character in the normalized text.
    pub start: u32,
    /// Offset after its last character in the normalized text.
    pub end: u32,
    /// Offsets of the text without punctuation and symbols at its ends.
    trimmed: (u32, u32),
    /// Offset of its first character in the source text.
    pub source: u32,
    /// Number of the line in the document, counted from 0, with blank lines.
    pub number: u32,
    /// Whether hard wrapping broke the line, so that the next one continues its sentence.
    pub joins: bool,
}

impl NormalizedLine {
    pub(crate) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Returns the range of its text in the buffer, without punctuation, bullets and symbols at its
    /// ends. The range is empty if the line has no letter or digit.
    pub(crate) fn trimmed(self) -> Range<usize> {
        self.trimmed.0 as usize..self.trimmed.1 as usize
    }
}

impl NormalizedText {
    /// Makes an empty buffer with windows of `window_len` bytes of normalized text. A window always
    /// has at least one line, however long that is.
    pub(crate) fn with_window(window_len: usize) -> Self {
        Self {
            bytes: Vec::new(),
            map: Vec::new(),
            lines: Vec::new(),
            first: 0,
            fingerprints: Vec::new(),
            window_len,
        }
    }

    /// Prepares the buffer for another document. Keeps the allocations.
    pub(crate) fn clear(&mut self) {
        self.restart_at(0);
        self.fingerprints.clear();
    }

    /// Empties the buffer, so that the next line to be appended is `line`. Keeps the fingerprints.
    fn restart_at(&mut self, line: usize) {
        self.bytes.clear();
        self.map.clear();
        self.lines.clear();
        self.first = line;
    }

    /// Normalizes the window that starts with line `from`, with the text around it that a match can
    /// reach, and returns the lines of the window. Start with line 0 and continue with the end of
    /// each window.
    pub(crate) fn advance_window(&mut self, lines: &TextLines<'_>, from: usize) -> Range<usize> {
        if self.covered().contains(&from) {
            self.drop_before(from);
        } else {
            self.restart_at(from);
            self.fingerprints
                .reserve(lines.count() - self.fingerprints.len());
        }
        let index = from - self.first;
        let start = self
            .lines
            .get(index)
            .map_or(self.bytes.len(), |line| line.start as usize);
        while self.covered().end < lines.count()
            && self.bytes.len()
                < (start + self.window_len).max(self.line_end(index)) + MAX_MATCH_LEN
        {
            self.push_line(lines, self.covered().end);
        }
        if self.covered().end == lines.count() {
            return from..lines.count();
        }
        let end = self.bytes.len() - MAX_MATCH_LEN;
        from..self.first + self.lines.partition_point(|line| line.end as usize <= end)
    }

    /// Returns the offset after the line at `index` of the buffer; 0 if there is no such line yet.
    fn line_end(&self, index: usize) -> usize {
        self.lines.get(index).map_or(0, |line| line.end as usize)
    }

    /// Makes sure that the buffer contains the lines in `wanted` of the document. If it does not,
    /// its content is replaced by these lines alone, without the text around them.
    pub(crate) fn ensure(&mut self, lines: &TextLines<'_>, wanted: Range<usize>) {
        if self.covered().start <= wanted.start && wanted.end <= self.covered().end {
            return;
        }
        self.restart_at(wanted.start);
        wanted.for_each(|line| self.push_line(lines, line));
    }

    /// Returns which of the non-blank lines of the document are in the buffer.
    fn covered(&self) -> Range<usize> {
        self.first..self.first + self.lines.len()
    }

    /// Drops the lines that no match with text from `line` on can reach: those that end
    /// [`MAX_MATCH_LEN`] bytes or more before it. Offsets of the remaining lines and of the map are
    /// reduced accordingly.
    fn drop_before(&mut self, line: usize) {
        let reach = (self.lines[line - self.first].start as usize).saturating_sub(MAX_MATCH_LEN);
        let dropped = self
            .lines
            .partition_point(|line| line.start as usize <= reach)
            .saturating_sub(1);
        let Some(&NormalizedLine { start, source, .. }) =
            self.lines.get(dropped).filter(|_| dropped > 0)
        else {
            return;
        };
        self.bytes.drain(..start as usize);
        self.lines.drain(..dropped);
        self.map
            .drain(..self.map.partition_point(|&(offset, _)| offset < start));
        if self.map.first().is_none_or(|&(offset, _)| offset > start) {
            self.map.insert(0, (start, source));
        }
        self.map.iter_mut().for_each(|(offset, _)| *offset -= start);
        for line in &mut self.lines {
            for offset in [
                &mut line.start,
                &mut line.end,
                &mut line.trimmed.0,
                &mut line.trimmed.1,
            ] {
                *offset -= start;
            }
        }
        self.first += dropped;
    }

    /// Normalizes a whole document in one window.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn whole(document: &Document<'_>) -> Self {
        let mut text = Self::with_window(usize::MAX >> 1);
        text.advance_window(&TextLines::new(document, Vec::new()), 0);
        text
    }

    /// Normalizes a line and appends it. Each step handles a run of ASCII, a white-space or
    /// invisible character, or another character, for which the cache of [`CharMapping`] is tried
    /// first.
    fn push_line(&mut self, lines: &TextLines<'_>, line: usize) {
        if !self.lines.is_empty() {
            self.bytes.push(b'\n');
        }
        let text = lines.document().text();
        let source = text.as_bytes();
        let Range {
            start: mut at,
            end: line_end,
        } = lines.document().line(lines.number(line)).range();
        let start = self.bytes.len();
        // Whether white space was skipped, and the source offset of the first visible character.
        let (mut skipped_space, mut first_visible) = (false, None);
        while at < line_end {
            let byte = source[at];
            let (character, width) = if byte < 0x80 {
                (byte as char, 1)
            } else {
                decode(text, at)
            };
            let mapping = if byte < 0x80 {
                None
            } else {
                CharMapping::cached(character)
            };
            let (is_blank, is_unseen) = match mapping {
                Some(mapping) => (
                    mapping.kind == CharKind::Blank,
                    mapping.kind == CharKind::Invisible,
                ),
                None => (
                    character.is_whitespace(),
                    byte >= 0x80 && is_invisible(character),
                ),
            };
            if is_blank || is_unseen {
                skipped_space |= is_blank;
                at += width;
                continue;
            }
            if skipped_space && first_visible.is_some() {
                self.bytes.push(b' ');
            }
            skipped_space = false;
            first_visible.get_or_insert(at);
            self.map_offset(at);
            if byte < 0x80 {
                at = self.copy_ascii_run(&source[..line_end], at);
            } else {
                let before = self.bytes.len();
                match mapping {
                    Some(mapping) => self.bytes.extend_from_slice(mapping.bytes()),
                    None => push_normalized(character, &mut self.bytes),
                }
                at += width;
                if self.bytes.len() - before != width {
                    self.map.push((self.bytes.len() as u32, at as u32));
                }
            }
        }
        self.close_line(
            start,
            first_visible.unwrap_or(line_end) as u32,
            lines.number(line) as u32,
            lines.joins(line),
        );
    }

    /// Adds the entry of the line whose text starts at `start` of the buffer and ends at its end,
    /// and its fingerprint unless that is already known. The other parameters are as in
    /// [`NormalizedLine`].
    fn close_line(&mut self, start: usize, source: u32, number: u32, joins: bool) {
        let end = self.bytes.len();
        let trimmed = trim_symbols(&self.bytes, start..end);
        if self.fingerprints.len() == self.covered().end {
            self.fingerprints
                .push(fingerprint(&self.bytes[trimmed.clone()]));
        }
        let trimmed = (trimmed.start as u32, trimmed.end as u32);
        self.lines.push(NormalizedLine {
            start: start as u32,
            end: end as u32,
            trimmed,
            source,
            number,
            joins,
        });
    }

    /// Appends the longest run of ASCII characters from `start` of the source, in lower case, and
    /// returns its end. The run ends before white space that has to be collapsed or removed. Its
    /// first character is copied in any case: it can be a control character, or a backtick.
    fn copy_ascii_run(&mut self, source: &[u8], start: usize) -> usize {
        let end = (start + ascii_run_len(&source[start..])).max(start + 1);
        let copied = self.bytes.len();
        self.bytes.extend_from_slice(&source[start..end]);
        self.bytes[copied..].make_ascii_lowercase();
        end
    }

    /// Adds an entry to the map for the next character, which comes from offset `source`, unless
    /// the last entry already leads to that offset.
    fn map_offset(&mut self, source: usize) {
        let (offset, source) = (self.bytes.len() as u32, source as u32);
        if self
            .map
            .last()
            .is_none_or(|&(last, last_source)| last_source + (offset - last) != source)
        {
            self.map.push((offset, source));
        }
    }

    /// Returns the normalized text of all lines in the buffer.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the lines in the buffer, in order.
    pub(crate) fn lines(&self) -> &[NormalizedLine] {
        &self.lines
    }

    /// Returns the index, among the non-blank lines of the document, of the first line in the
    /// buffer. Subtract it from the index of a line of the document to get the index in
    /// [`lines`](Self::lines).
    pub(crate) fn first(&self) -> usize {
        self.first
    }

    /// Converts a range of non-blank lines of the document to indices in [`lines`](Self::lines).
    ///
    /// # Panics
    /// If the range starts before the first line in the buffer.
    pub(crate) fn indices(&self, lines: Range<usize>) -> Range<usize> {
        lines.start - self.first..lines.end - self.first
    }

    /// Returns the text of the line at `index` of the buffer, without punctuation and symbols at
    /// its ends; empty if the line has no letter or digit.
    pub(crate) fn trimmed(&self, index: usize) -> &[u8] {
        &self.bytes[self.lines[index].trimmed()]
    }

    /// Returns the 32-bit fingerprint of the trimmed text of a non-blank line of the document;
    /// `None` if the line was not in the buffer so far. Equal texts have equal fingerprints.
    /// Collisions are possible; compare the texts before acting on one.
    pub(crate) fn fingerprint(&self, line: usize) -> Option<u32> {
        self.fingerprints.get(line).copied()
    }

    /// Returns the index in [`lines`](Self::lines) of the line that contains the byte at `offset`
    /// of the normalized text, by binary search. A `\n` belongs to the line before it.
    pub(crate) fn line_index(&self, offset: usize) -> usize {
        self.lines
            .partition_point(|line| line.start as usize <= offset)
            .saturating_sub(1)
    }

    /// Returns whether the line at `index` of the buffer continues the sentence of the one before,
    /// which hard wrapping broke. Returns `false` for the first line in the buffer.
    pub(crate) fn continues(&self, index: usize) -> bool {
        index > 0 && self.lines[index - 1].joins
    }

    /// Returns the span of the source `text` from which the bytes `start..end` of the normalized
    /// text come. The range must not be empty. Characters of which only a part is in the range,
    /// such as "½" for `2`, are in the span as a whole.
    pub(crate) fn source(&self, start: usize, end: usize, text: &str) -> Span {
        let last = self.char_start(end - 1, text);
        let width = text[last..].chars().next().map_or(0, char::len_utf8);
        Span::from_offsets(self.char_start(start, text), last + width)
    }

    /// Returns the source offset of the character from which the byte at `offset` of the normalized
    /// text comes. A character whose normalized form is longer ends at the next entry of the map,
    /// so the offset is limited by that.
    fn char_start(&self, offset: usize, text: &str) -> usize {
        let after = self
            .map
            .partition_point(|&(mapped, _)| mapped as usize <= offset);
        let (mapped, source) = self.map[after - 1];
        let limit = self
            .map
            .get(after)
            .map_or(text.len(), |&(_, source)| source as usize);
        let mut at = (source as usize + offset - mapped as usize).min(limit.saturating_sub(1));
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }
}

/// Returns a hash of a text: of a short one all bytes, of a long one the bytes at its ends and its
/// length. Hashing long lines as a whole would take a noticeable share of the time of cleaning.
fn fingerprint(text: &[u8]) -> u32 {
    let mut hasher = FxHasher::default();
    if let (true, Some(first), Some(last)) = (
        text.len() > 2 * FINGERPRINT_ENDS,
        text.first_chunk::<FINGERPRINT_ENDS>(),
        text.last_chunk::<FINGERPRINT_ENDS>(),
    ) {
        hasher.write(first);
        hasher.write(last);
    } else {
        hasher.write(text);
    }
    hasher.write_usize(text.len());
    hasher.finish() as u32
}

/// Returns the character at byte offset `at` of a text, which must be a boundary, and its length in
/// bytes.
fn decode(text: &str, at: usize) -> (char, usize) {
    let character = text[at..].chars().next().unwrap_or('\u{FFFD}');
    (character, character.len_utf8())
}

/// Returns the length of the run of visible ASCII characters at the start of `bytes`, including
/// single spaces between words. Apart from its case, such a run is its own normalized form. A
/// backtick ends a run, because it normalizes to an apostrophe.
fn ascii_run_len(bytes: &[u8]) -> usize {
    const BLOCK: usize = 32;
    let mut at = 0;
    // Whole blocks first, then eight bytes at a time, without a branch for each byte.
    while let Some(block) = bytes[at..].first_chunk::<{ BLOCK + 1 }>() {
        if (0..BLOCK).fold(0, |any, at| any | ends_run(block[at], block[at + 1])) != 0 {
            break;
        }
        at += BLOCK;
    }
    let end = loop {
        let ends = run_ends(&bytes[at..], at > 0 && bytes[at - 1] == b' ');
        if ends != 0 {
            break at + ends.trailing_zeros() as usize / 8;
        }
        at += 8;
    };
    // A space at the end is not between words.
    if end > 0 && bytes[end - 1] == b' ' {
        end - 1
    } else {
        end
    }
}

/// Returns 1 if a run of plain ASCII ends before `byte` or before the space `next` after it, else
/// 0. A number instead of a `bool` lets the compiler vectorize the loop over a block.
#[inline]
fn ends_run(byte: u8, next: u8) -> u8 {
    u8::from(byte.wrapping_sub(b' ') > b'~' - b' ')
        | u8::from(byte == b'`')
        | u8::from(byte == b' ') & u8::from(next == b' ')
}

/// Returns a mask of the first eight of `bytes`: the upper bit of each byte is set if a run of
/// plain ASCII ends before it. These are bytes that are not visible ASCII, backticks, and the
/// second of two spaces; `after_space` says whether a space precedes `bytes`. Bytes past the end
/// end a run as well.
fn run_ends(bytes: &[u8], after_space: bool) -> u64 {
    let word = match bytes.first_chunk() {
        Some(&chunk) => u64::from_le_bytes(chunk),
        None => bytes
            .iter()
            .rev()
            .fold(0, |word, &byte| word << 8 | u64::from(byte)),
    };
    let low_bits = word & !UPPER_BITS;
    let visible =
        (low_bits + EACH_BYTE * (0x80 - 0x20)) & !(low_bits + EACH_BYTE) & !word & UPPER_BITS;
    let spaces = positions_of(b' ', word);
    (!visible & UPPER_BITS)
        | positions_of(b'`', word)
        | (spaces & (spaces << 8 | u64::from(after_space) << 7))
}

/// Returns a word with the upper bit set in each byte in which `word` has the ASCII character
/// `byte`. Only seven bits of each byte are added, so that no sum carries into the next byte.
#[inline]
fn positions_of(byte: u8, word: u64) -> u64 {
    let difference = (word & !UPPER_BITS) ^ (EACH_BYTE * u64::from(byte));
    !(difference + EACH_BYTE * 0x7F) & !word & UPPER_BITS
}

#[cfg(test)]
mod tests {
    use super::*;
    use dechaff_rules::chars::normalize;

    /// Normalizes a text in one window.
    fn whole(text: &str) -> NormalizedText {
        NormalizedText::whole(&Document::new(text).unwrap())
    }

    #[test]
    fn cached_characters_are_normalized_as_uncached_ones() {
        // After a letter that some marks would be removed from.
        for before in ["", "i", "α"] {
            for character in
                ('\u{80}'..='\u{12000}').filter(|c| !c.is_whitespace() && !is_invisible(*c))
            {
                let text = format!("{before}{character}");
                let mut bytes = before.as_bytes().to_vec();
                push_normalized(character, &mut bytes);
                assert_eq!(whole(&text).bytes(), bytes, "{text:?}");
            }
        }
    }

    #[test]
    fn ascii_runs_end_at_the_first_other_byte() {
        let sentence =
            b"It was a dark and stormy night; the rain fell in torrents, except at intervals";
        for length in 0..70 {
            for at in 0..=length {
                for other in [
                    &b""[..],
                    b" ",
                    b"  ",
                    b"\n",
                    b"\x7f",
                    b" \x7f",
                    b"\xc3\xa9",
                    b"\0",
                    b"`",
                    b" `",
                    b" ~",
                ] {
                    let text = [&sentence[..at], other, &b"~!a b"[..]].concat();
                    assert_eq!(
                        ascii_run_len(&text),
                        plain_run_len(&text),
                        "{:?}",
                        String::from_utf8_lossy(&text)
                    );
                }
            }
        }
    }

    /// Computes [`ascii_run_len`] byte by byte.
    fn plain_run_len(bytes: &[u8]) -> usize {
        let is_plain = |at: usize| {
            bytes
                .get(at)
                .is_some_and(|byte| byte.is_ascii_graphic() && *byte != b'`')
        };
        (0..bytes.len())
            .find(|&at| !(is_plain(at) || (bytes[at] == b' ' && is_plain(at + 1))))
            .unwrap_or(bytes.len())
    }

    fn normalized(text: &str) -> String {
        String::from_utf8(whole(text).bytes).unwrap()
    }

    #[test]
    fn spellings_of_the_same_text_are_normalized_alike() {
        for (a, b) in [
            ("Caf\u{e9}", "CAFE\u{301}"),
            ("STRASSE", "straße"),
            ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
            ("don\u{2019}t", "DON'T"),
            ("\u{ff33}\u{ff48}are", "share"),
            ("İstanbul", "istanbul"),
            ("e\u{2011}mail", "e-mail"),
            ("new\u{ad}sletter\u{200b}", "newsletter"),
            ("a \u{a0}\t b", "a b"),
            ("ПОДПИСАТЬСЯ", "подписаться"),
            ("ΕΓΓΡΑΦΗ", "εγγραφή"),
            ("أخبار", "اخبار"),
            ("اِشْتَرِكْ", "اشترك"),
            ("المـــزيد", "المزيد"),
        ] {
            assert_eq!(normalized(a), normalized(b), "{a} {b}");
            assert_eq!(normalize(a), normalize(b));
        }
    }

    #[test]
    fn documents_are_normalized_as_strings_are() {
        let text = "\u{feff}One \u{a0} TWO,\r\n\r\n  ‘three’\u{2003}½ \u{7}x\n";
        assert_eq!(
            normalized(text).replace('\n', " ").into_bytes(),
            normalize(text)
        );
    }

    #[test]
    fn every_byte_is_mapped_back_to_its_character() {
        let text = "\u{feff}É ½ß  x\u{ad}y\r\n ‘ｚ’ ﬁn  ";
        let normalized = whole(text);
        assert_eq!(
            std::str::from_utf8(normalized.bytes()).unwrap(),
            "e\u{301} 1\u{2044}2ss xy\n'z' fin"
        );
        let back: Vec<&str> = (0..normalized.bytes().len())
            .filter(|&at| !normalized.bytes()[at].is_ascii_whitespace())
            .map(|at| &text[normalized.source(at, at + 1, text).range()])
            .collect();
        assert_eq!(
            back,
            [
                "É", "É", "É", "½", "½", "½", "½", "½", "ß", "ß", "x", "y", "‘", "ｚ", "’", "ﬁ",
                "ﬁ", "n"
            ]
        );
    }

    #[test]
    fn the_map_has_an_entry_where_the_distance_changes() {
        let text = whole("“Read  more”");
        assert_eq!(text.bytes(), b"\"read more\"");
        assert_eq!(text.map, [(0, 0), (1, 3), (6, 9), (11, 16)]);
    }

    /// In windows of any length, lines are the same as in the whole document, and are surrounded by
    /// enough text.
    #[test]
    fn windows_are_parts_of_the_whole() {
        let line = |number: usize| {
            format!(
                "  {number}. Ｆull — “width”, ½ ﬁne {}",
                "İs it? ".repeat(number % 300)
            )
        };
        let text: String = (0..900)
            .map(|number| line(number) + ["\n", "\r\n\r\n", "\n\u{200b}\n"][number % 3])
            .collect();
        let document = Document::new(&text).unwrap();
        let lines = TextLines::new(&document, Vec::new());
        let whole = whole(&text);
        for window_len in [1, 10_000, 1 << 30] {
            let mut part = NormalizedText::with_window(window_len);
            let (mut from, mut windows) = (0, 0);
            while from < lines.count() {
                let window = part.advance_window(&lines, from);
                assert!(window.start == from && window.end > from);
                let in_window = &part.lines()[part.indices(window.clone())];
                let before = in_window[0].start as usize;
                let after = part.bytes().len() - in_window[in_window.len() - 1].end as usize;
                assert!(before >= MAX_MATCH_LEN || part.first() == 0);
                assert!(after >= MAX_MATCH_LEN || part.covered().end == lines.count());
                for (index, line) in part.lines().iter().enumerate() {
                    let expected = whole.lines()[part.first() + index];
                    assert_eq!(part.bytes()[line.range()], whole.bytes()[expected.range()]);
                    assert_eq!(part.trimmed(index), whole.trimmed(part.first() + index));
                    assert_eq!(
                        part.source(line.start as usize, line.end as usize, &text),
                        whole.source(expected.start as usize, expected.end as usize, &text)
                    );
                }
                (from, windows) = (window.end, windows + 1);
            }
            assert_eq!(windows > 1, window_len < 1 << 20);
            assert_eq!(part.fingerprints, whole.fingerprints);
            part.ensure(&lines, 30..31);
            assert_eq!(part.trimmed(part.indices(30..31).start), whole.trimmed(30));
        }
    }
}
