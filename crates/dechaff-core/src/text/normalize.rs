//! A text as rules see it: case folded, white space collapsed, quotes, dashes and compatibility forms made alike, marks
//! decomposed, invisible characters left out, with a map back to the source. Rules and texts go through the same fold,
//! so that matching itself is a comparison of bytes. Of a large document only a window_len is there at a time.

#[cfg(test)]
use super::document::Document;
use super::lines::TextLines;
use super::span::Span;
use dechaff_rules::chars::{CharKind, CharMapping, is_invisible, push_normalized, trim_symbols};
use dechaff_rules::phrase::MAX_MATCH_LEN;
use rustc_hash::FxHasher;
use std::hash::Hasher;
use std::ops::Range;

/// A window_len is so long, in folded bytes, that it stays in the caches while rules are looked for in it. Smaller documents
/// are folded in one.
const WINDOW_LEN: usize = 1 << 18;

/// A line of more than twice as many bytes is told from others by this much of both its ends.
const FINGERPRINT_ENDS: usize = 64;

/// Lines of a document, folded: a single space for each run of white space inside a line, `\n` between lines.
#[derive(Debug)]
pub(crate) struct NormalizedText {
    bytes: Vec<u8>,
    /// Where the distance between folded and source offsets changes: (folded, source), at starts of characters.
    map: Vec<(u32, u32)>,
    lines: Vec<NormalizedLine>,
    /// Which of the lines of the document that are not blank is the first of these.
    first: usize,
    /// A fingerprint of the trimmed text of each line that was ever here, from the first line on.
    fingerprints: Vec<u32>,
    window_len: usize,
}

impl Default for NormalizedText {
    fn default() -> Self {
        Self::with_window(WINDOW_LEN)
    }
}

/// A line that is not blank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NormalizedLine {
    /// Folded offset of its first character.
    pub start: u32,
    /// Folded offset after its last.
    pub end: u32,
    trimmed: (u32, u32),
    /// The source offset of its first character.
    pub source: u32,
    /// Its number in the document, from 0.
    pub number: u32,
    /// Whether the next line only goes on where hard wrapping broke this one.
    pub joins: bool,
}

impl NormalizedLine {
    pub(crate) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The range of its text without punctuation, bullets and symbols at its ends.
    pub(crate) fn trimmed(self) -> Range<usize> {
        self.trimmed.0 as usize..self.trimmed.1 as usize
    }
}

impl NormalizedText {
    /// A buffer for stretches of so many folded bytes.
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

    /// Forgets the document.
    pub(crate) fn clear(&mut self) {
        self.restart_at(0);
        self.fingerprints.clear();
    }

    fn restart_at(&mut self, line: usize) {
        self.bytes.clear();
        self.map.clear();
        self.lines.clear();
        self.first = line;
    }

    /// Folds a window_len that begins with the line `from`, together with what stands within reach of it, and says which lines
    /// belong to it. Stretches are taken from the first line on, each where the one before ended.
    pub(crate) fn advance_window(&mut self, lines: &TextLines<'_>, from: usize) -> Range<usize> {
        if self.covered().contains(&from) {
            self.drop_before(from);
        } else {
            self.restart_at(from);
            self.fingerprints
                .reserve(lines.count() - self.fingerprints.len());
        }
        let start = self
            .lines
            .get(from - self.first)
            .map_or(self.bytes.len(), |line| line.start as usize);
        let first_end = |folded: &Self| {
            folded
                .lines
                .get(from - folded.first)
                .map_or(0, |line| line.end as usize)
        };
        while self.covered().end < lines.count()
            && self.bytes.len() < (start + self.window_len).max(first_end(self)) + MAX_MATCH_LEN
        {
            self.push_line(lines, self.covered().end);
        }
        if self.covered().end == lines.count() {
            return from..lines.count();
        }
        let within = self.bytes.len() - MAX_MATCH_LEN;
        from..self.first
            + self
                .lines
                .partition_point(|line| line.end as usize <= within)
    }

    /// Folds lines, unless they are there.
    pub(crate) fn ensure(&mut self, lines: &TextLines<'_>, wanted: Range<usize>) {
        if self.covered().start <= wanted.start && wanted.end <= self.covered().end {
            return;
        }
        self.restart_at(wanted.start);
        wanted.for_each(|line| self.push_line(lines, line));
    }

    /// The lines that are there, as the document counts those that are not blank.
    fn covered(&self) -> Range<usize> {
        self.first..self.first + self.lines.len()
    }

    /// Lets go of what nothing from a line on can reach back to.
    fn drop_before(&mut self, line: usize) {
        let reached = (self.lines[line - self.first].start as usize).saturating_sub(MAX_MATCH_LEN);
        let gone = self
            .lines
            .partition_point(|line| line.start as usize <= reached)
            .saturating_sub(1);
        let Some(&NormalizedLine { start, source, .. }) = self.lines.get(gone).filter(|_| gone > 0)
        else {
            return;
        };
        self.bytes.drain(..start as usize);
        self.lines.drain(..gone);
        self.map
            .drain(..self.map.partition_point(|&(folded, _)| folded < start));
        if self.map.first().is_none_or(|&(folded, _)| folded > start) {
            self.map.insert(0, (start, source));
        }
        self.map.iter_mut().for_each(|(folded, _)| *folded -= start);
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
        self.first += gone;
    }

    /// The fold of a whole document.
    #[cfg(test)]
    pub(crate) fn whole(document: &Document<'_>) -> Self {
        let mut folded = Self::with_window(usize::MAX >> 1);
        folded.advance_window(&TextLines::new(document, Vec::new()), 0);
        folded
    }

    fn push_line(&mut self, lines: &TextLines<'_>, line: usize) {
        if !self.lines.is_empty() {
            self.bytes.push(b'\n');
        }
        let text = lines.document().text();
        let source = text.as_bytes();
        let Range {
            start: mut at,
            end: to,
        } = lines.document().line(lines.number(line)).range();
        let start = self.bytes.len();
        let (mut gap, mut visible) = (false, None);
        while at < to {
            let byte = source[at];
            let (character, width) = if byte < 0x80 {
                (byte as char, 1)
            } else {
                decode(text, at)
            };
            let folding = if byte < 0x80 {
                None
            } else {
                CharMapping::cached(character)
            };
            let (is_blank, is_unseen) = match folding {
                Some(folding) => (
                    folding.kind == CharKind::Blank,
                    folding.kind == CharKind::Invisible,
                ),
                None => (
                    character.is_whitespace(),
                    byte >= 0x80 && is_invisible(character),
                ),
            };
            if is_blank || is_unseen {
                gap |= is_blank;
                at += width;
                continue;
            }
            if gap && visible.is_some() {
                self.bytes.push(b' ');
            }
            gap = false;
            visible.get_or_insert(at);
            self.map_offset(at);
            if byte < 0x80 {
                at = self.copy_ascii_run(&source[..to], at);
            } else {
                let before = self.bytes.len();
                match folding {
                    Some(folding) => self.bytes.extend_from_slice(folding.bytes()),
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
            visible.unwrap_or(to) as u32,
            lines.number(line) as u32,
            lines.joins(line),
        );
    }

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

    /// Copies ASCII up to white space that would collapse; single spaces between words go along.
    fn copy_ascii_run(&mut self, source: &[u8], start: usize) -> usize {
        // A control character that is no white space stands for itself.
        let end = (start + ascii_run_len(&source[start..])).max(start + 1);
        let folded = self.bytes.len();
        self.bytes.extend_from_slice(&source[start..end]);
        self.bytes[folded..].make_ascii_lowercase();
        end
    }

    /// Notes where the next character comes from, if that does not follow from the one before.
    fn map_offset(&mut self, source: usize) {
        let (folded, source) = (self.bytes.len() as u32, source as u32);
        if self
            .map
            .last()
            .is_none_or(|&(f, s)| s + (folded - f) != source)
        {
            self.map.push((folded, source));
        }
    }

    /// The folded text.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its lines.
    pub(crate) fn lines(&self) -> &[NormalizedLine] {
        &self.lines
    }

    /// Which of the lines of the document that are not blank is the first of [`lines`](Self::lines).
    pub(crate) fn first(&self) -> usize {
        self.first
    }

    /// The indices in [`lines`](Self::lines) of lines of the document.
    pub(crate) fn indices(&self, lines: Range<usize>) -> Range<usize> {
        lines.start - self.first..lines.end - self.first
    }

    /// The trimmed text of the line at a place.
    pub(crate) fn trimmed(&self, place: usize) -> &[u8] {
        &self.bytes[self.lines[place].trimmed()]
    }

    /// A fingerprint of the trimmed text of a line of the document, if it ever was here: the same for the same texts, and for others
    /// next to never.
    pub(crate) fn fingerprint(&self, line: usize) -> Option<u32> {
        self.fingerprints.get(line).copied()
    }

    /// The place in [`lines`](Self::lines) of the line that holds the folded offset.
    pub(crate) fn line_index(&self, offset: usize) -> usize {
        self.lines
            .partition_point(|line| line.start as usize <= offset)
            .saturating_sub(1)
    }

    /// Whether a hard-wrapped line goes on in the line at a place.
    pub(crate) fn continues(&self, place: usize) -> bool {
        place > 0 && self.lines[place - 1].joins
    }

    /// The source span of a folded range that is not empty.
    pub(crate) fn source(&self, start: usize, end: usize, text: &str) -> Span {
        let last = self.char_start(end - 1, text);
        let width = text[last..].chars().next().map_or(0, char::len_utf8);
        Span::from_offsets(self.char_start(start, text), last + width)
    }

    /// The source offset of the character that the folded byte came from.
    fn char_start(&self, folded: usize, text: &str) -> usize {
        let after = self.map.partition_point(|&(f, _)| f as usize <= folded);
        let (f, s) = self.map[after - 1];
        let limit = self.map.get(after).map_or(text.len(), |&(_, s)| s as usize);
        let mut at = (s as usize + folded - f as usize).min(limit.saturating_sub(1));
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }
}

/// A hash of a text: of all of a short one, of a long one its ends and its length.
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

fn decode(text: &str, at: usize) -> (char, usize) {
    let character = text[at..].chars().next().unwrap_or('\u{FFFD}');
    (character, character.len_utf8())
}

/// The length of the visible ASCII with which some bytes begin, single spaces between words included. A backtick is not
/// copied as it is.
fn ascii_run_len(bytes: &[u8]) -> usize {
    const BLOCK: usize = 32;
    let mut at = 0;
    // Whole blocks first, then eight bytes at once, without a branch for each byte.
    while let Some(block) = bytes[at..].first_chunk::<{ BLOCK + 1 }>() {
        let is = |byte: u8, other: u8| u8::from(byte == other);
        let breaks = |at: usize| {
            u8::from(block[at].wrapping_sub(b' ') > b'~' - b' ')
                | is(block[at], b'`')
                | is(block[at], b' ') & is(block[at + 1], b' ')
        };
        if (0..BLOCK).fold(0, |any, at| any | breaks(at)) != 0 {
            break;
        }
        at += BLOCK;
    }
    let end = loop {
        let breaks = run_breaks(&bytes[at..], at > 0 && bytes[at - 1] == b' ');
        if breaks != 0 {
            break at + breaks.trailing_zeros() as usize / 8;
        }
        at += 8;
    };
    // A space at the end is none between words.
    if end > 0 && bytes[end - 1] == b' ' {
        end - 1
    } else {
        end
    }
}

/// The upper bit of each of eight bytes that is no visible ASCII, a backtick, or the second of two spaces, the first of
/// which may stand before them. What is past the end is none.
fn run_breaks(bytes: &[u8], after_space: bool) -> u64 {
    const ALL: u64 = u64::MAX / 255;
    const UPPER: u64 = ALL << 7;
    let eight = match bytes.first_chunk() {
        Some(&chunk) => u64::from_le_bytes(chunk),
        None => bytes
            .iter()
            .rev()
            .fold(0, |eight, &byte| eight << 8 | u64::from(byte)),
    };
    let seven = eight & !UPPER;
    // No sum of seven bits carries into the next byte.
    let is = |byte: u8| !((seven ^ (ALL * u64::from(byte))) + ALL * 0x7F) & !eight & UPPER;
    let visible = (seven + ALL * (0x80 - 0x20)) & !(seven + ALL) & !eight & UPPER;
    let spaces = is(b' ');
    (!visible & UPPER) | is(b'`') | (spaces & (spaces << 8 | u64::from(after_space) << 7))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dechaff_rules::chars::normalize;

    /// The fold of a text in one piece.
    fn whole(text: &str) -> NormalizedText {
        NormalizedText::whole(&Document::new(text).unwrap())
    }

    #[test]
    fn what_is_remembered_is_what_folding_gives() {
        // Behind a letter that some marks would belong to.
        for before in ["", "i", "α"] {
            for character in
                ('\u{80}'..='\u{12000}').filter(|c| !c.is_whitespace() && !is_invisible(*c))
            {
                let text = format!("{before}{character}");
                let folded = whole(&text);
                let mut bytes = before.as_bytes().to_vec();
                push_normalized(character, &mut bytes);
                assert_eq!(folded.bytes(), bytes, "{text:?}");
            }
        }
    }

    #[test]
    fn plain_text_ends_where_the_first_other_byte_is() {
        let plainly = |bytes: &[u8]| {
            let graphic = |at: usize| {
                bytes
                    .get(at)
                    .is_some_and(|byte| byte.is_ascii_graphic() && *byte != b'`')
            };
            let fine = |at: usize| graphic(at) || (bytes[at] == b' ' && graphic(at + 1));
            (0..bytes.len())
                .find(|&at| !fine(at))
                .unwrap_or(bytes.len())
        };
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
                    let text =
                        [&b"It was a dark and stormy night; the rain fell in torrents, except at night."[..at], other, &b"~!a b"[..]]
                            .concat();
                    assert_eq!(
                        ascii_run_len(&text),
                        plainly(&text),
                        "{:?}",
                        String::from_utf8_lossy(&text)
                    );
                }
            }
        }
    }

    fn folded(text: &str) -> String {
        String::from_utf8(whole(text).bytes).unwrap()
    }

    #[test]
    fn writing_habits_fold_alike() {
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
            assert_eq!(folded(a), folded(b), "{a} {b}");
            assert_eq!(normalize(a), normalize(b));
        }
    }

    #[test]
    fn the_fold_of_a_document_is_the_fold_of_its_words() {
        let text = "\u{feff}One \u{a0} TWO,\r\n\r\n  ‘three’\u{2003}½ \u{7}x\n";
        assert_eq!(
            folded(text).replace('\n', " ").into_bytes(),
            normalize(text)
        );
    }

    #[test]
    fn every_folded_byte_leads_back_to_its_character() {
        let text = "\u{feff}É ½ß  x\u{ad}y\r\n ‘ｚ’ ﬁn  ";
        let folded = whole(text);
        assert_eq!(
            std::str::from_utf8(folded.bytes()).unwrap(),
            "e\u{301} 1\u{2044}2ss xy\n'z' fin"
        );
        let back: Vec<&str> = (0..folded.bytes().len())
            .filter(|&at| !folded.bytes()[at].is_ascii_whitespace())
            .map(|at| &text[folded.source(at, at + 1, text).range()])
            .collect();
        assert_eq!(
            back,
            [
                "É", "É", "É", "½", "½", "½", "½", "½", "ß", "ß", "x", "y", "‘", "ｚ", "’", "ﬁ",
                "ﬁ", "n"
            ]
        );
    }

    /// Taken in stretches, lines are what they are in the fold of the whole, wherever a window_len begins.
    #[test]
    fn stretches_are_parts_of_the_whole() {
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
            let (mut folded, mut from, mut count) = (NormalizedText::with_window(window_len), 0, 0);
            while from < lines.count() {
                let taken = folded.advance_window(&lines, from);
                assert!(taken.start == from && taken.end > from);
                let (before, after) = (
                    folded.indices(taken.clone()).start,
                    &folded.lines()[folded.indices(taken.clone())],
                );
                let reach =
                    |bytes: usize, at_edge: bool| assert!(at_edge || bytes >= MAX_MATCH_LEN);
                reach(folded.lines()[before].start as usize, folded.first() == 0);
                reach(
                    folded.bytes().len() - after[after.len() - 1].end as usize,
                    folded.covered().end == lines.count(),
                );
                for place in 0..folded.lines().len() {
                    let (own, same) =
                        (folded.lines()[place], whole.lines()[folded.first() + place]);
                    assert_eq!(folded.bytes()[own.range()], whole.bytes()[same.range()]);
                    assert_eq!(folded.trimmed(place), whole.trimmed(folded.first() + place));
                    let source = |folded: &NormalizedText, line: NormalizedLine| {
                        folded.source(line.start as usize, line.end as usize, &text)
                    };
                    assert_eq!(source(&folded, own), source(&whole, same));
                }
                (from, count) = (taken.end, count + 1);
            }
            assert_eq!(count > 1, window_len < 1 << 20);
            assert_eq!(folded.fingerprints, whole.fingerprints);
            folded.ensure(&lines, 30..31);
            assert_eq!(
                folded.trimmed(folded.indices(30..31).start),
                whole.trimmed(30)
            );
        }
    }
}
