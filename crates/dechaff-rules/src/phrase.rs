//! The phrase language: what a phrase is, and what to search for to find it. Matching a phrase at a position of a text is
//! the job of the search engine, which runs the [`Op`]s of a [`Phrase`].
//!
//! A phrase is a sequence of words. `(a|b)` matches one of several alternatives, `[a|b]` one of them or nothing. `{..5}`,
//! `{1..4}` and `{2}` are gaps: that many words of any kind, or that many letters if the gap is glued to the text beside
//! it. `{#}` is a number. For example, the phrase
//!
//! ```text
//! (sign up|subscribe) to our {..2} newsletter[s]
//! ```
//!
//! is compiled to this program, in which a branch tries its targets in order:
//!
//! ```text
//! 0 Branch [1, 3]      3 Text "subscribe"     6 Gap 0..2
//! 1 Text "sign up"     4 Jump 5               7 Text "newsletter"
//! 2 Jump 5             5 Text " to our "      8 Branch [9, 11] …
//! ```
//!
//! Matching backtracks, but the number of gaps and branches is bounded when the phrase is parsed. The cost of one attempt
//! therefore does not depend on the text.

mod literals;
mod parse;
mod program;

pub use literals::{Literal, LiteralContext, MAX_LITERAL_LEN, MAX_PREFIX_LEN};
pub use program::Op;

use crate::chars::{is_spaceless, is_word};
use parse::Node;
use program::{compile, first_bytes};

/// Length of the longest match of any phrase, in bytes of normalized text. The search engine keeps this much text around
/// the window that it searches.
pub const MAX_MATCH_LEN: usize = 1 << 15;

/// Length of the longest word of a gap, number, or letter with its marks that a phrase can match, in bytes of normalized
/// text. The bound keeps an attempt cheap in text without spaces.
pub const MAX_WORD_LEN: usize = 256;

/// A parsed phrase, ready to be matched.
#[derive(Clone, Debug)]
pub struct Phrase {
    ops: Vec<Op>,
    line: bool,
    /// For op 0 and each branch: the bytes that the rest of a match can start with; `None` if any byte can.
    firsts: Vec<Option<Box<[bool; 256]>>>,
}

impl Phrase {
    /// Parses `source`. With `line`, a match must fill its whole line, apart from punctuation at the ends.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the phrase: a syntax error, a match that could be empty or longer than
    /// [`MAX_MATCH_LEN`], or a gap where none is allowed.
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
            return Err("the phrase can match too long a text; split it".to_owned());
        }
        if !line && can_be_empty(&ops, 0) {
            return Err(
                "the phrase can match nothing at all; make a part of it obligatory".to_owned(),
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

    /// Parses `source` and derives what to search for: the prefixes of the lines that the phrase can match, if it must
    /// match whole lines and they are few, and literals, one of which every match contains. Either list may be empty, but
    /// a phrase inside a line always has literals.
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

    /// Returns whether the rest of a match, from `op` on, can start with the byte at offset `at`. Answers `true` for ops
    /// whose first bytes were not computed; most attempts to match end here, before a word is compared.
    #[must_use]
    pub fn can_start(&self, op: usize, text: &[u8], at: usize) -> bool {
        let first = self.firsts.get(op).and_then(Option::as_ref);
        first.is_none_or(|first| text.get(at).is_some_and(|&byte| first[usize::from(byte)]))
    }

    /// Returns the fewest words, and the fewest letters of scripts without spaces, that a match of `source` can have.
    /// Both are zero if `source` is not a valid phrase.
    #[must_use]
    pub fn min_words(source: &str) -> (usize, usize) {
        let shortest = Self::shortest_match(source);
        let words = shortest.split(' ').filter(|word| word.chars().any(is_word));
        (
            words.count(),
            shortest.chars().filter(|&c| is_spaceless(c)).count(),
        )
    }

    /// Returns the shortest text that the phrase `source` matches, normalized; empty if `source` is not a valid phrase.
    #[must_use]
    pub fn shortest_match(source: &str) -> String {
        parse::parse(source).map_or_else(
            |_| String::new(),
            |nodes| String::from_utf8_lossy(&parse::shortest(&nodes)).into_owned(),
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
