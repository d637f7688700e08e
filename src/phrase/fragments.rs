//! What to look for in a text to find a phrase: fragments, one of which every match holds.

use super::parse::Node;
use crate::fold::is_word;
use serde::{Deserialize, Serialize};

/// How many different lengths the text before a fragment may have before any word start will do.
const MOST_LENGTHS: usize = 48;

/// A piece of folded text that a match holds, and what may stand in the match before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fragment {
    pub text: Vec<u8>,
    pub lead: Lead,
}

/// What a part of a phrase may take of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lead {
    /// The possible numbers of folded bytes; none where any number will do.
    pub bytes: Option<Vec<usize>>,
    /// The most words.
    pub words: usize,
    /// How many of its spaces may be line ends. What a gap takes is not counted: it keeps to its line.
    pub breaks: usize,
    /// Whether it may begin inside a run of letters, where no start of a word leads to it.
    glued: bool,
}

impl Lead {
    fn of(bytes: Option<Vec<usize>>, words: usize, breaks: usize) -> Self {
        Self { bytes, words, breaks, glued: false }
    }

    /// Of a part that takes nothing.
    pub(crate) fn nothing() -> Self {
        Self::of(Some(vec![0]), 0, 0)
    }

    /// Adds what a further part may take.
    fn then(&mut self, next: &Self) {
        self.words += next.words;
        self.breaks += next.breaks;
        self.glued |= next.glued;
        self.bytes = self.bytes.take().zip(next.bytes.as_ref()).map(|(own, next)| {
            let mut sums: Vec<usize> = own.iter().flat_map(|own| next.iter().map(move |next| own + next)).collect();
            sums.sort_unstable();
            sums.dedup();
            sums
        });
        self.bytes.take_if(|bytes| bytes.len() > MOST_LENGTHS);
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
            Node::Letters(..) => Self { glued: true, ..Self::of(None, 0, 0) },
            Node::Number => Self::of(None, 1, 0),
            Node::Choice(branches) => {
                let mut all = branches.iter().map(|branch| Self::of_nodes(branch));
                let first = all.next().unwrap_or_else(Self::nothing);
                all.fold(first, |mut lead, next| {
                    lead.or(next);
                    lead
                })
            }
        }
    }

    fn of_nodes(nodes: &[Node]) -> Self {
        nodes.iter().fold(Self::nothing(), |mut lead, node| {
            lead.then(&Self::of_node(node));
            lead
        })
    }
}

/// The set of fragments that serves best to find a phrase: every match holds one of them. Empty where there is none.
pub(super) fn fragments(nodes: &[Node], line: bool) -> Vec<Fragment> {
    best_set(nodes, &Lead::nothing(), line).map(|(_, set)| set).unwrap_or_default()
}

/// The best set of fragments in a sequence and how good it is: long fragments, and few of them.
fn best_set(nodes: &[Node], before: &Lead, line: bool) -> Option<(usize, Vec<Fragment>)> {
    let mut before = before.clone();
    let mut best: Option<(usize, Vec<Fragment>)> = None;
    for node in nodes {
        let found = match node {
            // The start of a span could not be told behind letters of any number.
            _ if before.glued && !line => None,
            Node::Text(text) => fragment_of(text).map(|(offset, text)| {
                let mut lead = before.clone();
                lead.then(&Lead::of(Some(vec![offset]), 0, 0));
                (text.len() * 4, vec![Fragment { text, lead }])
            }),
            Node::Choice(branches) => branches
                .iter()
                .map(|branch| best_set(branch, &before, line))
                .collect::<Option<Vec<_>>>()
                .filter(|sets| !sets.is_empty())
                .map(|sets| {
                    let worst = sets.iter().map(|(score, _)| *score).min().unwrap_or(0);
                    let all: Vec<Fragment> = sets.into_iter().flat_map(|(_, set)| set).collect();
                    (worst.saturating_sub(all.len()), all)
                }),
            _ => None,
        };
        if let Some(found) = found
            && best.as_ref().is_none_or(|(score, _)| found.0 > *score)
        {
            best = Some(found);
        }
        before.then(&Lead::of_node(node));
    }
    best
}

/// The longest run of letters and digits in a folded text, as a fragment, and where it starts.
fn fragment_of(text: &[u8]) -> Option<(usize, Vec<u8>)> {
    let text = std::str::from_utf8(text).ok()?;
    let runs = text.split(|c: char| !is_word(c)).filter(|run| !run.is_empty());
    let longest = runs.max_by_key(|run| run.len())?;
    let offset = longest.as_ptr() as usize - text.as_ptr() as usize;
    // Longer ones find nothing sooner and only make the gate bigger.
    let end = longest.floor_char_boundary(24);
    Some((offset, longest.as_bytes()[..end].to_vec()))
}
