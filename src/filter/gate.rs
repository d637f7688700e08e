//! The gate: finds fragments of rules in folded text in one pass. Each fragment is looked for under its rarest four bytes;
//! a bit table says for the four bytes at each place whether some fragment may hold them there. What passes is looked up
//! and compared, eight bytes at once. Fragments of fewer than four bytes have a table of their own, by two.

use crate::rarity::{LONGEST, rarest_of};
use rustc_hash::FxHashMap;

/// The bit table for four bytes has two to this power bits, that for two bytes one for each pair.
const LONG_BITS: u32 = 18;
const SHORT_BITS: u32 = 16;
/// The bytes of a short key.
const SHORT: usize = 2;
/// Keys are grouped by so many upper bits of their place in it.
const GROUPS: u32 = 12;
/// So many places are looked up before those that are worth it are compared.
const BLOCK: usize = 512;

/// Fragments with what is to be tried where they stand.
#[derive(Debug)]
pub(super) struct Gate<T> {
    fragments: Vec<Fragment<T>>,
    index: FxHashMap<Vec<u8>, usize>,
    /// Fragments by four of their bytes, and short ones by two.
    long: Keys<LONG_BITS>,
    short: Keys<SHORT_BITS>,
}

#[derive(Debug)]
struct Fragment<T> {
    text: Vec<u8>,
    targets: Vec<T>,
}

/// Fragments by keys, which have two to the power of `BITS` places.
#[derive(Debug)]
struct Keys<const BITS: u32> {
    /// A bit for each place that a key has.
    bits: Vec<u64>,
    /// Where the entries of each group of places start, and all entries, by their place.
    starts: Vec<u32>,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    key: u32,
    fragment: u32,
    /// Where the key stands in the fragment.
    offset: u32,
    /// The first bytes of the fragment, and which of eight bytes of a text are to be compared with them.
    head: u64,
    mask: u64,
}

impl<T> Default for Gate<T> {
    fn default() -> Self {
        Self { fragments: Vec::new(), index: FxHashMap::default(), long: Keys::default(), short: Keys::default() }
    }
}

impl<const BITS: u32> Default for Keys<BITS> {
    fn default() -> Self {
        Self { bits: vec![0; 1 << (BITS - 6)], starts: vec![0; (1 << GROUPS) + 1], entries: Vec::new() }
    }
}

impl<const BITS: u32> Keys<BITS> {
    fn place(key: u32) -> usize {
        if BITS == 8 * SHORT as u32 {
            return key as usize;
        }
        (key.wrapping_mul(0x9E37_79B1) >> (32 - BITS)) as usize
    }

    fn group(key: u32) -> usize {
        Self::place(key) >> (BITS - GROUPS)
    }

    fn add(&mut self, entry: Entry) {
        let place = Self::place(entry.key);
        self.bits[place / 64] |= 1 << (place % 64);
        self.entries.push(entry);
    }

    /// Orders the entries, once all are there.
    fn build(&mut self) {
        self.entries.sort_unstable_by_key(|entry| (Self::place(entry.key), *entry));
        self.entries.dedup();
        self.starts.fill(0);
        self.entries.iter().for_each(|entry| self.starts[Self::group(entry.key) + 1] += 1);
        (1..self.starts.len()).for_each(|group| self.starts[group] += self.starts[group - 1]);
    }

    fn may_have(&self, key: u32) -> bool {
        let place = Self::place(key);
        self.bits[place / 64] >> (place % 64) & 1 != 0
    }

    fn get(&self, key: u32) -> impl Iterator<Item = &Entry> {
        let group = Self::group(key);
        let range = if self.may_have(key) { self.starts[group] as usize..self.starts[group + 1] as usize } else { 0..0 };
        self.entries[range].iter().filter(move |entry| entry.key == key)
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
        let length = if text.len() < LONGEST { SHORT.min(text.len()) } else { LONGEST };
        let offset = rarest_of(text, length).0;
        let mask = u64::MAX >> (8 * 8usize.saturating_sub(text.len()).min(7));
        let entry = Entry { key: 0, fragment: number as u32, offset: offset as u32, head: load(text, 0) & mask, mask };
        for key in spellings(&text[offset..offset + length]) {
            if let Ok(bytes) = <[u8; LONGEST]>::try_from(key.as_slice()) {
                self.long.add(Entry { key: u32::from_le_bytes(bytes), ..entry });
            } else {
                // One byte alone may have any other behind it.
                let seconds = key.get(1).map_or(0..=u8::MAX, |&second| second..=second);
                seconds.for_each(|second| self.short.add(Entry { key: u32::from(u16::from_le_bytes([key[0], second])), ..entry }));
            }
        }
    }

    /// Makes the fragments ready to be found, once all are there.
    pub(super) fn build(&mut self) {
        self.index = FxHashMap::default();
        self.long.build();
        self.short.build();
    }

    /// Calls `each` for every place at which a fragment stands, with the targets of the fragment.
    pub(super) fn find<'g>(&'g self, text: &[u8], mut each: impl FnMut(usize, &'g [T])) {
        let mut places = [0u32; BLOCK];
        let padded = text.len().saturating_sub(LONGEST - 1);
        let mut from = 0;
        while from < padded {
            let to = padded.min(from + BLOCK);
            let mut count = 0;
            for (at, bytes) in (from as u32..).zip(text[from..to + LONGEST - 1].windows(LONGEST)) {
                let word = bytes.try_into().map_or(0, u32::from_le_bytes);
                places[count % BLOCK] = at;
                count += usize::from(self.long.may_have(word) | self.short.may_have(word & 0xFFFF));
            }
            places[..count].iter().for_each(|&at| self.compare(text, at as usize, &mut each));
            from = to;
        }
        (padded..text.len()).for_each(|at| self.compare(text, at, &mut each));
    }

    fn compare<'g>(&'g self, text: &[u8], at: usize, each: &mut impl FnMut(usize, &'g [T])) {
        let word = load(text, at) as u32;
        for entry in self.long.get(word).chain(self.short.get(word & 0xFFFF)) {
            if let Some(start) = at.checked_sub(entry.offset as usize)
                && without_line_ends(load(text, start)) & entry.mask == entry.head
            {
                let fragment = &self.fragments[entry.fragment as usize];
                if stands_at(text, start, &fragment.text) {
                    each(start, &fragment.targets);
                }
            }
        }
    }
}

/// The eight bytes at a place, as if zeros followed the text.
fn load(text: &[u8], at: usize) -> u64 {
    if let Some(bytes) = text.get(at..).and_then(<[u8]>::first_chunk) {
        return u64::from_le_bytes(*bytes);
    }
    let mut bytes = [0; 8];
    let rest = text.get(at..).unwrap_or_default();
    bytes[..rest.len()].copy_from_slice(rest);
    u64::from_le_bytes(bytes)
}

/// Eight bytes with a space for each line end.
fn without_line_ends(bytes: u64) -> u64 {
    const ALL: u64 = u64::MAX / 255;
    let other = bytes ^ (ALL * u64::from(b'\n'));
    // The upper bit of each byte that is a line end.
    let ends = !(((other & (ALL * 0x7F)) + ALL * 0x7F) | other | (ALL * 0x7F));
    bytes ^ ((ends >> 7) * u64::from(b'\n' ^ b' '))
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
        gate.build();
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
            let mut words =
                |count: usize| (0..count).map(|_| ["a", "b", "ab ", "ba", " ", "\n", "é", "新", "@"][draw(9)]).collect::<String>();
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
