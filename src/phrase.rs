//! The phrase language: how it is parsed, and how a phrase is matched at one place of a folded text. It stands apart
//! from `filter::phrases`, which finds the places worth trying.
//!
//! A phrase is words. `(a|b)` is one of several, `[a|b]` the same or nothing, `{..5}`, `{1..4}` and `{2}` are that many
//! words of any kind, `{#}` is a number. Matching backtracks, but over gaps and branches whose number is bounded when
//! the phrase is parsed, so that the cost of one try does not depend on the text.

use crate::fold::{Folded, first_char, fold, is_spaceless, is_word, word_after, word_before};
use std::ops::Range;

/// A phrase may have this many gaps.
const MOST_GAPS: usize = 3;
/// The gaps of a phrase may take this many words together.
const MOST_GAP_WORDS: usize = 60;
/// A phrase may have this many ways to be read, branch by branch.
const MOST_READINGS: usize = 1 << 20;
/// A word of a gap is at most this long, in folded bytes, so that text without spaces costs no more than other text.
const LONGEST_WORD: usize = 256;
/// How many different lengths the text before a fragment may have before any word start will do.
const MOST_LEADS: usize = 48;

/// A parsed phrase.
#[derive(Clone, Debug)]
pub(crate) struct Phrase {
    ops: Vec<Op>,
    /// Whether the match must be the whole line.
    line: bool,
    /// Fragments, one of which every match holds; none where there is no such set.
    fragments: Vec<Fragment>,
    /// The bytes that a match can start with; none where any will do.
    first: Option<Box<[bool; 256]>>,
}

/// A piece of folded text that a match holds, and how far before it the match may start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fragment {
    pub text: Vec<u8>,
    pub lead: Lead,
}

/// What may stand between the start of a match and a fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lead {
    /// One of these numbers of folded bytes.
    Bytes(Vec<usize>),
    /// At most so many words.
    Words(usize),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Op {
    /// These folded bytes; a space stands for any white space.
    Text(Vec<u8>),
    /// Go on at each of these in turn.
    Branch(Vec<usize>),
    Jump(usize),
    /// Words, each with the white space after it.
    Gap(usize, usize),
    /// Words up to the end of the line or sentence, each with the white space before it.
    Rest(usize, usize),
    Number,
}

/// What a phrase is before it becomes ops.
#[derive(Clone, Debug, PartialEq)]
enum Node {
    Text(Vec<u8>),
    Space,
    Choice(Vec<Vec<Node>>),
    Gap(usize, usize),
    Number,
}

impl Phrase {
    /// Parses a phrase.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub(crate) fn parse(source: &str, line: bool) -> Result<Self, String> {
        let mut parser = Parser { rest: source.trim(), gaps: 0, gap_words: 0 };
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
        let mut ops = Vec::new();
        compile(&nodes, &mut ops, true);
        let fragments = fragments(&nodes).unwrap_or_default();
        let mut first = Box::new([false; 256]);
        let known = first_bytes(&ops, 0, &mut first);
        let phrase = Self { ops, line, fragments, first: known.then_some(first) };
        if phrase.matches_nothing() {
            return Err("the phrase can match nothing at all; make a part of it obligatory".to_owned());
        }
        Ok(phrase)
    }

    pub(crate) fn is_line(&self) -> bool {
        self.line
    }

    pub(crate) fn fragments(&self) -> &[Fragment] {
        &self.fragments
    }

    /// The fewest words, and letters of scripts without spaces, that a match can have.
    pub(crate) fn least(source: &str) -> (usize, usize) {
        let mut parser = Parser { rest: source.trim(), gaps: 0, gap_words: 0 };
        parser.sequence().map_or((0, 0), |nodes| {
            let shortest = shortest(&nodes);
            let text = String::from_utf8_lossy(&shortest);
            let spaceless = text.chars().filter(|&c| is_spaceless(c)).count();
            (text.split(' ').filter(|word| word.chars().any(is_word)).count(), spaceless)
        })
    }

    fn matches_nothing(&self) -> bool {
        let mut empty = Folded::default();
        if let Ok(document) = crate::Document::new("") {
            empty.fill(&document);
        }
        Matching { phrase: self, text: &empty }.run(0, 0).is_some()
    }

    /// The end of the match that starts at a folded offset, if there is one. For a phrase that must be the whole
    /// line, `start` lies in a line's first word, and the end is the end of a line.
    pub(crate) fn match_at(&self, text: &Folded, start: usize) -> Option<usize> {
        let bytes = text.bytes();
        // Most tries end here, without a word having been compared.
        if self.first.as_ref().is_some_and(|first| !bytes.get(start).is_some_and(|&byte| first[usize::from(byte)])) {
            return None;
        }
        if !self.line {
            let first = first_char(&bytes[start..])?;
            if is_word(first) && !is_spaceless(first) && word_before(bytes, start) {
                return None;
            }
            if matches!(self.ops.first(), Some(Op::Gap(..))) && !starts_sentence(bytes, start) {
                return None;
            }
        }
        Matching { phrase: self, text }.run(0, start)
    }

    /// The folded offsets at which a match may start that holds the fragment at `at`, the earliest first.
    pub(crate) fn starts(&self, text: &Folded, at: usize, lead: &Lead, starts: &mut Vec<usize>) {
        starts.clear();
        if self.line {
            self.line_starts(text, at, lead, starts);
            return;
        }
        match lead {
            Lead::Bytes(lengths) => starts.extend(lengths.iter().filter_map(|length| at.checked_sub(*length))),
            Lead::Words(words) => {
                let bytes = text.bytes();
                let mut start = at;
                for _ in 0..=*words {
                    starts.push(start);
                    let Some(space) = start.checked_sub(1) else { break };
                    let from = space.saturating_sub(LONGEST_WORD);
                    start = bytes[from..space].iter().rposition(u8::is_ascii_whitespace).map_or(from, |found| from + found + 1);
                    if from > 0 && start == from {
                        break;
                    }
                }
            }
        }
        starts.sort_unstable();
    }

    /// The first words of the lines in which a match may start: the fragment's own, and as many before it as the
    /// phrase may have been broken over.
    fn line_starts(&self, text: &Folded, at: usize, lead: &Lead, starts: &mut Vec<usize>) {
        let lines = text.lines();
        let own = text.line_index(at);
        let reach = match lead {
            Lead::Bytes(lengths) => lengths.iter().max().map_or(0, |length| length / 2),
            Lead::Words(words) => *words,
        };
        for index in (own.saturating_sub(reach.min(16))..=own).rev() {
            let line = lines[index];
            if let Lead::Bytes(lengths) = lead
                && lengths.iter().max().is_some_and(|length| at - line.start as usize > length + 16)
            {
                break;
            }
            if !text.continues(index) {
                starts.push(line.start as usize);
                let mut start = line.start as usize;
                let end = line.end as usize;
                while start < end && !word_after(text.bytes(), start) {
                    start += first_char(&text.bytes()[start..end]).map_or(1, char::len_utf8);
                    starts.push(start);
                    if starts.len() > 32 {
                        break;
                    }
                }
            }
        }
    }
}

/// One try of a phrase at one place.
struct Matching<'p, 't> {
    phrase: &'p Phrase,
    text: &'t Folded,
}

impl Matching<'_, '_> {
    fn run(&self, mut op: usize, mut at: usize) -> Option<usize> {
        let bytes = self.text.bytes();
        loop {
            match self.phrase.ops.get(op) {
                None => return self.accept(at),
                Some(Op::Text(text)) => {
                    at = self.skip_text(text, at)?;
                    op += 1;
                }
                Some(Op::Jump(to)) => op = *to,
                Some(Op::Branch(targets)) => return targets.iter().find_map(|&target| self.run(target, at)),
                Some(Op::Number) => {
                    let rest = bytes.get(at..)?;
                    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',')).count();
                    if !rest.first()?.is_ascii_digit() {
                        return None;
                    }
                    // "1,204," is a number and a comma.
                    let number = rest[..digits].iter().rposition(u8::is_ascii_digit)? + 1;
                    if self.phrase.line && self.fills_line(at, at + number) {
                        return None;
                    }
                    at += number;
                    op += 1;
                }
                Some(&Op::Gap(min, max)) => {
                    let mut words = 0;
                    loop {
                        if words >= min
                            && let Some(end) = self.run(op + 1, at)
                        {
                            return Some(end);
                        }
                        if words == max {
                            return None;
                        }
                        at = self.skip_word_and_space(at)?;
                        words += 1;
                    }
                }
                Some(&Op::Rest(min, max)) => {
                    at = self.skip_rest(at, min, max)?;
                    op += 1;
                }
            }
        }
    }

    /// Whether a number stands alone on its line. It may then be a list's or a table's, and belongs to no phrase that
    /// begins or ends on another line.
    fn fills_line(&self, start: usize, end: usize) -> bool {
        let line = self.text.lines()[self.text.line_index(start)];
        bare(self.text.bytes(), line.range()) == (start..end)
    }

    fn skip_text(&self, text: &[u8], at: usize) -> Option<usize> {
        let found = self.text.bytes().get(at..at + text.len())?;
        let alike = |(own, found): (&u8, &u8)| own == found || (*own == b' ' && *found == b'\n');
        text.iter().zip(found).all(alike).then_some(at + text.len())
    }

    /// Where a word ends that starts at `at`.
    fn word_end(&self, at: usize) -> Option<usize> {
        let rest = self.text.bytes().get(at..)?;
        let rest = &rest[..rest.len().min(LONGEST_WORD)];
        let length = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
        (length > 0 && length < LONGEST_WORD).then_some(at + length)
    }

    /// Past the word at `at` and the white space after it, where a gap may cross that.
    fn skip_word_and_space(&self, at: usize) -> Option<usize> {
        let bytes = self.text.bytes();
        let end = self.word_end(at)?;
        let sentence = ends_sentence(&bytes[at..end]) && !(self.phrase.line && asks(&bytes[at..end]));
        (end < bytes.len() && !sentence && !self.breaks(end)).then_some(end + 1)
    }

    /// Whether the white space at `at` is a line end at which a gap stops: for a whole-line phrase any that hard
    /// wrapping did not make, for another one a blank line.
    fn breaks(&self, at: usize) -> bool {
        if self.text.bytes()[at] != b'\n' {
            return false;
        }
        let next = self.text.line_index(at + 1);
        let lines = self.text.lines();
        let apart = lines[next].line > lines[next - 1].line + 1;
        if self.phrase.line { !self.text.continues(next) } else { apart }
    }

    /// Up to the end of the line or, in a span, of the sentence.
    fn skip_rest(&self, start: usize, min: usize, max: usize) -> Option<usize> {
        let bytes = self.text.bytes();
        let hard = |at: usize| bytes[at] == b'\n' && !self.text.continues(self.text.line_index(at + 1));
        let (mut at, mut words) = (start, 0);
        // What is glued to the last word, such as its full stop.
        while at < bytes.len() && !bytes[at].is_ascii_whitespace() {
            at += 1;
        }
        if word_after(bytes, start) && !first_char(&bytes[start..]).is_some_and(is_spaceless) {
            return None;
        }
        loop {
            let sentence = !self.phrase.line && ends_sentence(&bytes[at.saturating_sub(LONGEST_WORD).max(start)..at]);
            if at >= bytes.len() || hard(at) || sentence {
                return (words >= min).then_some(at);
            }
            if words == max {
                return None;
            }
            at = self.word_end(at + 1)?;
            words += 1;
        }
    }

    fn accept(&self, at: usize) -> Option<usize> {
        let bytes = self.text.bytes();
        if self.phrase.line {
            let index = self.text.line_index(at.saturating_sub(1));
            let line = self.text.lines().get(index)?;
            let end = line.end as usize;
            let rest = std::str::from_utf8(bytes.get(at..end)?).ok()?;
            return (!line.joins && !rest.chars().any(is_word)).then_some(end);
        }
        let glued = word_after(bytes, at) && word_before(bytes, at) && !first_char(&bytes[at..]).is_some_and(is_spaceless);
        (!glued).then_some(at)
    }
}

/// Whether a word ends a sentence: it ends in a full stop or the like, and is no initial.
fn ends_sentence(word: &[u8]) -> bool {
    let Ok(word) = std::str::from_utf8(word) else { return false };
    let bare = word.trim_end_matches(['"', '\'', ')', ']', '」', '』', '”']);
    let stem = bare.trim_end_matches(['.', '!', '?', '。', '！', '？', '।', '؟']);
    let initial = bare.ends_with('.') && stem.chars().count() == 1;
    stem.len() < bare.len() && !initial
}

/// Whether a word ends a question or a cry. Those that open a line are mostly put to the reader ("Got a story? Tell
/// us"), so that the gap of a whole-line phrase may cross them, where it may not swallow a statement.
fn asks(word: &[u8]) -> bool {
    word.iter().rev().find(|byte| !matches!(byte, b'"' | b'\'' | b')')).is_some_and(|byte| matches!(byte, b'?' | b'!'))
}

/// Whether a sentence starts at a folded offset: at the start of a line, or after a word that ends one.
fn starts_sentence(bytes: &[u8], at: usize) -> bool {
    match at.checked_sub(1).map(|before| bytes[before]) {
        None | Some(b'\n') => true,
        Some(b' ') => {
            let from = at.saturating_sub(LONGEST_WORD);
            let before = &bytes[from..at - 1];
            let word = before.iter().rposition(u8::is_ascii_whitespace).map_or(before, |space| &before[space + 1..]);
            ends_sentence(word)
        }
        Some(_) => false,
    }
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
                '{' => nodes.push(self.gap()?),
                '}' => return Err("'}' closes nothing".to_owned()),
                _ if next.is_whitespace() => {
                    self.rest = self.rest.trim_start();
                    nodes.push(Node::Space);
                }
                _ => {
                    let end = self.rest.find(|c: char| c.is_whitespace() || "()[]{}|".contains(c)).unwrap_or(self.rest.len());
                    nodes.push(Node::Text(fold(&self.rest[..end])));
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
        if branches.iter().any(|branch| branch.iter().any(|node| matches!(node, Node::Gap(..)))) {
            return Err("a gap cannot stand inside brackets".to_owned());
        }
        if open == '[' {
            branches.push(Vec::new());
        }
        Ok(Node::Choice(branches))
    }

    fn gap(&mut self) -> Result<Node, String> {
        let end = self.rest.find('}').ok_or("'{' is not closed by '}'")?;
        let inside = &self.rest[1..end];
        self.rest = &self.rest[end + 1..];
        if inside == "#" {
            return Ok(Node::Number);
        }
        let number =
            |text: &str| text.parse::<usize>().map_err(|_| format!("'{{{inside}}}' is no gap; write {{..5}}, {{1..5}}, {{2}} or {{#}}"));
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
            return Err(format!("a phrase may have {MOST_GAPS} gaps of {MOST_GAP_WORDS} words together"));
        }
        Ok(Node::Gap(min, max))
    }
}

/// In how many ways a phrase can be read at one place. Of a choice's branches one at most fits, but a part that may be
/// missing can be read as there or not.
fn readings(nodes: &[Node]) -> usize {
    nodes.iter().fold(1usize, |all, node| {
        all.saturating_mul(match node {
            Node::Choice(branches) => branches.iter().map(|branch| readings(branch)).max().unwrap_or(1) + usize::from(optional(branches)),
            Node::Gap(min, max) => max - min + 1,
            _ => 1,
        })
    })
}

/// Turns nodes into ops. The space beside an optional part or a gap becomes part of it, so that it comes and goes with
/// the words: the space after it or, at the end of the phrase, the one before.
fn compile(nodes: &[Node], ops: &mut Vec<Op>, outermost: bool) {
    let mut index = 0;
    while index < nodes.len() {
        let node = &nodes[index];
        let ends = |at: usize| outermost && at == nodes.len();
        match node {
            Node::Text(text) => ops.push(Op::Text(text.clone())),
            Node::Number => ops.push(Op::Number),
            Node::Gap(min, max) if ends(index + 1) && index > 0 => ops.push(Op::Rest(*min, *max)),
            Node::Gap(min, max) => {
                ops.push(Op::Gap(*min, *max));
                index += usize::from(nodes.get(index + 1) == Some(&Node::Space));
            }
            Node::Space => match nodes.get(index + 1) {
                Some(Node::Gap(..)) if ends(index + 2) => {}
                // One of the last parts, which may be missing, takes the space before it along.
                Some(Node::Choice(branches)) if may_end(&nodes[index + 1..]) => {
                    compile_choice(branches, ops, Some(true));
                    index += 1;
                }
                _ => ops.push(Op::Text(b" ".to_vec())),
            },
            Node::Choice(branches) => {
                let free = index == 0 || nodes[index - 1] == Node::Space;
                let spaced = nodes.get(index + 1) == Some(&Node::Space);
                let takes = free && spaced && optional(branches);
                compile_choice(branches, ops, takes.then_some(false));
                index += usize::from(takes);
            }
        }
        index += 1;
    }
}

/// Collects the bytes that a match can start with from an op on; says whether there is such a set.
fn first_bytes(ops: &[Op], op: usize, first: &mut [bool; 256]) -> bool {
    match ops.get(op) {
        Some(Op::Text(text)) => text.first().map(|&byte| first[usize::from(byte)] = true).is_some(),
        Some(Op::Number) => {
            (b'0'..=b'9').for_each(|byte| first[usize::from(byte)] = true);
            true
        }
        Some(Op::Jump(to)) => first_bytes(ops, *to, first),
        Some(Op::Branch(targets)) => targets.iter().all(|&target| first_bytes(ops, target, first)),
        Some(Op::Gap(..) | Op::Rest(..)) | None => false,
    }
}

/// Whether what is left of a phrase is parts that may be missing, and perhaps a gap after them.
fn may_end(nodes: &[Node]) -> bool {
    match nodes {
        [Node::Choice(branches)] | [Node::Choice(branches), Node::Space, Node::Gap(..)] => optional(branches),
        [Node::Choice(branches), Node::Space, rest @ ..] => optional(branches) && may_end(rest),
        _ => false,
    }
}

fn optional(branches: &[Vec<Node>]) -> bool {
    branches.iter().any(Vec::is_empty)
}

/// Compiles branches; each that is not empty gets a space in front (`Some(true)`) or behind (`Some(false)`).
fn compile_choice(branches: &[Vec<Node>], ops: &mut Vec<Op>, space: Option<bool>) {
    let branch = ops.len();
    ops.push(Op::Branch(Vec::new()));
    let (mut targets, mut jumps) = (Vec::new(), Vec::new());
    for nodes in branches {
        targets.push(ops.len());
        // A text op here must not be merged into the branch before.
        let mut own = Vec::new();
        if space == Some(true) && !nodes.is_empty() {
            own.push(Op::Text(b" ".to_vec()));
        }
        compile(nodes, &mut own, false);
        if space == Some(false) && !nodes.is_empty() {
            own.push(Op::Text(b" ".to_vec()));
        }
        let base = ops.len();
        ops.extend(own.into_iter().map(|op| match op {
            Op::Jump(to) => Op::Jump(to + base),
            Op::Branch(targets) => Op::Branch(targets.into_iter().map(|target| target + base).collect()),
            other => other,
        }));
        jumps.push(ops.len());
        ops.push(Op::Jump(0));
    }
    let end = ops.len();
    for jump in jumps {
        ops[jump] = Op::Jump(end);
    }
    ops[branch] = Op::Branch(targets);
}

/// The set of fragments that serves best to find a phrase: every match holds one of them.
fn fragments(nodes: &[Node]) -> Option<Vec<Fragment>> {
    fragments_after(nodes, &Before::default()).map(|(_, fragments)| fragments)
}

/// What can stand before a node.
#[derive(Clone, Debug, Default)]
struct Before {
    /// Possible lengths in bytes; meaningless where `open`.
    lengths: Vec<usize>,
    words: usize,
    open: bool,
}

impl Before {
    fn lead(&self) -> Lead {
        if self.open || self.lengths.len() > MOST_LEADS {
            Lead::Words(self.words + 1)
        } else if self.lengths.is_empty() {
            Lead::Bytes(vec![0])
        } else {
            Lead::Bytes(self.lengths.clone())
        }
    }

    fn add(&mut self, lengths: &[usize], words: usize, open: bool) {
        if self.lengths.is_empty() {
            self.lengths.push(0);
        }
        self.words += words;
        self.open |= open || self.lengths.len() * lengths.len() > 4096;
        if !self.open {
            let mut sums: Vec<usize> = self.lengths.iter().flat_map(|own| lengths.iter().map(move |other| own + other)).collect();
            sums.sort_unstable();
            sums.dedup();
            self.lengths = sums;
        }
    }
}

/// The best set of fragments in a sequence and how good it is: long fragments, and few of them.
fn fragments_after(nodes: &[Node], before: &Before) -> Option<(usize, Vec<Fragment>)> {
    let mut before = before.clone();
    let mut best: Option<(usize, Vec<Fragment>)> = None;
    for node in nodes {
        let found = match node {
            Node::Text(text) => fragment_of(text).map(|(offset, fragment)| {
                let mut at = before.clone();
                at.add(&[offset], 0, false);
                (fragment.len() * 4, vec![Fragment { text: fragment, lead: at.lead() }])
            }),
            Node::Choice(branches) => branches
                .iter()
                .map(|branch| fragments_after(branch, &before))
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
        let (lengths, words, open) = measure(node);
        before.add(&lengths, words, open);
    }
    best
}

/// Possible lengths of a node in bytes, the most words it can have, and whether its length is open. Spaces that an
/// optional part takes along are counted as if they could be there or not.
fn measure(node: &Node) -> (Vec<usize>, usize, bool) {
    match node {
        Node::Text(text) => (vec![text.len()], 1, false),
        Node::Space => (vec![0, 1], 0, false),
        Node::Gap(_, max) => (vec![0], *max, true),
        Node::Number => (vec![0], 1, true),
        Node::Choice(branches) => {
            let (mut lengths, mut words, mut open) = (Vec::new(), 0, false);
            for branch in branches {
                let mut inside = Before::default();
                inside.add(&[0], 0, false);
                for node in branch {
                    let (lengths, words, open) = measure(node);
                    inside.add(&lengths, words, open);
                }
                lengths.extend(inside.lengths);
                words = words.max(inside.words);
                open |= inside.open;
            }
            lengths.sort_unstable();
            lengths.dedup();
            (lengths, words, open)
        }
    }
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

/// The shortest text that a sequence matches, with a letter for each number.
fn shortest(nodes: &[Node]) -> Vec<u8> {
    nodes.iter().fold(Vec::new(), |mut text, node| {
        match node {
            Node::Text(own) => text.extend_from_slice(own),
            Node::Space => text.push(b' '),
            Node::Gap(min, _) => text.extend(std::iter::repeat_n(*b"x ", *min).flatten()),
            Node::Number => text.push(b'1'),
            Node::Choice(branches) => text.extend(branches.iter().map(|branch| shortest(branch)).min_by_key(Vec::len).unwrap_or_default()),
        }
        text
    })
}

/// The folded range of a line without punctuation, bullets and symbols at its ends.
pub(crate) fn bare(bytes: &[u8], range: Range<usize>) -> Range<usize> {
    let Ok(text) = std::str::from_utf8(&bytes[range.clone()]) else { return range };
    let trimmed = text.trim_matches(|c: char| !is_word(c));
    let start = range.start + (trimmed.as_ptr() as usize - text.as_ptr() as usize);
    start..start + trimmed.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Document;

    /// What a phrase takes of a text, tried at every character.
    fn found(phrase: &str, line: bool, text: &str) -> Vec<String> {
        let phrase = Phrase::parse(phrase, line).unwrap();
        let mut folded = Folded::default();
        folded.fill(&Document::new(text).unwrap());
        let starts = (0..folded.bytes().len()).filter(|&at| !folded.bytes()[at].is_ascii_whitespace());
        let starts = starts.filter(|&at| std::str::from_utf8(&folded.bytes()[at..]).is_ok());
        let starts = starts.filter(|&at| !line || folded.lines().iter().any(|l| bare(folded.bytes(), l.range()).start == at));
        starts.filter_map(|at| Some(text[folded.source(at, phrase.match_at(&folded, at)?, text).range()].to_owned())).collect()
    }

    #[test]
    fn a_span_stands_at_word_boundaries_and_crosses_any_white_space() {
        assert_eq!(found("enable javascript", false, "Please ENABLE\r\n\u{a0}JavaScript!"), ["ENABLE\r\n\u{a0}JavaScript"]);
        assert!(found("enable javascript", false, "reenable javascript").is_empty());
        assert!(found("enable javascript", false, "enable javascripts").is_empty());
    }

    #[test]
    fn choices_and_options_take_their_spaces_along() {
        let phrase = "(sign up|subscribe) [now|today] to our [free] newsletter[s] [here]";
        for text in ["Sign up to our newsletter", "subscribe today to our free newsletters", "Sign up now to our newsletter here"] {
            assert_eq!(found(phrase, true, text), [text]);
        }
        assert!(found(phrase, true, "Sign up to our newsletter there").is_empty());
        assert_eq!(found("[go] [back] to [the] top [now] [please]", true, "to top please"), ["to top please"]);
    }

    #[test]
    fn gaps_take_words_within_bounds() {
        assert_eq!(found("more {1..2} stories", true, "More great new stories"), ["More great new stories"]);
        assert!(found("more {1..2} stories", true, "More stories").is_empty());
        assert!(found("more {1..2} stories", true, "More of his new stories").is_empty());
        assert_eq!(
            found("{..3} contributed to this report", true, "Ann Lee contributed to this report."),
            ["Ann Lee contributed to this report."]
        );
    }

    #[test]
    fn the_rest_of_a_line_or_sentence_is_bounded_too() {
        assert_eq!(found("sign up for {..4}", true, "Sign up for a free trial."), ["Sign up for a free trial."]);
        assert!(found("sign up for {..2}", true, "Sign up for a free trial.").is_empty());
        assert_eq!(found("read our guide {..9}", false, "He left. Read our guide to tea. She stayed."), ["Read our guide to tea."]);
        assert!(found("sign up for {..9}", true, "Sign up for\nThe minister spoke.").iter().all(|found| !found.contains("minister")));
    }

    #[test]
    fn options_stand_before_other_options_and_before_a_last_gap() {
        for text in ["Follow us", "Follow us now", "Follow us now today", "Follow us today", "Follow us now today for free"] {
            assert_eq!(found("follow us [now] [today] {..3}", true, text), [text]);
        }
        assert_eq!(found("read on [here|there] {..2}", true, "Read on: more"), ["Read on: more"]);
        assert!(found("follow us [now] {..1}", true, "Follow us now or never").is_empty());
    }

    #[test]
    fn numbers_are_single() {
        assert_eq!(found("{#} comment[s]", true, "• 1,204 comments"), ["1,204 comments"]);
        assert!(found("{#} comment[s]", true, "ten comments").is_empty());
        assert!(found("advertisement {#}", true, "Advertisement\n5.").is_empty(), "the number may be a list's");
    }

    #[test]
    fn punctuation_at_the_ends_of_a_line_does_not_count() {
        assert_eq!(found("share this", true, "[ Share this » ]").len(), 1);
        assert!(found("share this", true, "Share this 4").is_empty());
    }

    #[test]
    fn nonsense_is_refused_with_a_reason() {
        for (phrase, reason) in [
            ("", "empty"),
            ("[a] [b]", "nothing"),
            ("(a|b", "not closed"),
            ("a)", "closes nothing"),
            ("a {x}", "no gap"),
            ("a {..40} b {..40}", "gaps"),
        ] {
            let error = Phrase::parse(phrase, false).unwrap_err();
            assert!(error.contains(reason), "{phrase}: {error}");
        }
    }

    #[test]
    fn every_match_holds_a_fragment_at_one_of_its_leads() {
        for (phrase, text) in [
            ("sign up [now] for our newsletter", "sign up for our newsletter"),
            ("(join|follow) us on (facebook|twitter)", "follow us on twitter"),
            ("{..3} contributed to this report", "ann lee contributed to this report"),
            ("{#} (comments|replies)", "12 replies"),
        ] {
            let phrase = Phrase::parse(phrase, false).unwrap();
            let mut folded = Folded::default();
            folded.fill(&Document::new(text).unwrap());
            let mut starts = Vec::new();
            let reached = phrase.fragments().iter().any(|fragment| {
                let at = memchr::memmem::find(text.as_bytes(), &fragment.text);
                at.is_some_and(|at| {
                    phrase.starts(&folded, at, &fragment.lead, &mut starts);
                    starts.contains(&0)
                })
            });
            assert!(reached, "{text}");
        }
    }
}
