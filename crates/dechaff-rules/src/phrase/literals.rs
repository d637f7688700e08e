//! What to look for in a text to find a phrase: literals, one of which every match holds, and prefixes, with one of which
//! every match begins.

use super::parse::Node;
use super::program::Op;
use crate::chars::{first_char, is_spaceless, is_word, word_after, word_before};
use crate::ngrams::{cost, rarest};
use serde::{Deserialize, Serialize};

/// How many different lengths the text before a literal may have before any word start will do.
const MOST_LENGTHS: usize = 48;

/// Longer literals find nothing sooner.
pub const MAX_LITERAL_LEN: usize = 32;

/// A phrase is looked for under at most so many texts.
const MOST_TEXTS: usize = 96;

/// How much of these texts is looked at: as much as leaves few of them.
const LIMITS: [usize; 4] = [48, 20, 10, 6];

/// An opening is at most this long.
pub const MAX_PREFIX_LEN: usize = 8;

/// A piece of folded text that a match holds, and what may stand in the match before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Literal {
    pub text: Vec<u8>,
    pub context: LiteralContext,
    /// Whether a word starts with it, and whether one ends with it.
    pub opens: bool,
    pub closes: bool,
}

impl Literal {
    /// Whether the literal, found at an offset of folded text, keeps to its words.
    pub fn is_at_word_edges(&self, folded: &[u8], at: usize) -> bool {
        let end = at + self.text.len();
        let goes_on =
            || word_after(folded, end) && !first_char(&folded[end..]).is_some_and(is_spaceless);
        !(self.opens && word_before(folded, at) || self.closes && goes_on())
    }
}

/// What a part of a phrase may take of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiteralContext {
    /// The possible numbers of folded bytes; none where any number will do.
    pub bytes: Option<Vec<usize>>,
    /// The most words.
    pub words: usize,
    /// How many of its spaces may be line ends. What a gap takes is not counted: it keeps to its line.
    pub breaks: usize,
    /// If it begins with a gap, what may stand between that gap and the literal, in folded bytes; none where another gap
    /// stands there.
    pub behind_gap: Option<Vec<usize>>,
    /// Whether it may begin inside a run of letters, where no start of a word leads to it.
    glued: bool,
}

impl LiteralContext {
    fn of(bytes: Option<Vec<usize>>, words: usize, breaks: usize) -> Self {
        Self {
            bytes,
            words,
            breaks,
            behind_gap: None,
            glued: false,
        }
    }

    /// Of a part that takes nothing.
    pub fn nothing() -> Self {
        Self::of(Some(vec![0]), 0, 0)
    }

    /// Adds what a further part may take.
    fn then(&mut self, next: &Self) {
        self.words += next.words;
        self.breaks += next.breaks;
        self.glued |= next.glued;
        for own in [&mut self.bytes, &mut self.behind_gap] {
            *own = own.take().zip(next.bytes.as_ref()).map(|(own, next)| {
                let mut sums: Vec<usize> = own
                    .iter()
                    .flat_map(|own| next.iter().map(move |next| own + next))
                    .collect();
                sums.sort_unstable();
                sums.dedup();
                sums
            });
            own.take_if(|lengths| lengths.len() > MOST_LENGTHS);
        }
    }

    /// Of a part that takes what this one or another takes.
    fn or(&mut self, other: Self) {
        self.words = self.words.max(other.words);
        self.breaks = self.breaks.max(other.breaks);
        self.glued |= other.glued;
        self.bytes = self.bytes.take().zip(other.bytes).map(|(mut own, other)| {
            own.extend(other);
            own.sort_unstable();
            own.dedup();
            own
        });
    }

    /// What a node may take. A space that an optional part takes along is counted as if it could be there or not.
    fn of_node(node: &Node) -> Self {
        match node {
            Node::Text(text) => Self::of(Some(vec![text.len()]), 1, 0),
            Node::Space => Self::of(Some(vec![0, 1]), 0, 1),
            Node::Gap(_, max) => Self::of(None, *max, 0),
            Node::Letters(..) => Self {
                glued: true,
                ..Self::of(None, 0, 0)
            },
            Node::Number => Self::of(None, 1, 0),
            Node::Choice(branches) => {
                let mut all = branches.iter().map(|branch| Self::of_nodes(branch));
                let first = all.next().unwrap_or_else(Self::nothing);
                all.fold(first, |mut context, next| {
                    context.or(next);
                    context
                })
            }
        }
    }

    fn of_nodes(nodes: &[Node]) -> Self {
        nodes.iter().fold(Self::nothing(), |mut context, node| {
            context.then(&Self::of_node(node));
            context
        })
    }
}

/// The set of literals that serves best to find a phrase: every match holds one of them. Empty where there is none.
/// `starts` says where the ops of each node begin.
pub fn literals(nodes: &[Node], ops: &[Op], starts: &[Option<usize>], line: bool) -> Vec<Literal> {
    let mut before = LiteralContext::nothing();
    let mut best: Option<(u64, Vec<Literal>)> = None;
    for (index, node) in nodes.iter().enumerate() {
        // The start of a span could not be told behind letters of any number.
        if before.glued && !line {
            break;
        }
        let opens = index == 0 || nodes[index - 1] == Node::Space;
        let texts = starts[index].and_then(|op| {
            LIMITS
                .iter()
                .find_map(|&limit| spelled(ops, op, limit, false))
        });
        if let Some(texts) = texts {
            let set: Vec<Literal> = texts
                .iter()
                .map(|(text, whole)| literal_around(text, *whole, &before, opens))
                .collect();
            // Behind a gap each hit has as many places to try as the gap has words.
            let cost = cost(set.iter().map(|literal| literal.text.as_slice()))
                * (4 + before.words as u64)
                / 4;
            if best.as_ref().is_none_or(|(least, _)| cost < *least) {
                best = Some((cost, set));
            }
        }
        before.then(&LiteralContext::of_node(node));
        if index == 0 && matches!(node, Node::Gap(..)) {
            before.behind_gap = Some(vec![0]);
        }
    }
    best.map(|(_, set)| set).unwrap_or_default()
}

/// The texts with which all matches begin, at most [`MAX_PREFIX_LEN`] bytes of each, if they are few; empty where there
/// is no such set.
pub fn prefixes(ops: &[Op]) -> Vec<Vec<u8>> {
    spelled(ops, 0, MAX_PREFIX_LEN, true)
        .unwrap_or_default()
        .into_iter()
        .map(|(text, _)| text)
        .collect()
}

/// The texts that ops from one on can match, up to a gap or at most so many bytes of each, and whether the phrase or its
/// last words but those of a gap end with the text. None if they are many, or if
/// there may be nothing before a gap. With `digits` a number at the beginning is one of ten digits, or else a gap.
fn spelled(ops: &[Op], op: usize, limit: usize, digits: bool) -> Option<Vec<(Vec<u8>, bool)>> {
    let mut texts = Vec::new();
    spell(ops, op, Vec::new(), limit, digits, &mut texts)?;
    texts.sort_unstable();
    texts.dedup();
    Some(texts)
}

fn spell(
    ops: &[Op],
    mut op: usize,
    mut text: Vec<u8>,
    limit: usize,
    digits: bool,
    texts: &mut Vec<(Vec<u8>, bool)>,
) -> Option<()> {
    loop {
        match ops.get(op) {
            Some(Op::Text(own)) if text.len() < limit => {
                text.extend(own);
                text.truncate(limit);
                op += 1;
            }
            Some(Op::Jump(to)) => op = *to,
            Some(Op::Branch(targets)) if text.len() < limit => {
                return targets.iter().try_for_each(|&target| {
                    spell(ops, target, text.clone(), limit, digits, texts)
                });
            }
            Some(Op::Number) if text.is_empty() && digits => {
                texts.extend((b'0'..=b'9').map(|digit| (vec![digit], false)));
                return Some(());
            }
            last => {
                let whole = text.len() < limit && matches!(last, None | Some(Op::Rest(..)));
                texts.push((text, whole));
                return (texts.len() <= MOST_TEXTS
                    && texts.iter().all(|(text, _)| !text.is_empty()))
                .then_some(());
            }
        }
    }
}

/// The part of a text around its rarest run as a literal.
fn literal_around(text: &[u8], whole: bool, before: &LiteralContext, opens: bool) -> Literal {
    let at = rarest(text).0;
    let start = if text.len() > MAX_LITERAL_LEN {
        at.saturating_sub(MAX_LITERAL_LEN / 2)
    } else {
        0
    };
    let end = text.len().min(start + MAX_LITERAL_LEN);
    let part = text[start..end].to_vec();
    let mut context = before.clone();
    let spaces = memchr::memchr_iter(b' ', &text[..start]).count();
    context.then(&LiteralContext::of(Some(vec![start]), spaces, spaces));
    let opens = if start == 0 {
        opens
    } else {
        text[start - 1] == b' '
    };
    let opens =
        opens && first_char(&part).is_some_and(|first| is_word(first) && !is_spaceless(first));
    let closes = whole && end == text.len() && word_before(text, end);
    Literal {
        text: part,
        context,
        opens,
        closes,
    }
}
