//! The parser of the phrase language: from the source of a phrase to nodes. It also enforces the
//! limits that bound the cost of one attempt to match.

use crate::chars::normalize;

/// Most gaps of a phrase.
const MAX_GAPS: usize = 3;

/// Most words, or letters, of all gaps of a phrase together.
const MAX_GAP_WORDS: usize = 60;

/// Most paths through the branches and gaps of a phrase.
const MAX_PATHS: usize = 1 << 20;

/// A part of a parsed phrase.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// Normalized text without white space.
    Text(Vec<u8>),
    /// White space of any length.
    Space,
    /// One of several alternatives. If one of them is empty, the choice is optional.
    Choice(Vec<Vec<Node>>),
    /// From the first to the second number of words.
    Gap(usize, usize),
    /// From the first to the second number of letters: a gap that is glued to the text beside it.
    Letters(usize, usize),
    /// A number in digits.
    Number,
}

/// Parses a phrase. White space at both ends of `source` is ignored, and between words its length
/// does not matter.
///
/// # Errors
/// A sentence that says what is wrong: a syntax error, an empty phrase, or one that exceeds a
/// limit.
pub(super) fn parse(source: &str) -> Result<Vec<Node>, String> {
    let mut parser = Parser {
        rest: source.trim(),
        gaps: 0,
        gap_words: 0,
    };
    let nodes = parser.sequence()?;
    if !parser.rest.is_empty() {
        return Err(format!("'{}' has no opening bracket", &parser.rest[..1]));
    }
    if nodes.is_empty() {
        return Err("the phrase is empty; write at least one word".to_owned());
    }
    if count_paths(&nodes) > MAX_PATHS {
        return Err("the phrase has too many combinations of alternatives; split it".to_owned());
    }
    Ok(nodes)
}

/// A recursive-descent parser.
struct Parser<'s> {
    /// The source from the current position on.
    rest: &'s str,
    /// Gaps so far.
    gaps: usize,
    /// Most words, or letters, of the gaps so far.
    gap_words: usize,
}

impl Parser<'_> {
    /// Parses nodes up to the end of the source or an unconsumed `|`, `)` or `]`.
    fn sequence(&mut self) -> Result<Vec<Node>, String> {
        let mut nodes = Vec::new();
        while let Some(next) = self.rest.chars().next() {
            match next {
                '|' | ')' | ']' => break,
                '(' | '[' => nodes.push(self.choice(next)?),
                '{' => {
                    let glued = nodes.last().is_some_and(|node| *node != Node::Space);
                    nodes.push(self.gap(glued)?);
                }
                '}' => return Err("'}' has no opening bracket".to_owned()),
                _ if next.is_whitespace() => {
                    self.rest = self.rest.trim_start();
                    nodes.push(Node::Space);
                }
                _ => {
                    let end = self
                        .rest
                        .find(|c: char| c.is_whitespace() || "()[]{}|".contains(c))
                        .unwrap_or(self.rest.len());
                    nodes.push(Node::Text(normalize(&self.rest[..end])));
                    self.rest = &self.rest[end..];
                }
            }
        }
        Ok(nodes)
    }

    /// Parses a choice, from its bracket `open` to the matching one. A choice in square brackets is
    /// optional: it gets an empty branch. Gaps of words are not allowed inside brackets.
    fn choice(&mut self, open: char) -> Result<Node, String> {
        let close = if open == '(' { ')' } else { ']' };
        let mut branches = Vec::new();
        loop {
            self.rest = self.rest[1..].trim_start();
            let mut branch = self.sequence()?;
            if branch.last() == Some(&Node::Space) {
                branch.pop();
            }
            branches.push(branch);
            match self.rest.chars().next() {
                Some('|') => {}
                Some(next) if next == close => break,
                _ => return Err(format!("'{open}' is not closed by '{close}'")),
            }
        }
        self.rest = &self.rest[1..];
        if branches
            .iter()
            .any(|branch| branch.iter().any(|node| matches!(node, Node::Gap(..))))
        {
            return Err(
                "a gap cannot be inside brackets; move it out, or split the phrase".to_owned(),
            );
        }
        if open == '[' {
            branches.push(Vec::new());
        }
        Ok(Node::Choice(branches))
    }

    /// Parses a gap or a number, from its `{` to its `}`. `glued` says whether a node other than a
    /// space precedes it. A gap that is glued to its neighbour on either side consists of letters
    /// instead of words.
    fn gap(&mut self, glued: bool) -> Result<Node, String> {
        let end = self.rest.find('}').ok_or("'{' is not closed by '}'")?;
        let inside = &self.rest[1..end];
        self.rest = &self.rest[end + 1..];
        if inside == "#" {
            return Ok(Node::Number);
        }
        let (min, max) = match inside.split_once("..") {
            Some(("", max)) => (0, parse_bound(max, inside)?),
            Some((min, max)) => (parse_bound(min, inside)?, parse_bound(max, inside)?),
            None => (parse_bound(inside, inside)?, parse_bound(inside, inside)?),
        };
        self.gaps += 1;
        self.gap_words = self.gap_words.saturating_add(max);
        if max == 0 || min > max {
            return Err(format!(
                "the gap '{{{inside}}}' is empty; its maximum must be at least 1, and not less \
                 than its minimum"
            ));
        }
        if self.gaps > MAX_GAPS || self.gap_words > MAX_GAP_WORDS {
            return Err(format!(
                "a phrase can have at most {MAX_GAPS} gaps, with at most {MAX_GAP_WORDS} words or \
                 letters together"
            ));
        }
        let glued = glued
            || self
                .rest
                .starts_with(|next: char| !(next.is_whitespace() || "|)]".contains(next)));
        Ok(if glued {
            Node::Letters(min, max)
        } else {
            Node::Gap(min, max)
        })
    }
}

/// Parses a bound of the gap whose text inside the braces is `gap`.
fn parse_bound(bound: &str, gap: &str) -> Result<usize, String> {
    bound.parse().map_err(|_| {
        format!("'{{{gap}}}' is not a valid gap; write {{..5}}, {{1..5}}, {{2}} or {{#}}")
    })
}

/// Returns an upper bound for the number of paths that an attempt at one position can try. At most
/// one branch of a choice fits, but an optional part can be matched or skipped, and a gap can have
/// each of its lengths.
fn count_paths(nodes: &[Node]) -> usize {
    nodes.iter().fold(1usize, |paths, node| {
        paths.saturating_mul(match node {
            Node::Choice(branches) => {
                branches
                    .iter()
                    .map(|branch| count_paths(branch))
                    .max()
                    .unwrap_or(1)
                    + usize::from(branches.iter().any(Vec::is_empty))
            }
            Node::Gap(min, max) | Node::Letters(min, max) => max - min + 1,
            _ => 1,
        })
    })
}

/// Returns the shortest normalized text that `nodes` match, with `x` for each word or letter of a
/// gap and `1` for a number. Of several the first is returned.
pub(super) fn shortest_match(nodes: &[Node]) -> Vec<u8> {
    nodes.iter().fold(Vec::new(), |mut text, node| {
        match node {
            Node::Text(part) => text.extend_from_slice(part),
            Node::Space => text.push(b' '),
            Node::Gap(min, _) => text.extend(std::iter::repeat_n(*b"x ", *min).flatten()),
            Node::Letters(min, _) => text.extend(std::iter::repeat_n(b'x', *min)),
            Node::Number => text.push(b'1'),
            Node::Choice(branches) => text.extend(
                branches
                    .iter()
                    .map(|branch| shortest_match(branch))
                    .min_by_key(Vec::len)
                    .unwrap_or_default(),
            ),
        }
        text
    })
}
