//! The gate: finds literals of rules in folded text in one pass that reads every other place. Each literal is looked for
//! under two runs of four bytes that stand side by side, so that one of them begins at a place that is read; of all such
//! pairs the rarest is chosen. A table says for four bytes whether some literal may hold them, a second one for six.
//! What passes both is looked up and compared, eight bytes at once. Fragments of fewer than five bytes are looked for in
//! the same way, under runs of two and three bytes.

use dechaff_rules::ngrams::{NGRAM_LEN, rarest_pair};

/// Places that are read are so far apart.
const STRIDE: usize = 2;
/// The bytes of a key and of the longer one that is asked for next, where a literal has as many.
const PROBE4: usize = NGRAM_LEN;
const PROBE6: usize = 6;
/// The same of index3 literals.
const PROBE2: usize = 2;
const PROBE3: usize = 3;
/// Entries stand in so many groups, by the hashes of their filter4.
const BUCKETS: usize = 1 << 13;
/// So many bytes are read before the probes in them that are worth it are compared.
const BLOCK_LEN: usize = 1024;

/// Fragments with what is to be tried where they stand.
#[derive(Debug)]
pub(super) struct Prefilter<T> {
    literals: Vec<PrefilterLiteral<T>>,
    texts: Vec<u8>,
    filter4: HashFilter<PROBE4, { 1 << 17 }>,
    filter2: HashFilter<PROBE2, { 1 << 16 }>,
    index6: HashIndex<PROBE6, { 1 << 17 }>,
    /// Keys of literals that have too few bytes behind them for a index6 one.
    index4: HashIndex<PROBE4, { 1 << 15 }>,
    index3: HashIndex<PROBE3, { 1 << 15 }>,
    index2: HashIndex<PROBE2, { 1 << 16 }>,
}

#[derive(Debug)]
struct PrefilterLiteral<T> {
    /// Where its text stands among those of all.
    start: u32,
    end: u32,
    target: T,
}

/// A set of hashes of filter4 of so many bytes: a byte for each hash, which is read faster than a bit.
#[derive(Debug)]
struct HashFilter<const BYTES: usize, const SLOTS: usize>(Box<[u8; SLOTS]>);

/// Fragments by filter4 of so many bytes.
#[derive(Debug, Default)]
struct HashIndex<const BYTES: usize, const SLOTS: usize> {
    hashes: HashFilter<BYTES, SLOTS>,
    /// Where the entries of each bucket of hashes start.
    starts: Vec<u32>,
    /// With the hash of the key.
    entries: Vec<(u32, Entry)>,
}

/// How a literal stands around a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    literal: u32,
    /// Where the key stands in the literal; before its only byte, if it has but one.
    offset: i16,
    /// Up to eight bytes of the literal that hold the key, how far before the key they start, and how many they are.
    bytes: u64,
    before: i8,
    length: u8,
}

impl<const BYTES: usize, const SLOTS: usize> Default for HashFilter<BYTES, SLOTS> {
    fn default() -> Self {
        // Memory that is zero already, so that a page of it is only there once it is written to.
        let zeros = vec![0; SLOTS].into_boxed_slice();
        Self(zeros.try_into().unwrap_or_else(|_| Box::new([0; SLOTS])))
    }
}

impl<const BYTES: usize, const SLOTS: usize> HashFilter<BYTES, SLOTS> {
    /// The hash of the key with which eight bytes begin: the key itself, where there is a place for each. The multiplier is
    /// shifted so that no other byte counts.
    fn hash(bytes: u64) -> usize {
        const { assert!(SLOTS.is_power_of_two()) };
        if SLOTS == 1 << (8 * BYTES) {
            return bytes as usize % SLOTS;
        }
        (bytes.wrapping_mul(0x9E37_79B9_7F4A_7C15 << (64 - 8 * BYTES)) >> (64 - SLOTS.ilog2()))
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

impl<const BYTES: usize, const SLOTS: usize> HashIndex<BYTES, SLOTS> {
    fn add(&mut self, bytes: u64, entry: Entry) {
        self.hashes.add(bytes);
        self.entries
            .push((HashFilter::<BYTES, SLOTS>::hash(bytes) as u32, entry));
    }

    /// Orders the entries by groups, once all are there.
    fn build(&mut self) {
        // By counting, for this is part of each start of the program; a bucket has few.
        let bucket = |hash: u32| hash as usize / (SLOTS / BUCKETS);
        self.starts = vec![0; BUCKETS + 1];
        self.entries
            .iter()
            .for_each(|(hash, _)| self.starts[bucket(*hash) + 1] += 1);
        (0..BUCKETS).for_each(|bucket| self.starts[bucket + 1] += self.starts[bucket]);
        let mut next = self.starts.clone();
        let mut ordered = self.entries.clone();
        for entry in self.entries.drain(..) {
            let next = &mut next[bucket(entry.0)];
            ordered[*next as usize] = entry;
            *next += 1;
        }
        self.entries = ordered;
    }

    fn get(&self, bytes: u64) -> impl Iterator<Item = &Entry> {
        let hash = HashFilter::<BYTES, SLOTS>::hash(bytes);
        let bucket = hash / (SLOTS / BUCKETS);
        let range = if self.hashes.0[hash] == 0 {
            0..0
        } else {
            self.starts[bucket] as usize..self.starts[bucket + 1] as usize
        };
        self.entries[range]
            .iter()
            .filter(move |(own, _)| *own as usize == hash)
            .map(|(_, entry)| entry)
    }
}

impl<T> Default for Prefilter<T> {
    fn default() -> Self {
        let (literals, texts) = Default::default();
        let (filter4, filter2, index6, index4, index3, index2) = Default::default();
        Self {
            literals,
            texts,
            filter4,
            filter2,
            index6,
            index4,
            index3,
            index2,
        }
    }
}

impl<T> Prefilter<T> {
    /// Adds a target to a literal. A space of the literal stands for a line end as well.
    pub(super) fn add(&mut self, text: &[u8], target: T) {
        let (number, start) = (self.literals.len(), self.texts.len());
        self.texts.extend_from_slice(text);
        self.literals.push(PrefilterLiteral {
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
                literal: number as u32,
                offset,
                bytes: load(bytes, 0),
                before,
                length,
            }
        };
        if text.len() < PROBE4 + STRIDE - 1 {
            return self.add_short(text, entry);
        }
        // Keys that are part of index6 filter4 are told better, even if others are rarer.
        let first = rarest_pair(if text.len() > PROBE6 {
            &text[..text.len() - (PROBE6 - PROBE4)]
        } else {
            text
        });
        for offset in first..first + STRIDE {
            let (key, entry) = (&text[offset..offset + PROBE4], entry(offset as isize));
            space_variants(key).for_each(|key| self.filter4.add(key));
            match text.get(offset..offset + PROBE6) {
                Some(index6) => space_variants(index6).for_each(|key| self.index6.add(key, entry)),
                None => space_variants(key).for_each(|key| self.index4.add(key, entry)),
            }
        }
    }

    /// Adds a literal of fewer bytes. For one that it does not have any may stand.
    fn add_short(&mut self, text: &[u8], entry: impl Fn(isize) -> Entry) {
        let last = if text.len() == 1 { -1 } else { 1 };
        for offset in [0, last] {
            let run: Vec<u8> = (offset..)
                .take(PROBE3)
                .filter_map(|at| text.get(usize::try_from(at).ok()?))
                .copied()
                .collect();
            for key in space_variants(&run) {
                // A run of one byte has any other before or behind it.
                let others = if run.len() == 1 {
                    0..=u64::from(u8::MAX)
                } else {
                    0..=0
                };
                let filter4 = others.map(|other| {
                    if offset < 0 {
                        key << 8 | other
                    } else {
                        key | other << 8
                    }
                });
                for index2 in filter4 {
                    self.filter2.add(index2);
                    if run.len() < PROBE3 {
                        self.index2.add(index2, entry(offset));
                    }
                }
                if run.len() == PROBE3 {
                    self.index3.add(key, entry(offset));
                }
            }
        }
    }

    /// Makes the literals ready to be found, once all are there.
    pub(super) fn build(&mut self) {
        self.index6.build();
        self.index4.build();
        self.index3.build();
        self.index2.build();
    }

    /// Calls `each` for every place at which a literal stands, with the target of the literal.
    pub(super) fn find<'g>(&'g self, text: &[u8], each: impl FnMut(usize, &'g T)) {
        let has_short = !(self.index3.entries.is_empty() && self.index2.entries.is_empty());
        if has_short {
            self.read::<true>(text, each)
        } else {
            self.read::<false>(text, each)
        }
    }

    fn read<'g, const HAS_SHORT: bool>(&'g self, text: &[u8], mut each: impl FnMut(usize, &'g T)) {
        const EIGHT: usize = 8;
        let index3 = |word: u64| {
            if HAS_SHORT {
                self.filter2.may_have(word)
            } else {
                0
            }
        };
        let mut probes = [0u32; BLOCK_LEN / STRIDE];
        // Eight bytes at once, as long as eight more follow.
        let whole = (text.len() / EIGHT).saturating_sub(1);
        let (eights, _) = text.as_chunks::<EIGHT>();
        let mut from = 0;
        while from < whole {
            let to = whole.min(from + BLOCK_LEN / EIGHT);
            let mut count = 0;
            for (at, pair) in (from..).zip(eights[from..=to].windows(2)) {
                for step in 0..EIGHT / STRIDE {
                    let word = pair.as_flattened()[step * STRIDE..][..EIGHT]
                        .try_into()
                        .map_or(0, u64::from_le_bytes);
                    probes[count % (BLOCK_LEN / STRIDE)] = (at * EIGHT + step * STRIDE) as u32;
                    count += usize::from(self.filter4.may_have(word) | index3(word));
                }
            }
            // Of these most are left out, which is told without a branch.
            let mut left = 0;
            for index in 0..count {
                probes[left] = probes[index];
                let word = load(text, probes[index] as usize);
                let long = self.index6.hashes.may_have(word) | self.index4.hashes.may_have(word);
                let index3 = self.index3.hashes.may_have(word) | self.index2.hashes.may_have(word);
                left += usize::from(long | index3);
            }
            probes[..left]
                .iter()
                .for_each(|&at| self.lookup(text, at as usize, &mut each));
            from = to;
        }
        (whole * EIGHT..text.len())
            .step_by(STRIDE)
            .for_each(|at| self.lookup(text, at, &mut each));
    }

    fn lookup<'g>(&'g self, text: &[u8], at: usize, each: &mut impl FnMut(usize, &'g T)) {
        let word = load(text, at);
        self.index6
            .get(word)
            .for_each(|entry| self.verify(entry, text, at, each));
        self.index4
            .get(word)
            .for_each(|entry| self.verify(entry, text, at, each));
        self.index3
            .get(word)
            .for_each(|entry| self.verify(entry, text, at, each));
        self.index2
            .get(word)
            .for_each(|entry| self.verify(entry, text, at, each));
    }

    fn verify<'g>(
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
        let PrefilterLiteral { start, end, target } = &self.literals[entry.literal as usize];
        let literal = &self.texts[*start as usize..*end as usize];
        if let Some(start) = place(entry.offset.into()).filter(|&start| is_at(text, start, literal))
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
fn space_variants(text: &[u8]) -> impl Iterator<Item = u64> {
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

/// Whether a literal stands at a place.
fn is_at(text: &[u8], start: usize, literal: &[u8]) -> bool {
    let alike = |(own, found): (&u8, &u8)| own == found || (*own == b' ' && *found == b'\n');
    text.get(start..start + literal.len())
        .is_some_and(|found| literal.iter().zip(found).all(alike))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The plain way: every literal at every place.
    fn reference(literals: &[&str], text: &str) -> Vec<(usize, usize)> {
        let pairs = |at| (0..literals.len()).map(move |number| (at, number));
        (0..text.len())
            .flat_map(pairs)
            .filter(|&(at, number)| is_at(text.as_bytes(), at, literals[number].as_bytes()))
            .collect()
    }

    fn found(literals: &[&str], text: &str) -> Vec<(usize, usize)> {
        let mut prefilter = Prefilter::default();
        literals
            .iter()
            .enumerate()
            .for_each(|(number, literal)| prefilter.add(literal.as_bytes(), number));
        prefilter.build();
        let mut found = Vec::new();
        prefilter.find(text.as_bytes(), |at, &number| found.push((at, number)));
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
            let literals: Vec<String> = (1..12)
                .map(|count| words(count / 2 + 1).replace('\n', " "))
                .collect();
            let mut literals: Vec<&str> = literals.iter().map(String::as_str).collect();
            literals.sort_unstable();
            literals.dedup();
            assert_eq!(
                found(&literals, &text),
                reference(&literals, &text),
                "{literals:?} in {text:?}"
            );
        }
    }

    #[test]
    fn literals_are_found_at_the_ends_and_over_line_ends() {
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
