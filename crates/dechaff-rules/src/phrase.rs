//! The phrase language: what a phrase is, and what to search for to find it. Matching a phrase at a
//! position of a text is the job of the search engine, which runs the [`Op`]s of a [`Phrase`].
//!
//! A phrase is a sequence of words, which are compared in [normalized](crate::chars) form. `(a|b)`
//! matches one of several alternatives, `[a|b]` one of them or nothing. `{..5}`, `{1..4}` and `{2}`
//! are gaps: that many words of any kind, or that many letters if the gap is glued to the text
//! beside it. `{#}` is a number.
//!
//! [`Phrase::parse`] compiles a phrase to a small program. A branch tries its targets in order; a
//! space belongs to the part with which it comes and goes:
//!
//! ```
//! use dechaff_rules::phrase::{Op, Phrase};
//!
//! let phrase = Phrase::parse("(the|our) {..2} newsletter [now]", true)?;
//! let text = |text: &str| Op::Text(text.into());
//! assert_eq!(
//!     phrase.ops(),
//!     [
//!         Op::Branch(vec![1, 3]), // 0
//!         text("the"),            // 1
//!         Op::Jump(5),            // 2
//!         text("our"),            // 3
//!         Op::Jump(5),            // 4
//!         text(" "),              // 5
//!         Op::Gap(0, 2),          // 6: each word with the space after it
//!         text("newsletter"),     // 7
//!         Op::Branch(vec![9, 12]),
//!         text(" "),              // 9: only if `now` follows
//!         text("now"),            // 10
//!         Op::Jump(13),           // 11: the end, that is a match
//!         Op::Jump(13),           // 12
//!     ]
//! );
//! # Ok::<(), String>(())
//! ```
//!
//! Matching backtracks, but the number of gaps and branches is bounded when the phrase is parsed.
//! The cost of one attempt therefore does not depend on the text.
//!
//! A text is not tried at every position. [`Phrase::search_terms`] finds what every match contains,
//! here the literal `newsletter`, and what a match can contain before it:
//!
//! ```
//! use dechaff_rules::phrase::Phrase;
//!
//! let (_, literals) = Phrase::search_terms("(the|our) {..2} newsletter [now]", true)?;
//! let texts: Vec<&[u8]> = literals.iter().map(|literal| &literal.text[..]).collect();
//! assert_eq!(texts, [&b"newsletter"[..], b"newsletter now"]);
//! assert_eq!(literals[0].context.words, 3, "one word, and two of the gap");
//! assert_eq!(literals[0].context.breaks, 2, "a line end on either side of the gap");
//! assert_eq!(literals[0].context.bytes, None, "the gap can have any length");
//! # Ok::<(), String>(())
//! ```

mod literals;
mod parse;
mod program;

pub use literals::{Literal, LiteralContext, MAX_LITERAL_LEN, MAX_PREFIX_LEN};
pub use program::Op;

use crate::chars::{is_spaceless, is_word};
use parse::Node;
use program::{compile, first_bytes};

/// Length of the longest match of any phrase, in bytes of normalized text. The search engine keeps
/// this much text around the window that it searches.
pub const MAX_MATCH_LEN: usize = 1 << 15;

/// Length of the longest word of a gap, number, or letter with its marks that a phrase can match,
/// in bytes of normalized text. The bound keeps an attempt cheap in text without spaces.
pub const MAX_WORD_LEN: usize = 256;

/// A parsed phrase, ready to be matched.
#[derive(Clone, Debug)]
pub struct Phrase {
    ops: Vec<Op>,
    line: bool,
    /// For op 0 and each branch: the bytes that the rest of a match can start with; `None` if any
    /// byte can.
    firsts: Vec<Option<Box<[bool; 256]>>>,
}

impl Phrase {
    /// Parses `source`. With `line`, a match must fill its whole line, apart from punctuation at
    /// the ends.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the phrase: a syntax error, a match that could be
    /// empty or longer than [`MAX_MATCH_LEN`], or a gap where none is allowed.
    pub fn parse(source: &str, line: bool) -> Result<Self, String> {
        let nodes = parse::parse(source)?;
        if !line && matches!(nodes.first(), Some(Node::Letters(..))) {
            return Err(
                "a gap of letters cannot begin a phrase inside a line; use line = true".to_owned(),
            );
        }
        let mut ops = Vec::new();
        compile(&nodes, &mut ops, true);
        if max_len(&ops) > MAX_MATCH_LEN {
            return Err(
                "a match of the phrase could be too long; split it, or reduce its gaps".to_owned(),
            );
        }
        if !line && can_be_empty(&ops, 0) {
            return Err(
                "the phrase can match the empty text; make a part of it mandatory".to_owned(),
            );
        }
        let firsts = (0..ops.len())
            .map(|op| {
                let mut first = Box::new([false; 256]);
                let is_tested = op == 0 || matches!(ops[op], Op::Branch(_));
                (is_tested && first_bytes(&ops, op, &mut first)).then_some(first)
            })
            .collect();
        Ok(Self { ops, line, firsts })
    }

    /// Parses `source` and derives what to search for: the prefixes of the lines that the phrase
    /// can match, if it must match whole lines and they are few, and literals, one of which every
    /// match contains. Either list may be empty, but a phrase inside a line always has literals.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and if a phrase inside a line has no literal.
    pub fn search_terms(source: &str, line: bool) -> Result<(Vec<Vec<u8>>, Vec<Literal>), String> {
        Self::parse(source, line)?;
        let nodes = parse::parse(source)?;
        let mut ops = Vec::new();
        let starts = compile(&nodes, &mut ops, true);
        let prefixes = if line {
            literals::prefixes(&ops)
        } else {
            Vec::new()
        };
        let literals = literals::literals(&nodes, &ops, &starts, line);
        if !line && literals.is_empty() {
            return Err(
                "the phrase has no word that every match contains; use line = true or say more"
                    .to_owned(),
            );
        }
        Ok((prefixes, literals))
    }

    /// Returns the program of the phrase. Execution starts at op 0; a match ends after the last op.
    #[must_use]
    pub fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// Returns whether a match must fill its whole line.
    #[must_use]
    pub fn is_line(&self) -> bool {
        self.line
    }

    /// Returns whether the rest of a match, from `op` on, can start with the byte at offset `at`.
    /// Answers `true` for ops whose first bytes were not computed; most attempts to match end here,
    /// before a word is compared.
    #[must_use]
    pub fn can_start(&self, op: usize, text: &[u8], at: usize) -> bool {
        let first = self.firsts.get(op).and_then(Option::as_ref);
        first.is_none_or(|first| text.get(at).is_some_and(|&byte| first[usize::from(byte)]))
    }

    /// Returns the fewest words, and the fewest letters of scripts without spaces, that a match of
    /// `source` can have. Both are zero if `source` is not a valid phrase.
    #[must_use]
    pub fn min_words(source: &str) -> (usize, usize) {
        let shortest = Self::shortest_match(source);
        let words = shortest.split(' ').filter(|word| word.chars().any(is_word));
        (
            words.count(),
            shortest.chars().filter(|&c| is_spaceless(c)).count(),
        )
    }

    /// Returns the shortest text that the phrase `source` matches, normalized; empty if `source` is
    /// not a valid phrase.
    #[must_use]
    pub fn shortest_match(source: &str) -> String {
        parse::parse(source).map_or_else(
            |_| String::new(),
            |nodes| String::from_utf8_lossy(&parse::shortest_match(&nodes)).into_owned(),
        )
    }
}

/// Returns an upper bound for the length of a match, in bytes of normalized text.
fn max_len(ops: &[Op]) -> usize {
    ops.iter()
        .map(|op| match op {
            Op::Text(text) => text.len(),
            Op::Number => MAX_WORD_LEN,
            Op::Gap(_, max) | Op::Letters(_, max) | Op::Rest(_, max) => {
                (max + 1) * (MAX_WORD_LEN + 1)
            }
            Op::Branch(_) | Op::Jump(_) => 0,
        })
        .sum()
}

/// Returns whether the ops from `op` on can match the empty text.
fn can_be_empty(ops: &[Op], op: usize) -> bool {
    match ops.get(op) {
        None => true,
        Some(Op::Text(_) | Op::Number) => false,
        Some(&Op::Gap(min, _) | &Op::Letters(min, _) | &Op::Rest(min, _)) => {
            min == 0 && can_be_empty(ops, op + 1)
        }
        Some(&Op::Jump(to)) => can_be_empty(ops, to),
        Some(Op::Branch(targets)) => targets.iter().any(|&target| can_be_empty(ops, target)),
    }
}
