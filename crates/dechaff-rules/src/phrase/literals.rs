//! Derives what to search a text for to find a phrase: literals, one of which every match contains,
//! and prefixes, one of which every match starts with.

use super::parse::Node;
use super::program::Op;
use crate::chars::{first_char, is_spaceless, is_word, word_after, word_before};
use crate::ngrams::{MIN_CHEAP_LEN, cost, rarest};
use serde::{Deserialize, Serialize};

/// Most different lengths that are remembered of the text before a literal. With more, a match may
/// start at any word.
const MAX_LENGTHS: usize = 48;

/// Length of the longest literal, in bytes of normalized text. Longer ones would hardly be rarer.
pub const MAX_LITERAL_LEN: usize = 32;

/// Most literals or prefixes of one phrase.
const MAX_LITERALS: usize = 96;

/// Lengths, in bytes, to which literals are cut. The first one that leaves at most [`MAX_LITERALS`]
/// is used.
const LITERAL_LIMITS: [usize; 4] = [48, 20, 10, 6];

/// Length of the longest prefix, in bytes of normalized text, so that a prefix fits into a `u64`.
pub const MAX_PREFIX_LEN: usize = 8;

/// A piece of normalized text that a match contains, and what the match may contain before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Literal {
    /// The piece, at most [`MAX_LITERAL_LEN`] bytes. A space matches a line end as well.
    pub text: Vec<u8>,
    /// What the match may contain before the literal.
    pub context: LiteralContext,
    /// Whether a word starts with the literal.
    pub starts_word: bool,
    /// Whether a word ends with the literal.
    pub ends_word: bool,
}

impl Literal {
    /// Returns whether the occurrence of the literal at offset `at` of a normalized text respects
    /// word boundaries: no letter or digit precedes a literal that starts a word, or follows one
    /// that ends a word. Boundaries do not matter beside scripts without spaces.
    #[must_use]
    pub fn is_at_word_edges(&self, text: &[u8], at: usize) -> bool {
        let end = at + self.text.len();
        if self.starts_word && word_before(text, at) {
            return false;
        }
        !self.ends_word
            || !word_after(text, end)
            || first_char(&text[end..]).is_some_and(is_spaceless)
    }
}

/// What a match may contain before a literal, so that the start of a match can be found from the
/// literal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiteralContext {
    /// The possible lengths of the text between the start of the match and the literal, in bytes of
    /// normalized text; `None` if any length is possible.
    pub bytes: Option<Vec<usize>>,
    /// Most words of that text.
    pub words: usize,
    /// Most spaces of that text that may be line ends. Spaces inside a gap do not count, because a
    /// gap does not extend over a line end.
    pub breaks: usize,
    /// If the phrase starts with a gap: the possible lengths of the text between that gap and the
    /// literal, in bytes of normalized text. `None` for other phrases, and if any length is
    /// possible.
    pub behind_gap: Option<Vec<usize>>,
    /// Whether the text may start inside a run of letters, where no start of a word leads to it.
    glued: bool,
}

impl LiteralContext {
    fn new(bytes: Option<Vec<usize>>, words: usize, breaks: usize) -> Self {
        Self {
            bytes,
            words,
            breaks,
            behind_gap: None,
            glued: false,
        }
    }

    /// Returns the context of a literal with which every match starts: no text precedes it. Also
    /// use it to match a phrase at a known start.
    #[must_use]
    pub fn nothing() -> Self {
        Self::new(Some(vec![0]), 0, 0)
    }

    /// Appends the text that a further part of the phrase may match. Lengths add up in all
    /// combinations; beyond [`MAX_LENGTHS`] of them any length counts as possible.
    fn append(&mut self, next: &Self) {
        self.words += next.words;
        self.breaks += next.breaks;
        self.glued |= next.glued;
        for lengths in [&mut self.bytes, &mut self.behind_gap] {
            *lengths = lengths
                .take()
                .zip(next.bytes.as_ref())
                .map(|(lengths, next)| all_sums(&lengths, next));
            lengths.take_if(|lengths| lengths.len() > MAX_LENGTHS);
        }
    }

    /// Extends the context of a part of the phrase by that of an alternative to it. Does not touch
    /// `behind_gap`, which is set for whole phrases only.
    fn add_alternative(&mut self, other: Self) {
        self.words = self.words.max(other.words);
        self.breaks = self.breaks.max(other.breaks);
        self.glued |= other.glued;
        self.bytes = self
            .bytes
            .take()
            .zip(other.bytes)
            .map(|(mut lengths, other)| {
                lengths.extend(other);
                lengths.sort_unstable();
                lengths.dedup();
                lengths
            });
    }

    /// Returns what a node may match. Whether a space is there can depend on an optional part
    /// beside it, so its length is always 0 or 1.
    fn of_node(node: &Node) -> Self {
        match node {
            Node::Text(text) => Self::new(Some(vec![text.len()]), 1, 0),
            Node::Space => Self::new(Some(vec![0, 1]), 0, 1),
            Node::Gap(_, max) => Self::new(None, *max, 0),
            Node::Letters(..) => Self {
                glued: true,
                ..Self::new(None, 0, 0)
            },
            Node::Number => Self::new(None, 1, 0),
            Node::Choice(branches) => {
                let mut contexts = branches.iter().map(|branch| Self::of_nodes(branch));
                let first = contexts.next().unwrap_or_else(Self::nothing);
                contexts.fold(first, |mut context, next| {
                    context.add_alternative(next);
                    context
                })
            }
        }
    }

    fn of_nodes(nodes: &[Node]) -> Self {
        nodes.iter().fold(Self::nothing(), |mut context, node| {
            context.append(&Self::of_node(node));
            context
        })
    }
}

/// Returns all sums of a number of `a` and a number of `b`, sorted, each once.
fn all_sums(a: &[usize], b: &[usize]) -> Vec<usize> {
    let mut sums: Vec<usize> = a
        .iter()
        .flat_map(|x| b.iter().map(move |y| x + y))
        .collect();
    sums.sort_unstable();
    sums.dedup();
    sums
}

/// Returns the cheapest set of literals such that every match of a phrase contains one of them. The
/// set is empty if there is none, as for a phrase of gaps, numbers and optional parts. Behind a gap
/// of letters, literals are used only if the phrase fills a `line`.
///
/// `starts` holds, for each node, the op at which it begins, as
/// [`compile`](super::program::compile) returns it.
pub(super) fn literals(
    nodes: &[Node],
    ops: &[Op],
    starts: &[Option<usize>],
    line: bool,
) -> Vec<Literal> {
    let mut before = LiteralContext::nothing();
    let mut best: Option<(u64, Vec<Literal>)> = None;
    for (index, node) in nodes.iter().enumerate() {
        // From a literal behind any number of letters the start of a match could not be found.
        if before.glued && !line {
            break;
        }
        let starts_word = index == 0 || nodes[index - 1] == Node::Space;
        let texts = starts[index].and_then(|op| {
            LITERAL_LIMITS
                .iter()
                .find_map(|&limit| expand(ops, op, limit, false))
        });
        if let Some(texts) = texts {
            let set: Vec<Literal> = texts
                .iter()
                .map(|(text, ends_word)| rarest_literal(text, *ends_word, &before, starts_word))
                .collect();
            // Each word of a gap before the literal is one more position to try for each hit.
            let cost = cost(set.iter().map(|literal| literal.text.as_slice()))
                * (4 + before.words as u64)
                / 4;
            if best.as_ref().is_none_or(|(min, _)| cost < *min) {
                best = Some((cost, set));
            }
        }
        before.append(&LiteralContext::of_node(node));
        if index == 0 && matches!(node, Node::Gap(..)) {
            before.behind_gap = Some(vec![0]);
        }
    }
    best.map(|(_, set)| set).unwrap_or_default()
}

/// Returns the texts with which all matches start, cut to [`MAX_PREFIX_LEN`] bytes. The result is
/// empty if there are more than [`MAX_LITERALS`], or if a match can start with a gap. A number at
/// the start counts as ten prefixes, one for each digit.
pub(super) fn prefixes(ops: &[Op]) -> Vec<Vec<u8>> {
    expand(ops, 0, MAX_PREFIX_LEN, true)
        .unwrap_or_default()
        .into_iter()
        .map(|(text, _)| text)
        .collect()
}

/// Expands the ops from `op` on to the texts that they can match, up to a gap or number, and cut to
/// `limit` bytes, or behind a space shortly before that. Returns each text with whether a word must
/// end behind it: it is not cut, and the phrase ends there or continues with whole words. Returns
/// `None` for more than [`MAX_LITERALS`] texts, or if one of them is empty. With `digits`, a number
/// at the start expands to its first digit.
fn expand(ops: &[Op], op: usize, limit: usize, digits: bool) -> Option<Vec<(Vec<u8>, bool)>> {
    let mut texts = Vec::new();
    expand_into(ops, op, Vec::new(), limit, digits, &mut texts)?;
    if !digits {
        texts
            .iter_mut()
            .filter(|(text, _)| text.len() == limit)
            .for_each(|(text, _)| end_at_space(text));
    }
    texts.sort_unstable();
    texts.dedup();
    Some(texts)
}

/// Cuts the word off that a text ends with, if it is not longer than a few letters: one literal
/// then stands for all continuations, such as `save ` for `save a` and `save t`. The prefilter
/// needs [`MIN_CHEAP_LEN`] bytes.
fn end_at_space(text: &mut Vec<u8>) {
    const MAX_LETTERS: usize = 2;
    let space = memchr::memrchr(b' ', text);
    if let Some(space) =
        space.filter(|space| space + 1 >= MIN_CHEAP_LEN && text.len() - space - 1 <= MAX_LETTERS)
    {
        text.truncate(space + 1);
    }
}

/// Appends to `texts` what [`expand`] returns, with `text` before each; the recursion follows the
/// branches. Returns `None` as soon as there are too many texts or an empty one.
fn expand_into(
    ops: &[Op],
    mut op: usize,
    mut text: Vec<u8>,
    limit: usize,
    digits: bool,
    texts: &mut Vec<(Vec<u8>, bool)>,
) -> Option<()> {
    loop {
        match ops.get(op) {
            Some(Op::Text(next)) if text.len() < limit => {
                text.extend(next);
                text.truncate(limit);
                op += 1;
            }
            Some(Op::Jump(to)) => op = *to,
            Some(Op::Branch(targets)) if text.len() < limit => {
                return targets.iter().try_for_each(|&target| {
                    expand_into(ops, target, text.clone(), limit, digits, texts)
                });
            }
            Some(Op::Number) if text.is_empty() && digits => {
                texts.extend((b'0'..=b'9').map(|digit| (vec![digit], false)));
                return Some(());
            }
            last => {
                let ends_word = text.len() < limit && matches!(last, None | Some(Op::Rest(..)));
                texts.push((text, ends_word));
                return (texts.len() <= MAX_LITERALS
                    && texts.iter().all(|(text, _)| !text.is_empty()))
                .then_some(());
            }
        }
    }
}

/// Makes a literal of at most [`MAX_LITERAL_LEN`] bytes from the part of `text` around its rarest
/// sequence of bytes. `before` is what a match may contain before `text`; `starts_word` and
/// `ends_word` say whether word boundaries are required at the ends of `text`.
fn rarest_literal(
    text: &[u8],
    ends_word: bool,
    before: &LiteralContext,
    starts_word: bool,
) -> Literal {
    let rarest = rarest(text).0;
    let start = if text.len() > MAX_LITERAL_LEN {
        rarest.saturating_sub(MAX_LITERAL_LEN / 2)
    } else {
        0
    };
    let end = text.len().min(start + MAX_LITERAL_LEN);
    let part = text[start..end].to_vec();
    let mut context = before.clone();
    let spaces = memchr::memchr_iter(b' ', &text[..start]).count();
    context.append(&LiteralContext::new(Some(vec![start]), spaces, spaces));
    let starts_word = if start == 0 {
        starts_word
    } else {
        text[start - 1] == b' '
    };
    let starts_word = starts_word
        && first_char(&part).is_some_and(|first| is_word(first) && !is_spaceless(first));
    let ends_word = ends_word && end == text.len() && word_before(text, end);
    Literal {
        text: part,
        context,
        starts_word,
        ends_word,
    }
}
