//! The gate: finds fragments of rules in folded text in one pass. Each fragment is looked for under its rarest four bytes;
//! a bit table says for the four bytes at each place whether some fragment may hold them there, and only then is anything
//! compared. Fragments of fewer bytes have a table of their own, by their first two.

use crate::rarity::{LONGEST, rarest};
use rustc_hash::FxHashMap;

/// The bit table for four bytes has two to this power bits.
const BITS: u32 = 18;
/// So many places are looked up before those that are worth it are compared.
const BLOCK: usize = 4096;

/// Fragments with what is to be tried where they stand.
#[derive(Debug)]
pub(super) struct Gate<T> {
    fragments: Vec<Fragment<T>>,
    index: FxHashMap<Vec<u8>, usize>,
    /// Whether a key hashes to a place.
    long: Vec<u64>,
    /// Whether a short fragment begins with two bytes.
    short: Vec<u64>,
    /// Fragments, by key, with the place of the key in them. Short ones by their first two bytes.
    by_key: FxHashMap<u32, Vec<(u32, u32)>>,
    by_pair: FxHashMap<u16, Vec<u32>>,
}

#[derive(Debug)]
struct Fragment<T> {
    text: Vec<u8>,
    targets: Vec<T>,
}

impl<T> Default for Gate<T> {
    fn default() -> Self {
        Self {
            fragments: Vec::new(),
            index: FxHashMap::default(),
            long: vec![0; 1 << (BITS - 6)],
            short: vec![0; 1 << 10],
            by_key: FxHashMap::default(),
            by_pair: FxHashMap::default(),
        }
    }
}

impl<T> Gate<T> {
    /// Adds a target to a fragment. A space of the fragment stands for a line end as well.
    pub(super) fn add(&mut self, text: &[u8], target: T) {
        if let Some(&known) = self.index.get(text) {
            return self.fragments[known].targets.push(target);
        }
        let number = self.fragments.len();
        self.index.insert(text.to_vec(), number);
        self.fragments.push(Fragment { text: text.to_vec(), targets: vec![target] });
        let offset = rarest(text).0;
        for key in spellings(&text[offset..text.len().min(offset + LONGEST)]) {
            if let Ok(bytes) = <[u8; LONGEST]>::try_from(key.as_slice()) {
                let key = u32::from_le_bytes(bytes);
                set(&mut self.long, place(key));
                self.by_key.entry(key).or_default().push((number as u32, offset as u32));
            } else {
                // One byte alone may have any other behind it.
                let seconds = key.get(1).map_or(0..=u8::MAX, |&second| second..=second);
                for second in seconds {
                    let pair = u16::from_le_bytes([key[0], second]);
                    set(&mut self.short, usize::from(pair));
                    let fragments = self.by_pair.entry(pair).or_default();
                    // Both spellings of a space may follow a pair.
                    if fragments.last() != Some(&(number as u32)) {
                        fragments.push(number as u32);
                    }
                }
            }
        }
    }

    /// Calls `each` for every place at which a fragment stands, with the targets of the fragment.
    pub(super) fn find<'g>(&'g self, text: &[u8], mut each: impl FnMut(usize, &'g [T])) {
        let mut places = [0u32; BLOCK];
        let padded = text.len().saturating_sub(LONGEST - 1);
        let mut from = 0;
        while from < padded {
            let to = padded.min(from + BLOCK);
            let mut count = 0;
            for (at, bytes) in (from..to).zip(text[from..].array_windows()) {
                places[count] = at as u32;
                count += usize::from(self.may_hold(u32::from_le_bytes(*bytes)));
            }
            for &at in &places[..count] {
                self.compare(text, at as usize, load(text, at as usize), &mut each);
            }
            from = to;
        }
        for at in padded..text.len() {
            self.compare(text, at, load(text, at), &mut each);
        }
    }

    fn may_hold(&self, word: u32) -> bool {
        has(&self.long, place(word)) | has(&self.short, usize::from(word as u16))
    }

    fn compare<'g>(&'g self, text: &[u8], at: usize, word: u32, each: &mut impl FnMut(usize, &'g [T])) {
        let mut check = |number: u32, offset: u32| {
            let fragment = &self.fragments[number as usize];
            if let Some(start) = at.checked_sub(offset as usize)
                && stands_at(text, start, &fragment.text)
            {
                each(start, &fragment.targets);
            }
        };
        if has(&self.long, place(word)) {
            self.by_key.get(&word).into_iter().flatten().for_each(|&(number, offset)| check(number, offset));
        }
        if has(&self.short, usize::from(word as u16)) {
            self.by_pair.get(&(word as u16)).into_iter().flatten().for_each(|&number| check(number, 0));
        }
    }
}

/// The four bytes at a place, as if zeros followed the text.
fn load(text: &[u8], at: usize) -> u32 {
    let mut bytes = [0; LONGEST];
    let rest = &text[at..text.len().min(at + LONGEST)];
    bytes[..rest.len()].copy_from_slice(rest);
    u32::from_le_bytes(bytes)
}

fn place(key: u32) -> usize {
    (key.wrapping_mul(0x9E37_79B1) >> (32 - BITS)) as usize
}

fn set(table: &mut [u64], bit: usize) {
    table[bit / 64] |= 1 << (bit % 64);
}

fn has(table: &[u64], bit: usize) -> bool {
    table[bit / 64] >> (bit % 64) & 1 != 0
}

/// A text with a space or a line end for each of its spaces.
fn spellings(text: &[u8]) -> Vec<Vec<u8>> {
    text.iter().fold(vec![Vec::new()], |begun, &byte| {
        let spelled = if byte == b' ' { &b" \n"[..] } else { std::slice::from_ref(&byte) };
        begun.iter().flat_map(|start| spelled.iter().map(move |&byte| [start.as_slice(), &[byte]].concat())).collect()
    })
}

/// Whether a fragment stands at a place.
fn stands_at(text: &[u8], start: usize, fragment: &[u8]) -> bool {
    let alike = |(own, found): (&u8, &u8)| own == found || (*own == b' ' && *found == b'\n');
    text.get(start..start + fragment.len()).is_some_and(|found| fragment.iter().zip(found).all(alike))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The plain way: every fragment at every place.
    fn reference(fragments: &[&str], text: &str) -> Vec<(usize, usize)> {
        let pairs = |at| (0..fragments.len()).map(move |number| (at, number));
        (0..text.len()).flat_map(pairs).filter(|&(at, number)| stands_at(text.as_bytes(), at, fragments[number].as_bytes())).collect()
    }

    fn found(fragments: &[&str], text: &str) -> Vec<(usize, usize)> {
        let mut gate = Gate::default();
        fragments.iter().enumerate().for_each(|(number, fragment)| gate.add(fragment.as_bytes(), number));
        let mut found = Vec::new();
        gate.find(text.as_bytes(), |at, targets| found.extend(targets.iter().map(|&number| (at, number))));
        found.sort_unstable();
        found
    }

    #[test]
    fn the_gate_finds_what_the_plain_way_finds() {
        let mut state = 1u64;
        let mut draw = |most: usize| {
            state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
            (state >> 33) as usize % most
        };
        for _ in 0..300 {
            let mut words = |count: usize| (0..count).map(|_| ["a", "b", "ab ", "ba", " ", "\n", "é", "新", "@"][draw(9)]).collect::<String>();
            let text = words(300);
            let fragments: Vec<String> = (1..12).map(|count| words(count / 2 + 1).replace('\n', " ")).collect();
            let mut fragments: Vec<&str> = fragments.iter().map(String::as_str).collect();
            fragments.sort_unstable();
            fragments.dedup();
            assert_eq!(found(&fragments, &text), reference(&fragments, &text), "{fragments:?} in {text:?}");
        }
    }

    #[test]
    fn fragments_are_found_at_the_ends_and_over_line_ends() {
        assert_eq!(found(&["b", "ab", "to our newsletter"], "ab to our\nnewsletter ab"), [(0, 1), (1, 0), (3, 2), (21, 1), (22, 0)]);
        assert_eq!(found(&["share"], &format!("{}share", "x".repeat(10_000))), [(10_000, 0)]);
        assert!(found(&["share"], "shar").is_empty());
    }
}
