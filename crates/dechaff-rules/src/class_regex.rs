//! Compresses a Unicode regex to a byte regex over its character equivalence classes.
//!
//! A regex distinguishes few characters. In `[а-я]+ (да|нет)`, all Cyrillic letters but the five
//! that are spelled out are interchangeable, and so are all characters that occur nowhere in the
//! pattern. Characters that no class or literal of the pattern distinguishes form an *equivalence
//! class*, and each class is represented by one byte. An automaton over these bytes is small:
//! `[^\s,]{1,20}` becomes a chain of twenty states instead of twenty copies of a UTF-8 decoder,
//! which is what compiling the pattern to bytes of UTF-8 amounts to. Building it takes less than a
//! millisecond instead of 5 to 40.
//!
//! ASCII characters represent themselves, so that an ASCII text can be searched without being
//! copied. All other characters of a text are replaced by the byte of their class:
//!
//! ```
//! use dechaff_rules::class_regex::ClassRegex;
//!
//! let regex = ClassRegex::new("[а-я]+ (да|нет)", false, false).expect("a valid pattern");
//! let mut buffer = Vec::new();
//! let mut classes = |text| regex.alphabet.write(text, &mut buffer).to_vec();
//!
//! assert_eq!(classes("yes"), b"yes");
//! assert_eq!(classes("да"), [0xFC, 0xFE]);
//! assert_eq!(classes("бар"), [0xFD, 0xFE, 0xFD], "'б' and 'р' are interchangeable, 'а' is not");
//! assert_eq!(classes("é “ß"), b"\xFF \xFF\xFF", "these occur nowhere in the pattern");
//! ```
//!
//! The classes are found by a sweep over the code points: each range of each character class of the
//! pattern starts and ends at a code point; between two such points, all characters are in the same
//! set of classes. Each different set gets a byte.
//!
//! Unicode word boundaries need more. An automaton over bytes knows only ASCII boundaries, so with
//! `unicode_boundaries` the bytes of ASCII letters represent classes of letters, and other bytes
//! all other classes. ASCII then no longer represents itself. This is used only for texts in which
//! it matters.
//!
//! Finding the classes is most of the work of compiling a pattern. For the built-in rules it is
//! done when dechaff is built.

mod node;
mod positions;
#[cfg(any(test, feature = "relax"))]
mod relax;
mod relaxed;
mod runs;

pub use positions::MAX_INTERPRETED_LEN;
pub use relaxed::RelaxedDfa;

use node::ClassNode;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{
    Class, ClassBytes, ClassBytesRange, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Look,
    Repetition,
};
use runs::Runs;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// A regex over the bytes of an alphabet that was made for it.
#[derive(Debug, Serialize, Deserialize)]
pub struct ClassRegex<'t> {
    /// Maps the characters of a text to the bytes of the regex.
    #[serde(borrow)]
    pub alphabet: Alphabet<'t>,
    root: ClassNode,
}

impl ClassRegex<'_> {
    /// Compresses the pattern `source`. Returns `None` if it is invalid, or if it has more
    /// equivalence classes than there are bytes for them: 128 outside ASCII.
    ///
    /// Without `unicode_boundaries`, `\b` and `\B` treat letters outside ASCII as non-letters; that
    /// is correct for texts without such letters. With it they are correct for all texts, but every
    /// text has to be translated.
    #[must_use]
    pub fn new(source: &str, ignore_case: bool, unicode_boundaries: bool) -> Option<Self> {
        let hir = ParserBuilder::new()
            .case_insensitive(ignore_case)
            .build()
            .parse(source)
            .ok()?;
        let (alphabet, root) = Alphabet::new(&hir, unicode_boundaries)?;
        Some(Self { alphabet, root })
    }

    /// Returns the key under which the build script stores the regex of a built-in pattern. It
    /// identifies the parameters of [`new`](Self::new).
    #[must_use]
    pub fn key(source: &str, ignore_case: bool, unicode_boundaries: bool) -> String {
        let case = if ignore_case { "any" } else { "own" };
        let boundaries = if unicode_boundaries {
            "unicode"
        } else {
            "ascii"
        };
        format!("{case} {boundaries} {source}")
    }

    /// Returns whether a pattern has word boundaries, so that it matters whether they are those of
    /// Unicode.
    #[must_use]
    pub fn has_boundaries(source: &str) -> bool {
        source.contains(r"\b") || source.contains(r"\B")
    }

    /// Returns whether the regex matches all of `text` or, unless `is_whole`, a part of it, without
    /// compiling it. `buffer` is overwritten. Returns `None` if the text is longer than
    /// [`MAX_INTERPRETED_LEN`], or if the regex has a rare kind of assertion.
    #[must_use]
    pub fn is_match(&self, text: &str, is_whole: bool, buffer: &mut Vec<u8>) -> Option<bool> {
        positions::is_match(&self.root, self.alphabet.write(text, buffer), is_whole)
    }

    /// Returns the regex over the bytes of its [`alphabet`](Self::alphabet), from which an
    /// automaton can be built. It matches translated texts, which need not be valid UTF-8.
    #[must_use]
    pub fn hir(&self) -> Hir {
        self.root.hir()
    }
}

/// The byte that represents each character.
#[derive(Debug, Serialize, Deserialize)]
pub struct Alphabet<'t> {
    /// Runs of characters that one byte represents.
    #[serde(borrow)]
    runs: Runs<'t>,
    /// The bytes of the 128 ASCII characters; `None` if they represent themselves.
    ascii: Option<Vec<u8>>,
}

impl Alphabet<'_> {
    /// Returns the alphabet of a regex, and the regex over its bytes. Returns `None` if there are
    /// too many equivalence classes. With `unicode_boundaries`, letters are distinguished from all
    /// other characters.
    fn new(hir: &Hir, unicode_boundaries: bool) -> Option<(Self, ClassNode)> {
        let mut classes = Vec::new();
        collect_classes(hir, unicode_boundaries, &mut classes)?;
        if unicode_boundaries {
            let distinguished = regex_syntax::parse(r"\w\n").ok()?;
            collect_classes(&distinguished, unicode_boundaries, &mut classes)?;
        }
        classes.sort_unstable_by(|a, b| a.ranges().cmp(b.ranges()));
        classes.dedup();
        let first = if unicode_boundaries { 0 } else { 0x80 };
        let mut bytes = FreeBytes::new(unicode_boundaries);
        let mut samples = Vec::new();
        let runs = assign_bytes(&classes, first, &mut bytes, &mut samples)?;
        let mut alphabet = Self {
            runs: Runs::new(&runs),
            ascii: None,
        };
        if unicode_boundaries {
            alphabet.ascii = Some(
                (0..128)
                    .map(|character: u8| alphabet.class(char::from(character)))
                    .collect(),
            );
        }
        let root = alphabet.translate(hir, &samples)?;
        Some((alphabet, root))
    }

    /// Returns the byte that represents a character.
    #[must_use]
    #[inline]
    pub fn byte(&self, character: char) -> u8 {
        match &self.ascii {
            None if character.is_ascii() => character as u8,
            Some(bytes) if character.is_ascii() => bytes[character as usize],
            _ => self.class(character),
        }
    }

    /// Returns the byte of a character that does not represent itself.
    fn class(&self, character: char) -> u8 {
        self.runs.byte(character)
    }

    /// Translates a text to this alphabet, one byte per character. Returns the bytes of `text`
    /// itself if it needs no translation; otherwise overwrites `out` with the result and returns
    /// that.
    pub fn write<'b>(&self, text: &'b str, out: &'b mut Vec<u8>) -> &'b [u8] {
        if self.ascii.is_none() && text.is_ascii() {
            return text.as_bytes();
        }
        out.clear();
        for chunk in text
            .as_bytes()
            .chunk_by(|a, b| a.is_ascii() == b.is_ascii())
        {
            match &self.ascii {
                _ if !chunk[0].is_ascii() => out.extend(
                    std::str::from_utf8(chunk)
                        .unwrap_or_default()
                        .chars()
                        .map(|c| self.class(c)),
                ),
                None => out.extend_from_slice(chunk),
                Some(bytes) => out.extend(chunk.iter().map(|&byte| bytes[usize::from(byte)])),
            }
        }
        out
    }

    /// Translates a part of the regex from characters to bytes. Returns `None` for a literal or
    /// class that is not valid Unicode.
    fn translate(&self, hir: &Hir, samples: &[(char, u8)]) -> Option<ClassNode> {
        Some(match hir.kind() {
            HirKind::Empty => ClassNode::Empty,
            HirKind::Literal(literal) => {
                let text = std::str::from_utf8(&literal.0).ok()?;
                ClassNode::Literal(self.write(text, &mut Vec::new()).to_vec())
            }
            HirKind::Class(class) => {
                ClassNode::Class(self.translate_class(&to_unicode(class)?, samples))
            }
            HirKind::Look(look) => ClassNode::Look(ascii_look(*look).as_repr()),
            HirKind::Repetition(Repetition {
                min,
                max,
                greedy,
                sub,
            }) => {
                ClassNode::Repetition(*min, *max, *greedy, Box::new(self.translate(sub, samples)?))
            }
            HirKind::Capture(capture) => self.translate(&capture.sub, samples)?,
            HirKind::Concat(parts) => ClassNode::Concat(self.translate_all(parts, samples)?),
            HirKind::Alternation(parts) => {
                ClassNode::Alternation(self.translate_all(parts, samples)?)
            }
        })
    }

    fn translate_all(&self, parts: &[Hir], samples: &[(char, u8)]) -> Option<Vec<ClassNode>> {
        parts
            .iter()
            .map(|part| self.translate(part, samples))
            .collect()
    }

    /// Returns the bytes that represent the characters of a class, as ranges. `samples` has one
    /// character of each equivalence class: an equivalence class is in `class` as a whole or not at
    /// all.
    fn translate_class(&self, class: &ClassUnicode, samples: &[(char, u8)]) -> Vec<(u8, u8)> {
        let ascii = class
            .ranges()
            .iter()
            .filter(|_| self.ascii.is_none())
            .filter_map(|&range| ascii_part(range));
        let others = samples
            .iter()
            .filter(|(sample, _)| {
                let mut ranges = class.ranges().iter();
                ranges.any(|range| (range.start()..=range.end()).contains(sample))
            })
            .map(|&(_, byte)| ClassBytesRange::new(byte, byte));
        ClassBytes::new(ascii.chain(others))
            .ranges()
            .iter()
            .map(|range| (range.start(), range.end()))
            .collect()
    }
}

/// Assigns a byte to each equivalence class of the characters from code point `first` on. Returns
/// the runs of characters that one byte represents, and adds one character of each class with its
/// byte to `samples`. Returns `None` if there are not enough bytes.
///
/// Sweeps over the code points at which a range of one of `classes` starts or ends. `members`
/// has a bit for each class, set while the sweep is inside one of its ranges; two runs with the
/// same bits are in the same equivalence class.
fn assign_bytes(
    classes: &[ClassUnicode],
    first: u32,
    bytes: &mut FreeBytes,
    samples: &mut Vec<(char, u8)>,
) -> Option<Vec<(u32, u8)>> {
    let bounds = range_bounds(classes, first);
    let mut members = vec![0u64; classes.len().div_ceil(64)];
    let mut assigned: FxHashMap<Vec<u64>, u8> = FxHashMap::default();
    let mut runs = Vec::new();
    let (mut at, mut next) = (first, bounds.iter().peekable());
    loop {
        while let Some(&&(_, class)) = next.peek().filter(|(bound, _)| *bound <= at) {
            members[class / 64] ^= 1 << (class % 64);
            next.next();
        }
        let byte = if let Some(&byte) = assigned.get(&members) {
            byte
        } else {
            // No class distinguishes surrogates, which are no characters, from U+E000 behind
            // them.
            let sample = char::from_u32(at).or(char::from_u32(0xE000))?;
            let byte = bytes.next(sample)?;
            samples.push((sample, byte));
            assigned.insert(members.clone(), byte);
            byte
        };
        if runs.last().is_none_or(|&(_, last)| last != byte) {
            runs.push((at, byte));
        }
        match next.peek() {
            Some(&&(bound, _)) if bound <= u32::from(char::MAX) => at = bound,
            _ => return Some(runs),
        }
    }
}

/// Returns the bounds of all ranges of `classes`, sorted: the first code point of each range and
/// the one after its last, with the index of its class. Bounds below `first` are raised to it.
fn range_bounds(classes: &[ClassUnicode], first: u32) -> Vec<(u32, usize)> {
    let mut bounds = Vec::new();
    for (index, class) in classes.iter().enumerate() {
        for range in class.ranges() {
            let start = u32::from(range.start()).max(first);
            let end = u32::from(range.end()) + 1;
            bounds.extend([(start, index), (end.max(start), index)]);
        }
    }
    bounds.sort_unstable();
    bounds
}

/// Returns the part of a range that is in ASCII, if there is one.
fn ascii_part(range: ClassUnicodeRange) -> Option<ClassBytesRange> {
    let start = u8::try_from(range.start()).ok().filter(u8::is_ascii)?;
    let end = u8::try_from(range.end().min('\x7F')).ok()?;
    Some(ClassBytesRange::new(start, end))
}

/// Bytes that represent no class yet.
struct FreeBytes {
    /// Bytes for letters, if these are distinguished.
    letters: Vec<u8>,
    others: Vec<u8>,
    unicode_boundaries: bool,
}

impl FreeBytes {
    /// Returns the bytes above ASCII or, with `unicode_boundaries`, all bytes but the line feed,
    /// which represents itself. In the latter case the bytes of ASCII letters, digits and `_` are
    /// reserved for letters.
    fn new(unicode_boundaries: bool) -> Self {
        let (letters, others) = (0..=u8::MAX)
            .filter(|&byte| {
                if unicode_boundaries {
                    byte != b'\n'
                } else {
                    byte >= 0x80
                }
            })
            .partition(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        Self {
            letters,
            others,
            unicode_boundaries,
        }
    }

    /// Takes a byte for the equivalence class of which `sample` is a member; `None` if no suitable
    /// byte is left.
    fn next(&mut self, sample: char) -> Option<u8> {
        match sample {
            '\n' => Some(b'\n'),
            _ if self.unicode_boundaries && regex_syntax::is_word_character(sample) => {
                self.letters.pop()
            }
            _ => self.others.pop(),
        }
    }
}

/// Collects all character classes of a regex, with one class for each character of its literals
/// that has to be distinguished: all of them if `with_ascii`, else those outside ASCII. Returns
/// `None` for bytes that are not valid Unicode.
fn collect_classes(hir: &Hir, with_ascii: bool, classes: &mut Vec<ClassUnicode>) -> Option<()> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Some(()),
        HirKind::Literal(literal) => {
            let characters = std::str::from_utf8(&literal.0).ok()?.chars();
            classes.extend(
                characters
                    .filter(|c| with_ascii || !c.is_ascii())
                    .map(|c| ClassUnicode::new([ClassUnicodeRange::new(c, c)])),
            );
            Some(())
        }
        HirKind::Class(class) => {
            classes.push(to_unicode(class)?);
            Some(())
        }
        HirKind::Repetition(repetition) => collect_classes(&repetition.sub, with_ascii, classes),
        HirKind::Capture(capture) => collect_classes(&capture.sub, with_ascii, classes),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts
            .iter()
            .try_for_each(|part| collect_classes(part, with_ascii, classes)),
    }
}

/// Converts a class of bytes to one of characters; `None` if it has bytes outside ASCII.
fn to_unicode(class: &Class) -> Option<ClassUnicode> {
    match class {
        Class::Unicode(class) => Some(class.clone()),
        Class::Bytes(class) => class.to_unicode_class(),
    }
}

/// Replaces a Unicode word boundary by the same assertion about ASCII letters, which is the one
/// that holds in translated texts. Other assertions are returned as they are.
fn ascii_look(look: Look) -> Look {
    match look {
        Look::WordUnicode => Look::WordAscii,
        Look::WordUnicodeNegate => Look::WordAsciiNegate,
        Look::WordStartUnicode => Look::WordStartAscii,
        Look::WordEndUnicode => Look::WordEndAscii,
        Look::WordStartHalfUnicode => Look::WordStartHalfAscii,
        Look::WordEndHalfUnicode => Look::WordEndHalfAscii,
        other => other,
    }
}
