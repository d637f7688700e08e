//! From nodes to the ops that matching runs.

use super::parse::Node;

/// One step of a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// These folded bytes; a space stands for any white space.
    Text(Vec<u8>),
    /// Go on at each of these in turn.
    Branch(Vec<usize>),
    Jump(usize),
    /// Words, each with the white space after it.
    Gap(usize, usize),
    /// Words up to the end of the line or sentence, each with the white space before it.
    Rest(usize, usize),
    /// Letters, up to white space or the end of a sentence.
    Letters(usize, usize),
    Number,
}

/// Turns nodes into ops. The space beside an optional part or a gap becomes part of it, so that it comes and goes with
/// the words: the space after it or, at the end of the phrase, the one before. Gives the op with which each node begins,
/// none for a node that became part of the one before.
pub fn compile(nodes: &[Node], ops: &mut Vec<Op>, outermost: bool) -> Vec<Option<usize>> {
    let mut starts = vec![None; nodes.len()];
    let mut index = 0;
    while index < nodes.len() {
        let node = &nodes[index];
        starts[index] = Some(ops.len());
        let ends = |at: usize| outermost && at == nodes.len();
        match node {
            Node::Text(text) => ops.push(Op::Text(text.clone())),
            Node::Number => ops.push(Op::Number),
            Node::Letters(min, max) => ops.push(Op::Letters(*min, *max)),
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
    starts
}

/// Collects the bytes that a match can start with from an op on; says whether there is such a set.
pub fn first_bytes(ops: &[Op], op: usize, first: &mut [bool; 256]) -> bool {
    match ops.get(op) {
        Some(Op::Text(text)) => {
            // A space stands for a line end as well.
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

/// Whether what is left of a phrase is parts that may be missing, and perhaps a gap after them.
fn may_end(nodes: &[Node]) -> bool {
    match nodes {
        [Node::Choice(branches)] | [Node::Choice(branches), Node::Space, Node::Gap(..)] => {
            optional(branches)
        }
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
