//! The compiler of phrases: from nodes to the ops that matching executes.

use super::parse::Node;

/// One step of a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Matches these bytes of normalized text. A space matches a line end as well.
    Text(Vec<u8>),
    /// Continues at each of these ops in turn, until one leads to a match.
    Branch(Vec<usize>),
    /// Continues at this op.
    Jump(usize),
    /// Matches from the first to the second number of words, each with the white space after it.
    Gap(usize, usize),
    /// Matches from the first to the second number of words up to the end of the line or sentence,
    /// each with the white space before it. Always the last op.
    Rest(usize, usize),
    /// Matches from the first to the second number of letters, up to white space or the end of a
    /// sentence.
    Letters(usize, usize),
    /// Matches a number: digits, with full stops and commas between them.
    Number,
}

/// Where a choice gets the space that comes and goes with it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ChoiceSpace {
    /// The choice has no such space.
    None,
    /// Before each branch that is not empty.
    Before,
    /// After each branch that is not empty.
    After,
}

/// Appends the ops of `nodes` to `ops`, and returns the op at which each node begins; `None` for a
/// node that became part of the one before. `outermost` says whether the nodes are the whole phrase
/// or a branch.
///
/// The space beside an optional part or a gap becomes part of it, so that it is matched with the
/// words of that part or not at all: the space after it or, at the end of the phrase, the one
/// before it.
pub(super) fn compile(nodes: &[Node], ops: &mut Vec<Op>, outermost: bool) -> Vec<Option<usize>> {
    let mut starts = vec![None; nodes.len()];
    let phrase_end = outermost.then_some(nodes.len());
    let mut index = 0;
    while index < nodes.len() {
        let node = &nodes[index];
        starts[index] = Some(ops.len());
        match node {
            Node::Text(text) => ops.push(Op::Text(text.clone())),
            Node::Number => ops.push(Op::Number),
            Node::Letters(min, max) => ops.push(Op::Letters(*min, *max)),
            Node::Gap(min, max) if phrase_end == Some(index + 1) && index > 0 => {
                ops.push(Op::Rest(*min, *max));
            }
            Node::Gap(min, max) => {
                ops.push(Op::Gap(*min, *max));
                index += usize::from(nodes.get(index + 1) == Some(&Node::Space));
            }
            Node::Space => match nodes.get(index + 1) {
                Some(Node::Gap(..)) if phrase_end == Some(index + 2) => {}
                Some(Node::Choice(branches)) if is_optional_end(&nodes[index + 1..]) => {
                    compile_choice(branches, ops, ChoiceSpace::Before);
                    index += 1;
                }
                _ => ops.push(Op::Text(b" ".to_vec())),
            },
            Node::Choice(branches) => {
                let starts_word = index == 0 || nodes[index - 1] == Node::Space;
                let has_space = nodes.get(index + 1) == Some(&Node::Space);
                if starts_word && has_space && is_optional(branches) {
                    compile_choice(branches, ops, ChoiceSpace::After);
                    index += 1;
                } else {
                    compile_choice(branches, ops, ChoiceSpace::None);
                }
            }
        }
        index += 1;
    }
    starts
}

/// Marks in `first` the bytes with which a match can start, if it starts at `op`. Returns `false`
/// if any byte is possible, for gaps and the end of the phrase; the content of `first` then has no
/// meaning.
pub(super) fn first_bytes(ops: &[Op], op: usize, first: &mut [bool; 256]) -> bool {
    match ops.get(op) {
        Some(Op::Text(text)) => {
            // A space matches a line end as well.
            first[usize::from(b'\n')] |= text.first() == Some(&b' ');
            text.first()
                .map(|&byte| first[usize::from(byte)] = true)
                .is_some()
        }
        Some(Op::Number) => {
            (b'0'..=b'9').for_each(|byte| first[usize::from(byte)] = true);
            true
        }
        Some(Op::Jump(to)) => first_bytes(ops, *to, first),
        Some(Op::Branch(targets)) => targets
            .iter()
            .all(|&target| first_bytes(ops, target, first)),
        Some(Op::Gap(..) | Op::Rest(..) | Op::Letters(..)) | None => false,
    }
}

/// Returns whether the rest of a phrase consists of optional parts, and perhaps a gap after them.
/// Its first part then has to take the space before it, because no space after it is certain.
fn is_optional_end(nodes: &[Node]) -> bool {
    match nodes {
        [Node::Choice(branches)] | [Node::Choice(branches), Node::Space, Node::Gap(..)] => {
            is_optional(branches)
        }
        [Node::Choice(branches), Node::Space, rest @ ..] => {
            is_optional(branches) && is_optional_end(rest)
        }
        _ => false,
    }
}

fn is_optional(branches: &[Vec<Node>]) -> bool {
    branches.iter().any(Vec::is_empty)
}

/// Appends a branch op and the ops of each branch, which end with a jump behind the last branch.
/// Each branch that is not empty gets a space as `space` says.
fn compile_choice(branches: &[Vec<Node>], ops: &mut Vec<Op>, space: ChoiceSpace) {
    let branch = ops.len();
    ops.push(Op::Branch(Vec::new()));
    let (mut targets, mut jumps) = (Vec::new(), Vec::new());
    for nodes in branches {
        targets.push(ops.len());
        // Compiled apart, because the ops of a branch count from its start until they are appended.
        let mut branch_ops = Vec::new();
        if space == ChoiceSpace::Before && !nodes.is_empty() {
            branch_ops.push(Op::Text(b" ".to_vec()));
        }
        compile(nodes, &mut branch_ops, false);
        if space == ChoiceSpace::After && !nodes.is_empty() {
            branch_ops.push(Op::Text(b" ".to_vec()));
        }
        let base = ops.len();
        ops.extend(branch_ops.into_iter().map(|op| match op {
            Op::Jump(to) => Op::Jump(to + base),
            Op::Branch(targets) => {
                Op::Branch(targets.into_iter().map(|target| target + base).collect())
            }
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
