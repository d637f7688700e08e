//! The characters of an expression: those that it treats alike become one byte. ASCII stands for itself, so that texts in
//! it need not be written anew. Only where word boundaries beside other letters are told does all have to be written in
//! bytes: letters as ASCII letters, other characters as other bytes, so that the boundaries fall where they should.

use regex_syntax::hir::{Class, ClassBytes, ClassBytesRange, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Look};
use rustc_hash::FxHashMap;

/// Which byte stands for which character.
#[derive(Debug)]
pub(super) struct Alphabet {
    /// First characters of runs that one byte stands for, each with it; the first is the first of all.
    runs: Vec<(u32, u8)>,
    /// For each byte a character for which it stands.
    samples: Vec<(char, u8)>,
    /// Bytes of ASCII characters, where they do not stand for themselves.
    ascii: Option<Box<[u8; 128]>>,
}

impl Alphabet {
    /// The alphabet of an expression, and the expression in it; none if it tells too many characters apart. With `words`
    /// all letters are told from other characters.
    pub(super) fn new(hir: &Hir, words: bool) -> Option<(Self, Hir)> {
        let mut classes = Vec::new();
        collect(hir, words, &mut classes)?;
        if words {
            collect(&regex_syntax::parse(r"\w\n").ok()?, words, &mut classes)?;
        }
        classes.sort_unstable_by(|a, b| a.ranges().cmp(b.ranges()));
        classes.dedup();
        let mut alphabet = Self { runs: Vec::new(), samples: Vec::new(), ascii: None };
        alphabet.tell_apart(&classes, if words { 0 } else { 0x80 }, &mut Bytes::new(words))?;
        if words {
            let mut ascii = [0; 128];
            (0u8..).zip(&mut ascii).for_each(|(character, byte)| *byte = alphabet.byte(char::from(character)));
            alphabet.ascii = Some(Box::new(ascii));
        }
        let hir = alphabet.translate(hir)?;
        Some((alphabet, hir))
    }

    /// Gives a byte to each set of characters from `first` on that the classes treat alike.
    fn tell_apart(&mut self, classes: &[ClassUnicode], first: u32, bytes: &mut Bytes) -> Option<()> {
        let bounds = |(class, range): (usize, &ClassUnicodeRange)| {
            let (start, end) = (u32::from(range.start()).max(first), u32::from(range.end()) + 1);
            [(start, class), (end.max(start), class)]
        };
        let ranges = classes.iter().enumerate().flat_map(|(class, set)| set.ranges().iter().map(move |range| (class, range)));
        let mut events: Vec<(u32, usize)> = ranges.flat_map(bounds).collect();
        events.sort_unstable();
        let mut inside = vec![0u64; classes.len().div_ceil(64)];
        let mut known: FxHashMap<Vec<u64>, u8> = FxHashMap::default();
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
                self.samples.push((sample, byte));
                known.insert(inside.clone(), byte);
                byte
            };
            if self.runs.last().is_none_or(|&(_, last)| last != byte) {
                self.runs.push((at, byte));
            }
            match next.peek() {
                Some(&&(start, _)) if start <= u32::from(char::MAX) => at = start,
                _ => return Some(()),
            }
        }
    }

    /// The byte of a character that does not stand for itself.
    fn byte(&self, character: char) -> u8 {
        let after = self.runs.partition_point(|&(start, _)| start <= u32::from(character));
        self.runs[after - 1].1
    }

    /// A text in this alphabet: itself, or written into `out`.
    pub(super) fn write<'t>(&self, text: &'t str, out: &'t mut Vec<u8>) -> &'t [u8] {
        if self.ascii.is_none() && text.is_ascii() {
            return text.as_bytes();
        }
        out.clear();
        for chunk in text.as_bytes().chunk_by(|a, b| a.is_ascii() == b.is_ascii()) {
            match &self.ascii {
                _ if !chunk[0].is_ascii() => out.extend(std::str::from_utf8(chunk).unwrap_or_default().chars().map(|c| self.byte(c))),
                None => out.extend_from_slice(chunk),
                Some(bytes) => out.extend(chunk.iter().map(|&byte| bytes[usize::from(byte)])),
            }
        }
        out
    }

    fn translate(&self, hir: &Hir) -> Option<Hir> {
        let all = |parts: &[Hir]| parts.iter().map(|part| self.translate(part)).collect::<Option<Vec<_>>>();
        Some(match hir.kind() {
            HirKind::Empty => Hir::empty(),
            HirKind::Literal(literal) => Hir::literal(self.write(std::str::from_utf8(&literal.0).ok()?, &mut Vec::new()).to_vec()),
            HirKind::Class(class) => Hir::class(Class::Bytes(self.class(&unicode(class)?))),
            HirKind::Look(look) => Hir::look(ascii_look(*look)),
            HirKind::Repetition(repetition) => {
                let sub = Box::new(self.translate(&repetition.sub)?);
                Hir::repetition(regex_syntax::hir::Repetition { sub, ..repetition.clone() })
            }
            HirKind::Capture(capture) => self.translate(&capture.sub)?,
            HirKind::Concat(parts) => Hir::concat(all(parts)?),
            HirKind::Alternation(parts) => Hir::alternation(all(parts)?),
        })
    }

    fn class(&self, class: &ClassUnicode) -> ClassBytes {
        let holds = |character: char| class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&character));
        let own = |range: &ClassUnicodeRange| {
            let end = u8::try_from(range.end().min('\x7F')).ok()?;
            let start = u8::try_from(range.start()).ok().filter(|&start| start <= end)?;
            Some(ClassBytesRange::new(start, end))
        };
        let own = class.ranges().iter().filter(|_| self.ascii.is_none()).filter_map(own);
        let told = self.samples.iter().filter(|(sample, _)| holds(*sample)).map(|&(_, byte)| ClassBytesRange::new(byte, byte));
        ClassBytes::new(own.chain(told))
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
        let (words, others) = (0..=u8::MAX).filter(free).partition(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
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
            let told = std::str::from_utf8(&literal.0).ok()?.chars().filter(|c| all || !c.is_ascii());
            classes.extend(told.map(single));
            Some(())
        }
        HirKind::Class(class) => {
            classes.push(unicode(class)?);
            Some(())
        }
        HirKind::Repetition(repetition) => collect(&repetition.sub, all, classes),
        HirKind::Capture(capture) => collect(&capture.sub, all, classes),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().try_for_each(|part| collect(part, all, classes)),
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
