//! Regular expressions whose characters are told apart: those that an expression treats alike become one byte. ASCII stands
//! for itself, so that texts in it need not be written anew. Only where word boundaries beside other letters are told does
//! all have to be written in bytes: letters as ASCII letters, other characters as other bytes, so that the boundaries fall
//! where they should. Finding these sets is most of what making an automaton takes; for built-in patterns the build does it.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{
    Class, ClassBytes, ClassBytesRange, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Look,
    Repetition,
};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// An expression in an alphabet of its own.
#[derive(Debug, Serialize, Deserialize)]
pub struct ClassRegex {
    pub alphabet: Alphabet,
    node: ClassNode,
}

impl ClassRegex {
    /// None for an expression that is invalid, or tells too many characters apart. With `unicode_boundaries` word boundaries beside
    /// letters outside ASCII are told.
    pub fn new(source: &str, ignore_case: bool, unicode_boundaries: bool) -> Option<Self> {
        let hir = ParserBuilder::new()
            .case_insensitive(ignore_case)
            .build()
            .parse(source)
            .ok()?;
        let (alphabet, node) = Alphabet::new(&hir, unicode_boundaries)?;
        Some(Self { alphabet, node })
    }

    /// A name for the source of an expression and how its case is taken.
    pub fn key(source: &str, ignore_case: bool) -> String {
        format!("{} {source}", if ignore_case { "any" } else { "own" })
    }

    /// The expression over bytes of its alphabet.
    pub fn hir(&self) -> Hir {
        self.node.hir()
    }
}

/// A part of an expression, over bytes.
#[derive(Debug, Serialize, Deserialize)]
enum ClassNode {
    Empty,
    Literal(Vec<u8>),
    /// First and last bytes.
    Class(Vec<(u8, u8)>),
    /// An assertion, as regex-syntax counts them.
    Look(u32),
    /// How often at least and at most, and whether rather more.
    Repetition(u32, Option<u32>, bool, Box<ClassNode>),
    Concat(Vec<ClassNode>),
    Alternation(Vec<ClassNode>),
}

impl ClassNode {
    fn hir(&self) -> Hir {
        let all = |parts: &[Self]| parts.iter().map(Self::hir).collect();
        match self {
            Self::Empty => Hir::empty(),
            Self::Literal(bytes) => Hir::literal(bytes.clone()),
            Self::Class(ranges) => {
                let ranges = ranges
                    .iter()
                    .map(|&(start, end)| ClassBytesRange::new(start, end));
                Hir::class(Class::Bytes(ClassBytes::new(ranges)))
            }
            // What is no assertion was never written.
            Self::Look(look) => Look::from_repr(*look).map_or_else(Hir::fail, Hir::look),
            &Self::Repetition(min, max, greedy, ref sub) => Hir::repetition(Repetition {
                min,
                max,
                greedy,
                sub: Box::new(sub.hir()),
            }),
            Self::Concat(parts) => Hir::concat(all(parts)),
            Self::Alternation(parts) => Hir::alternation(all(parts)),
        }
    }
}

/// Which byte stands for which character.
#[derive(Debug, Serialize, Deserialize)]
pub struct Alphabet {
    /// First characters of runs that one byte stands for, each with it; the first is the first of all.
    #[serde(with = "differences")]
    runs: Vec<(u32, u8)>,
    /// Bytes of the 128 ASCII characters, where they do not stand for themselves.
    ascii: Option<Vec<u8>>,
}

impl Alphabet {
    /// The alphabet of an expression, and the expression in it; none if it tells too many characters apart. With `words`
    /// all letters are told from other characters.
    fn new(hir: &Hir, words: bool) -> Option<(Self, ClassNode)> {
        let mut classes = Vec::new();
        collect(hir, words, &mut classes)?;
        if words {
            collect(&regex_syntax::parse(r"\w\n").ok()?, words, &mut classes)?;
        }
        classes.sort_unstable_by(|a, b| a.ranges().cmp(b.ranges()));
        classes.dedup();
        let mut alphabet = Self {
            runs: Vec::new(),
            ascii: None,
        };
        let samples = alphabet.tell_apart(
            &classes,
            if words { 0 } else { 0x80 },
            &mut Bytes::new(words),
        )?;
        if words {
            alphabet.ascii = Some(
                (0..128)
                    .map(|character: u8| alphabet.byte(char::from(character)))
                    .collect(),
            );
        }
        let node = alphabet.translate(hir, &samples)?;
        Some((alphabet, node))
    }

    /// Gives a byte to each set of characters from `first` on that the classes treat alike; for each a character of it.
    fn tell_apart(
        &mut self,
        classes: &[ClassUnicode],
        first: u32,
        bytes: &mut Bytes,
    ) -> Option<Vec<(char, u8)>> {
        let bounds = |(class, range): (usize, &ClassUnicodeRange)| {
            let (start, end) = (
                u32::from(range.start()).max(first),
                u32::from(range.end()) + 1,
            );
            [(start, class), (end.max(start), class)]
        };
        let ranges = classes
            .iter()
            .enumerate()
            .flat_map(|(class, set)| set.ranges().iter().map(move |range| (class, range)));
        let mut events: Vec<(u32, usize)> = ranges.flat_map(bounds).collect();
        events.sort_unstable();
        let mut inside = vec![0u64; classes.len().div_ceil(64)];
        let mut known: FxHashMap<Vec<u64>, u8> = FxHashMap::default();
        let mut samples = Vec::new();
        let (mut at, mut next) = (first, events.iter().peekable());
        loop {
            while let Some(&&(_, class)) = next.peek().filter(|(start, _)| *start <= at) {
                inside[class / 64] ^= 1 << (class % 64);
                next.next();
            }
            let byte = if let Some(&byte) = known.get(&inside) {
                byte
            } else {
                // There is no character between the halves of surrogates.
                let sample = char::from_u32(at).or(char::from_u32(0xE000))?;
                let byte = bytes.next(sample)?;
                samples.push((sample, byte));
                known.insert(inside.clone(), byte);
                byte
            };
            if self.runs.last().is_none_or(|&(_, last)| last != byte) {
                self.runs.push((at, byte));
            }
            match next.peek() {
                Some(&&(start, _)) if start <= u32::from(char::MAX) => at = start,
                _ => return Some(samples),
            }
        }
    }

    /// The byte of a character that does not stand for itself.
    fn byte(&self, character: char) -> u8 {
        let after = self
            .runs
            .partition_point(|&(start, _)| start <= u32::from(character));
        self.runs[after - 1].1
    }

    /// A text in this alphabet: itself, or written into `out`.
    pub fn write<'t>(&self, text: &'t str, out: &'t mut Vec<u8>) -> &'t [u8] {
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
                        .map(|c| self.byte(c)),
                ),
                None => out.extend_from_slice(chunk),
                Some(bytes) => out.extend(chunk.iter().map(|&byte| bytes[usize::from(byte)])),
            }
        }
        out
    }

    fn translate(&self, hir: &Hir, samples: &[(char, u8)]) -> Option<ClassNode> {
        let all = |parts: &[Hir]| {
            parts
                .iter()
                .map(|part| self.translate(part, samples))
                .collect::<Option<Vec<_>>>()
        };
        Some(match hir.kind() {
            HirKind::Empty => ClassNode::Empty,
            HirKind::Literal(literal) => ClassNode::Literal(
                self.write(std::str::from_utf8(&literal.0).ok()?, &mut Vec::new())
                    .to_vec(),
            ),
            HirKind::Class(class) => ClassNode::Class(self.class(&unicode(class)?, samples)),
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
            HirKind::Concat(parts) => ClassNode::Concat(all(parts)?),
            HirKind::Alternation(parts) => ClassNode::Alternation(all(parts)?),
        })
    }

    /// The bytes of a class, as ranges.
    fn class(&self, class: &ClassUnicode, samples: &[(char, u8)]) -> Vec<(u8, u8)> {
        let holds = |character: char| {
            class
                .ranges()
                .iter()
                .any(|range| (range.start()..=range.end()).contains(&character))
        };
        let own = |range: &ClassUnicodeRange| {
            let end = u8::try_from(range.end().min('\x7F')).ok()?;
            let start = u8::try_from(range.start())
                .ok()
                .filter(|&start| start <= end)?;
            Some(ClassBytesRange::new(start, end))
        };
        let own = class
            .ranges()
            .iter()
            .filter(|_| self.ascii.is_none())
            .filter_map(own);
        let told = samples
            .iter()
            .filter(|(sample, _)| holds(*sample))
            .map(|&(_, byte)| ClassBytesRange::new(byte, byte));
        ClassBytes::new(own.chain(told))
            .ranges()
            .iter()
            .map(|range| (range.start(), range.end()))
            .collect()
    }
}

/// Packs runs by their lengths, which take half the bytes.
mod differences {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        runs: &[(u32, u8)],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let starts = std::iter::once(0).chain(runs.iter().map(|run| run.0));
        serializer.collect_seq(
            runs.iter()
                .zip(starts)
                .map(|(run, last)| (run.0 - last, run.1)),
        )
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(
        deserializer: D,
    ) -> Result<Vec<(u32, u8)>, D::Error> {
        let mut runs = Vec::<(u32, u8)>::deserialize(deserializer)?;
        let mut start = 0u32;
        for run in &mut runs {
            start = start.saturating_add(run.0);
            run.0 = start;
        }
        Ok(runs)
    }
}

/// Bytes that are still to be had.
struct Bytes {
    words: Vec<u8>,
    others: Vec<u8>,
    all: bool,
}

impl Bytes {
    /// With `all` letters get the bytes of ASCII letters, and other characters those of others; without it all are above
    /// ASCII.
    fn new(all: bool) -> Self {
        let free = |byte: &u8| if all { *byte != b'\n' } else { *byte >= 0x80 };
        let (words, others) = (0..=u8::MAX)
            .filter(free)
            .partition(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        Self { words, others, all }
    }

    fn next(&mut self, sample: char) -> Option<u8> {
        match sample {
            '\n' => Some(b'\n'),
            _ if self.all && regex_syntax::is_word_character(sample) => self.words.pop(),
            _ => self.others.pop(),
        }
    }
}

/// The classes of an expression, and of its literals the characters that do not stand for themselves.
fn collect(hir: &Hir, all: bool, classes: &mut Vec<ClassUnicode>) -> Option<()> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Some(()),
        HirKind::Literal(literal) => {
            let told = std::str::from_utf8(&literal.0)
                .ok()?
                .chars()
                .filter(|c| all || !c.is_ascii());
            classes.extend(told.map(single));
            Some(())
        }
        HirKind::Class(class) => {
            classes.push(unicode(class)?);
            Some(())
        }
        HirKind::Repetition(repetition) => collect(&repetition.sub, all, classes),
        HirKind::Capture(capture) => collect(&capture.sub, all, classes),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts
            .iter()
            .try_for_each(|part| collect(part, all, classes)),
    }
}

fn unicode(class: &Class) -> Option<ClassUnicode> {
    match class {
        Class::Unicode(class) => Some(class.clone()),
        Class::Bytes(class) => class.to_unicode_class(),
    }
}

fn single(character: char) -> ClassUnicode {
    ClassUnicode::new([ClassUnicodeRange::new(character, character)])
}

/// The same assertion about ASCII letters.
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
