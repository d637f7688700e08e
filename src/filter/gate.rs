//! The gate: finds fragments of rules in folded text in one pass that reads every other place. Each fragment is looked for
//! under two runs of four bytes that stand side by side, so that one of them begins at a place that is read; of all such
//! pairs the rarest is chosen. A table says for four bytes whether some fragment may hold them, a second one for six.
//! What passes both is looked up and compared, eight bytes at once. Fragments of fewer than five bytes are looked for in
//! the same way, under runs of two and three bytes.

use crate::rarity::{LONGEST, rarest_pair};

/// Places that are read are so far apart.
const STRIDE: usize = 2;
/// The bytes of a key and of the longer one that is asked for next, where a fragment has as many.
const KEY: usize = LONGEST;
const DEEP: usize = 6;
/// The same of short fragments.
const SHORTEST: usize = 2;
const SHORT: usize = 3;
/// Entries stand in so many groups, by the hashes of their keys.
const GROUPS: usize = 1 << 13;
/// So many bytes are read before the places in them that are worth it are compared.
const BLOCK: usize = 1024;

/// Fragments with what is to be tried where they stand.
#[derive(Debug)]
pub(super) struct Prefilter<T> {
    fragments: Vec<PrefilterLiteral<T>>,
    texts: Vec<u8>,
    keys: HashFilter<KEY, { 1 << 17 }>,
    short_keys: HashFilter<SHORTEST, { 1 << 16 }>,
    deep: HashIndex<DEEP, { 1 << 17 }>,
    /// Keys of fragments that have too few bytes behind them for a deep one.
    shallow: HashIndex<KEY, { 1 << 15 }>,
    short: HashIndex<SHORT, { 1 << 15 }>,
    shortest: HashIndex<SHORTEST, { 1 << 16 }>,
}

#[derive(Debug)]
struct PrefilterLiteral<T> {
    /// Where its text stands among those of all.
    start: u32,
    end: u32,
    target: T,
}

/// A set of hashes of keys of so many bytes: a byte for each hash, which is read faster than a bit.
#[derive(Debug)]
struct HashFilter<const BYTES: usize, const PLACES: usize>(Box<[u8; PLACES]>);

/// Fragments by keys of so many bytes.
#[derive(Debug, Default)]
struct HashIndex<const BYTES: usize, const PLACES: usize> {
    hashes: HashFilter<BYTES, PLACES>,
    /// Where the entries of each group of hashes start.
    starts: Vec<u32>,
    /// With the hash of the key.
    entries: Vec<(u32, Entry)>,
}

/// How a fragment stands around a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    fragment: u32,
    /// Where the key stands in the fragment; before its only byte, if it has but one.
    offset: i16,
    /// Up to eight bytes of the fragment that hold the key, how far before the key they start, and how many they are.
    bytes: u64,
    before: i8,
    length: u8,
}

impl<const BYTES: usize, const PLACES: usize> Default for HashFilter<BYTES, PLACES> {
    fn default() -> Self {
        // Memory that is zero already, so that a page of it is only there once it is written to.
        let zeros = vec![0; PLACES].into_boxed_slice();
        Self(zeros.try_into().unwrap_or_else(|_| Box::new([0; PLACES])))
    }
}

impl<const BYTES: usize, const PLACES: usize> HashFilter<BYTES, PLACES> {
    /// The hash of the key with which eight bytes begin: the key itself, where there is a place for each. The multiplier is
    /// shifted so that no other byte counts.
    fn hash(bytes: u64) -> usize {
        const { assert!(PLACES.is_power_of_two()) };
        if PLACES == 1 << (8 * BYTES) {
            return bytes as usize % PLACES;
        }
        (bytes.wrapping_mul(0x9E37_79B9_7F4A_7C15 << (64 - 8 * BYTES)) >> (64 - PLACES.ilog2()))
            as usize
    }

    fn add(&mut self, bytes: u64) {
        self.0[Self::hash(bytes)] = 1;
    }

    /// 1 if the key with which eight bytes begin may be one of these, else 0.
    fn may_have(&self, bytes: u64) -> u8 {
        self.0[Self::hash(bytes)]
    }
}

impl<const BYTES: usize, const PLACES: usize> HashIndex<BYTES, PLACES> {
    fn add(&mut self, bytes: u64, entry: Entry) {
        self.hashes.add(bytes);
        self.entries
            .push((HashFilter::<BYTES, PLACES>::hash(bytes) as u32, entry));
    }

    /// Orders the entries by groups, once all are there.
    fn build(&mut self) {
        // By counting, for this is part of each start of the program; a group has few.
        let group = |hash: u32| hash as usize / (PLACES / GROUPS);
        self.starts = vec![0; GROUPS + 1];
        self.entries
            .iter()
            .for_each(|(hash, _)| self.starts[group(*hash) + 1] += 1);
        (0..GROUPS).for_each(|group| self.starts[group + 1] += self.starts[group]);
        let mut next = self.starts.clone();
        let mut ordered = self.entries.clone();
        for entry in self.entries.drain(..) {
            let next = &mut next[group(entry.0)];
            ordered[*next as usize] = entry;
            *next += 1;
        }
        self.entries = ordered;
    }

    fn get(&self, bytes: u64) -> impl Iterator<Item = &Entry> {
        let hash = HashFilter::<BYTES, PLACES>::hash(bytes);
        let group = hash / (PLACES / GROUPS);
        let range = if self.hashes.0[hash] == 0 {
            0..0
        } else {
            self.starts[group] as usize..self.starts[group + 1] as usize
        };
        self.entries[range]
            .iter()
            .filter(move |(own, _)| *own as usize == hash)
            .map(|(_, entry)| entry)
    }
}

impl<T> Default for Prefilter<T> {
    fn default() -> Self {
        let (fragments, texts) = Default::default();
        let (keys, short_keys, deep, shallow, short, shortest) = Default::default();
        Self {
            fragments,
            texts,
            keys,
            short_keys,
            deep,
            shallow,
            short,
            shortest,
        }
    }
}

impl<T> Prefilter<T> {
    /// Adds a target to a fragment. A space of the fragment stands for a line end as well.
    pub(super) fn add(&mut self, text: &[u8], target: T) {
        let (number, start) = (self.fragments.len(), self.texts.len());
        self.texts.extend_from_slice(text);
        self.fragments.push(PrefilterLiteral {
            start: start as u32,
            end: self.texts.len() as u32,
            target,
        });
        let entry = |offset: isize| {
            let start = usize::try_from(offset)
                .unwrap_or(0)
                .min(text.len().saturating_sub(8));
            let bytes = &text[start..text.len().min(start + 8)];
            let (offset, before, length) = (
                offset as i16,
                (offset - start as isize) as i8,
                bytes.len() as u8,
            );
            Entry {
                fragment: number as u32,
                offset,
                bytes: load(bytes, 0),
                before,
                length,
            }
        };
        if text.len() < KEY + STRIDE - 1 {
            return self.add_short(text, entry);
        }
        // Keys that are part of deep keys are told better, even if others are rarer.
        let first = rarest_pair(if text.len() > DEEP {
            &text[..text.len() - (DEEP - KEY)]
        } else {
            text
        });
        for offset in first..first + STRIDE {
            let (key, entry) = (&text[offset..offset + KEY], entry(offset as isize));
            spellings(key).for_each(|key| self.keys.add(key));
            match text.get(offset..offset + DEEP) {
                Some(deep) => spellings(deep).for_each(|key| self.deep.add(key, entry)),
                None => spellings(key).for_each(|key| self.shallow.add(key, entry)),
            }
        }
    }

    /// Adds a fragment of fewer bytes. For one that it does not have any may stand.
    fn add_short(&mut self, text: &[u8], entry: impl Fn(isize) -> Entry) {
        let last = if text.len() == 1 { -1 } else { 1 };
        for offset in [0, last] {
            let run: Vec<u8> = (offset..)
                .take(SHORT)
                .filter_map(|at| text.get(usize::try_from(at).ok()?))
                .copied()
                .collect();
            for key in spellings(&run) {
                // A run of one byte has any other before or behind it.
                let others = if run.len() == 1 {
                    0..=u64::from(u8::MAX)
                } else {
                    0..=0
                };
                let keys = others.map(|other| {
                    if offset < 0 {
                        key << 8 | other
                    } else {
                        key | other << 8
                    }
                });
                for shortest in keys {
                    self.short_keys.add(shortest);
                    if run.len() < SHORT {
                        self.shortest.add(shortest, entry(offset));
                    }
                }
                if run.len() == SHORT {
                    self.short.add(key, entry(offset));
                }
            }
        }
    }

    /// Makes the fragments ready to be found, once all are there.
    pub(super) fn build(&mut self) {
        self.deep.build();
        self.shallow.build();
        self.short.build();
        self.shortest.build();
    }

    /// Calls `each` for every place at which a fragment stands, with the target of the fragment.
    pub(super) fn find<'g>(&'g self, text: &[u8], each: impl FnMut(usize, &'g T)) {
        let shorts = !(self.short.entries.is_empty() && self.shortest.entries.is_empty());
        if shorts {
            self.read::<true>(text, each)
        } else {
            self.read::<false>(text, each)
        }
    }

    fn read<'g, const SHORTS: bool>(&'g self, text: &[u8], mut each: impl FnMut(usize, &'g T)) {
        const EIGHT: usize = 8;
        let short = |word: u64| {
            if SHORTS {
                self.short_keys.may_have(word)
            } else {
                0
            }
        };
        let mut places = [0u32; BLOCK / STRIDE];
        // Eight bytes at once, as long as eight more follow.
        let whole = (text.len() / EIGHT).saturating_sub(1);
        let (eights, _) = text.as_chunks::<EIGHT>();
        let mut from = 0;
        while from < whole {
            let to = whole.min(from + BLOCK / EIGHT);
            let mut count = 0;
            for (at, pair) in (from..).zip(eights[from..=to].windows(2)) {
                for step in 0..EIGHT / STRIDE {
                    let word = pair.as_flattened()[step * STRIDE..][..EIGHT]
                        .try_into()
                        .map_or(0, u64::from_le_bytes);
                    places[count % (BLOCK / STRIDE)] = (at * EIGHT + step * STRIDE) as u32;
                    count += usize::from(self.keys.may_have(word) | short(word));
                }
            }
            // Of these most are left out, which is told without a branch.
            let mut left = 0;
            for index in 0..count {
                places[left] = places[index];
                let word = load(text, places[index] as usize);
                let long = self.deep.hashes.may_have(word) | self.shallow.hashes.may_have(word);
                let short = self.short.hashes.may_have(word) | self.shortest.hashes.may_have(word);
                left += usize::from(long | short);
            }
            places[..left]
                .iter()
                .for_each(|&at| self.compare(text, at as usize, &mut each));
            from = to;
        }
        (whole * EIGHT..text.len())
            .step_by(STRIDE)
            .for_each(|at| self.compare(text, at, &mut each));
    }

    fn compare<'g>(&'g self, text: &[u8], at: usize, each: &mut impl FnMut(usize, &'g T)) {
        let word = load(text, at);
        self.deep
            .get(word)
            .for_each(|entry| self.confirm(entry, text, at, each));
        self.shallow
            .get(word)
            .for_each(|entry| self.confirm(entry, text, at, each));
        self.short
            .get(word)
            .for_each(|entry| self.confirm(entry, text, at, each));
        self.shortest
            .get(word)
            .for_each(|entry| self.confirm(entry, text, at, each));
    }

    fn confirm<'g>(
        &'g self,
        entry: &Entry,
        text: &[u8],
        at: usize,
        each: &mut impl FnMut(usize, &'g T),
    ) {
        let place = |before: isize| at.checked_add_signed(-before);
        let Some(bytes) =
            place(entry.before.into()).map(|start| without_line_ends(load(text, start)))
        else {
            return;
        };
        let others = 64 - 8 * entry.length;
        if bytes << others != entry.bytes << others {
            return;
        }
        let PrefilterLiteral { start, end, target } = &self.fragments[entry.fragment as usize];
        let fragment = &self.texts[*start as usize..*end as usize];
        if let Some(start) =
            place(entry.offset.into()).filter(|&start| stands_at(text, start, fragment))
        {
            each(start, target);
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
pub(super) fn without_line_ends(bytes: u64) -> u64 {
    const ALL: u64 = u64::MAX / 255;
    let other = bytes ^ (ALL * u64::from(b'\n'));
    // The upper bit of each byte that is a line end.
    let ends = !(((other & (ALL * 0x7F)) + ALL * 0x7F) | other | (ALL * 0x7F));
    bytes ^ ((ends >> 7) * u64::from(b'\n' ^ b' '))
}

/// Up to eight bytes with a space or a line end for each of their spaces.
fn spellings(text: &[u8]) -> impl Iterator<Item = u64> {
    let spaces = (0..text.len())
        .filter(|&at| text[at] == b' ')
        .fold(0u8, |spaces, at| spaces | 1 << at);
    let bytes = load(text, 0);
    let spell = move |ends: u8| {
        (0..8)
            .filter(|at| ends >> at & 1 != 0)
            .fold(bytes, |bytes, at| {
                bytes ^ u64::from(b' ' ^ b'\n') << (8 * at)
            })
    };
    (0..=spaces)
        .filter(move |ends| ends & !spaces == 0)
        .map(spell)
}

/// Whether a fragment stands at a place.
fn stands_at(text: &[u8], start: usize, fragment: &[u8]) -> bool {
    let alike = |(own, found): (&u8, &u8)| own == found || (*own == b' ' && *found == b'\n');
    text.get(start..start + fragment.len())
        .is_some_and(|found| fragment.iter().zip(found).all(alike))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The plain way: every fragment at every place.
    fn reference(fragments: &[&str], text: &str) -> Vec<(usize, usize)> {
        let pairs = |at| (0..fragments.len()).map(move |number| (at, number));
        (0..text.len())
            .flat_map(pairs)
            .filter(|&(at, number)| stands_at(text.as_bytes(), at, fragments[number].as_bytes()))
            .collect()
    }

    fn found(fragments: &[&str], text: &str) -> Vec<(usize, usize)> {
        let mut gate = Prefilter::default();
        fragments
            .iter()
            .enumerate()
            .for_each(|(number, fragment)| gate.add(fragment.as_bytes(), number));
        gate.build();
        let mut found = Vec::new();
        gate.find(text.as_bytes(), |at, &number| found.push((at, number)));
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
            let mut words = |count: usize| {
                (0..count)
                    .map(|_| ["a", "b", "ab ", "ba", " ", "\n", "é", "新", "@"][draw(9)])
                    .collect::<String>()
            };
            let text = words(300);
            let fragments: Vec<String> = (1..12)
                .map(|count| words(count / 2 + 1).replace('\n', " "))
                .collect();
            let mut fragments: Vec<&str> = fragments.iter().map(String::as_str).collect();
            fragments.sort_unstable();
            fragments.dedup();
            assert_eq!(
                found(&fragments, &text),
                reference(&fragments, &text),
                "{fragments:?} in {text:?}"
            );
        }
    }

    #[test]
    fn fragments_are_found_at_the_ends_and_over_line_ends() {
        assert_eq!(
            found(
                &["b", "ab", "to our newsletter"],
                "ab to our\nnewsletter ab"
            ),
            [(0, 1), (1, 0), (3, 2), (21, 1), (22, 0)]
        );
        assert_eq!(
            found(&["share"], &format!("{}share", "x".repeat(10_000))),
            [(10_000, 0)]
        );
        assert!(found(&["share"], "shar").is_empty());
    }
}
