//! An experiment: how fast a text can be scanned for the literals of the rules without normalizing
//! it, and how much of it would have to be normalized afterwards. `benches/README.md` has the
//! figures.
//!
//! The scan reads four bytes at every third position. Of a literal of at least six bytes, wherever
//! it stands, one of three pieces of four bytes is read. All pieces are in a bitmap, by their hash;
//! setting one bit of each byte makes both cases of a letter equal.
//!
//! ```text
//! cargo bench -p dechaff-rules --bench raw_prefilter -- RULES TEXTS...
//! ```
//!
//! `RULES` is the directory of the built-in packs. `TEXTS` are files of plain text.

#![allow(clippy::print_stdout, reason = "this is a program")]

use dechaff_rules::CompiledRules;
use dechaff_rules::plan::{RulePlan, SearchPlan};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Distance of the positions that are read, in bytes.
const STRIDE: usize = 3;
/// Length of a piece, in bytes.
const PIECE: usize = 4;
/// Length of the shortest literal of which some piece is always read, in bytes.
const MIN_LITERAL: usize = STRIDE + PIECE - 1;
/// Longest line that labels and line prefixes of short rules apply to, in bytes.
const SHORT_LINE: usize = 160;
/// Number of passes over each text, of which the fastest counts.
const PASSES: usize = 9;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<PathBuf> = std::env::args_os()
        .skip(1)
        .map(PathBuf::from)
        .filter(|argument| !argument.as_os_str().as_encoded_bytes().starts_with(b"--"))
        .collect();
    let [rules, texts @ ..] = arguments.as_slice() else {
        return Ok(());
    };
    let literals = literals(&read_rules(rules)?);
    for path in texts {
        let text = std::fs::read_to_string(path)?;
        for bits in [15, 18, 20] {
            report(path, &text, &Pieces::new(&literals, bits));
        }
    }
    Ok(())
}

/// Reads the packs of a directory and of its directory `languages`.
fn read_rules(directory: &Path) -> Result<CompiledRules, Box<dyn Error>> {
    let mut rules = CompiledRules::default();
    let sets = directory.join("sets.toml");
    rules.add_sets(&std::fs::read_to_string(&sets)?, "sets.toml")?;
    for directory in [directory.to_path_buf(), directory.join("languages")] {
        for entry in std::fs::read_dir(directory)? {
            let path = entry?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "toml")
                && path != sets
            {
                let name = path.to_string_lossy();
                rules.add_unlinted(&std::fs::read_to_string(&path)?, &name)?;
            }
        }
    }
    Ok(rules)
}

/// Returns the literals that are long enough. Prints what else the rules are searched for by.
fn literals(rules: &CompiledRules) -> Vec<Vec<u8>> {
    let (mut long, mut short, mut prefixes, mut every_line) = (Vec::new(), 0, 0, 0);
    let mut add = |literals: Vec<Vec<u8>>| {
        if literals.iter().all(|literal| literal.len() >= MIN_LITERAL) {
            long.push(literals);
        } else {
            short += 1;
        }
    };
    for (id, _) in rules.iter() {
        let mut count = |plan: &SearchPlan<Vec<u8>>| match plan {
            SearchPlan::Literals(literals) => add(literals.clone()),
            SearchPlan::LinePrefixes(_) => prefixes += 1,
            SearchPlan::EveryLine => every_line += 1,
        };
        match rules.plan(id) {
            RulePlan::Phrases(plans) => plans.iter().for_each(|plan| match plan {
                SearchPlan::Literals(literals) => count(&SearchPlan::Literals(
                    literals
                        .iter()
                        .map(|literal| literal.text.clone())
                        .collect(),
                )),
                SearchPlan::LinePrefixes(prefixes) => {
                    count(&SearchPlan::LinePrefixes(prefixes.clone()));
                }
                SearchPlan::EveryLine => count(&SearchPlan::EveryLine),
            }),
            RulePlan::Patterns(plans) => plans.iter().for_each(|plan| count(&plan.search)),
            _ => {}
        }
    }
    println!(
        "phrases and patterns found by literals of at least {MIN_LITERAL} bytes: {}, by shorter \
         ones: {short}, by line prefixes: {prefixes}, tried on every line: {every_line}",
        long.len()
    );
    long.into_iter().flatten().collect()
}

/// The pieces of all literals, as a bitmap of their hashes.
struct Pieces {
    bitmap: Vec<u64>,
    shift: u32,
}

impl Pieces {
    fn new(literals: &[Vec<u8>], bits: u32) -> Self {
        let mut pieces = Self {
            bitmap: vec![0; 1 << (bits - 6)],
            shift: 32 - bits,
        };
        for literal in literals {
            for piece in literal.windows(PIECE).take(STRIDE) {
                let index = pieces.index(piece);
                pieces.bitmap[index / 64] |= 1 << (index % 64);
            }
        }
        pieces
    }

    #[inline]
    fn index(&self, piece: &[u8]) -> usize {
        let bytes = u32::from_le_bytes([piece[0], piece[1], piece[2], piece[3]]) | 0x2020_2020;
        (bytes.wrapping_mul(0x9E37_79B1) >> self.shift) as usize
    }

    #[inline]
    fn contains(&self, piece: &[u8]) -> bool {
        let index = self.index(piece);
        self.bitmap[index / 64] & 1 << (index % 64) != 0
    }

    /// Replaces `found` by the positions of pieces, in bytes.
    fn scan(&self, text: &[u8], found: &mut Vec<usize>) {
        found.clear();
        for (number, piece) in text.windows(PIECE).step_by(STRIDE).enumerate() {
            if self.contains(piece) {
                found.push(number * STRIDE);
            }
        }
    }
}

/// Prints how fast a text is scanned, how often a piece is found, and which share of the text is on
/// lines that have to be normalized: short ones, those with a piece, and those that are not ASCII.
fn report(path: &Path, text: &str, pieces: &Pieces) {
    let mut found = Vec::new();
    let mut fastest = Duration::MAX;
    for _ in 0..PASSES {
        let start = Instant::now();
        pieces.scan(text.as_bytes(), &mut found);
        fastest = fastest.min(start.elapsed());
    }
    let (mut short, mut other, mut plain) = (0, 0, 0);
    let mut at = 0;
    let mut hits = found.iter().copied().peekable();
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        let mut is_hit = false;
        while hits.next_if(|&hit| hit < end).is_some() {
            is_hit = true;
        }
        if line.len() <= SHORT_LINE {
            short += line.len();
        } else if is_hit || !line.is_ascii() {
            other += line.len();
        } else {
            plain += line.len();
        }
        at = end;
    }
    let share = |bytes: usize| bytes as f64 * 100.0 / text.len() as f64;
    println!(
        "{} {} KB bitmap: {:.0} MB/s, {:.1} pieces per KB; bytes on short lines {:.0} %, on long \
         lines with a piece or not ASCII {:.0} %, on others {:.0} %",
        path.file_name().unwrap_or_default().to_string_lossy(),
        pieces.bitmap.len() / 128,
        text.len() as f64 / 1e6 / fastest.as_secs_f64(),
        found.len() as f64 * 1000.0 / text.len() as f64,
        share(short),
        share(other),
        share(plain),
    );
}
