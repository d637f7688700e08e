//! The phrase language: from its source to nodes, and what can be said of a phrase without a text.

use crate::chars::normalize;

/// A phrase may have this many gaps.
const MOST_GAPS: usize = 3;
/// The gaps of a phrase may take this many words, or letters, together.
const MOST_GAP_WORDS: usize = 60;
/// A phrase may have this many ways to be read, branch by branch.
pub(super) const MOST_READINGS: usize = 1 << 20;

/// What a phrase is before it becomes ops.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Text(Vec<u8>),
    Space,
    Choice(Vec<Vec<Node>>),
    /// Words.
    Gap(usize, usize),
    /// Letters: a gap that is glued to the text beside it.
    Letters(usize, usize),
    Number,
}

/// Parses a phrase.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub(super) fn parse(source: &str) -> Result<Vec<Node>, String> {
    let mut parser = Parser {
        rest: source.trim(),
        gaps: 0,
        gap_words: 0,
    };
    let nodes = parser.sequence()?;
    if !parser.rest.is_empty() {
        return Err(format!("'{}' closes nothing", &parser.rest[..1]));
    }
    if nodes.is_empty() {
        return Err("the phrase is empty".to_owned());
    }
    if readings(&nodes) > MOST_READINGS {
        return Err("the phrase can be read in too many ways; split it".to_owned());
    }
    Ok(nodes)
}

struct Parser<'s> {
    rest: &'s str,
    gaps: usize,
    gap_words: usize,
}

impl Parser<'_> {
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
                '}' => return Err("'}' closes nothing".to_owned()),
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
                Some(found) if found == close => break,
                _ => return Err(format!("'{open}' is not closed by '{close}'")),
            }
        }
        self.rest = &self.rest[1..];
        if branches
            .iter()
            .any(|branch| branch.iter().any(|node| matches!(node, Node::Gap(..))))
        {
            return Err("a gap cannot stand inside brackets".to_owned());
        }
        if open == '[' {
            branches.push(Vec::new());
        }
        Ok(Node::Choice(branches))
    }

    /// A gap, of letters where it is glued to what stands before or behind it.
    fn gap(&mut self, glued: bool) -> Result<Node, String> {
        let end = self.rest.find('}').ok_or("'{' is not closed by '}'")?;
        let inside = &self.rest[1..end];
        self.rest = &self.rest[end + 1..];
        if inside == "#" {
            return Ok(Node::Number);
        }
        let number = |text: &str| {
            text.parse::<usize>().map_err(|_| {
                format!("'{{{inside}}}' is no gap; write {{..5}}, {{1..5}}, {{2}} or {{#}}")
            })
        };
        let (min, max) = match inside.split_once("..") {
            Some(("", max)) => (0, number(max)?),
            Some((min, max)) => (number(min)?, number(max)?),
            None => (number(inside)?, number(inside)?),
        };
        self.gaps += 1;
        self.gap_words += max;
        if max == 0 || min > max {
            return Err(format!("the gap '{{{inside}}}' is empty"));
        }
        if self.gaps > MOST_GAPS || self.gap_words > MOST_GAP_WORDS {
            return Err(format!(
                "a phrase may have {MOST_GAPS} gaps of {MOST_GAP_WORDS} words or letters together"
            ));
        }
        let free = |next: char| next.is_whitespace() || matches!(next, '|' | ')' | ']');
        let glued = glued || !self.rest.chars().next().is_none_or(free);
        Ok(if glued {
            Node::Letters(min, max)
        } else {
            Node::Gap(min, max)
        })
    }
}

/// In how many ways a phrase can be read at one place. Of a choice's branches one at most fits, but a part that may be
/// missing can be read as there or not.
fn readings(nodes: &[Node]) -> usize {
    nodes.iter().fold(1usize, |all, node| {
        all.saturating_mul(match node {
            Node::Choice(branches) => {
                branches
                    .iter()
                    .map(|branch| readings(branch))
                    .max()
                    .unwrap_or(1)
                    + usize::from(branches.iter().any(Vec::is_empty))
            }
            Node::Gap(min, max) | Node::Letters(min, max) => max - min + 1,
            _ => 1,
        })
    })
}

/// The shortest text that a sequence matches, with a letter for each number.
pub(super) fn shortest(nodes: &[Node]) -> Vec<u8> {
    nodes.iter().fold(Vec::new(), |mut text, node| {
        match node {
            Node::Text(own) => text.extend_from_slice(own),
            Node::Space => text.push(b' '),
            Node::Gap(min, _) => text.extend(std::iter::repeat_n(*b"x ", *min).flatten()),
            Node::Letters(min, _) => text.extend(std::iter::repeat_n(b'x', *min)),
            Node::Number => text.push(b'1'),
            Node::Choice(branches) => text.extend(
                branches
                    .iter()
                    .map(|branch| shortest(branch))
                    .min_by_key(Vec::len)
                    .unwrap_or_default(),
            ),
        }
        text
    })
}
