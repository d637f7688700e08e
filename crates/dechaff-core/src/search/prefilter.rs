//! The prefilter: finds several thousand literals in normalized text in one pass.
//!
//! Nearly every position of a text starts no literal, so the prefilter is built to reject a
//! position quickly. It probes only every second byte. A probe reads a key of four bytes at its
//! position and asks a table of hashes whether any literal has that key. A second table, with keys
//! of six bytes, rejects most of what is left. Only then are literals looked up and compared byte
//! by byte.
//!
//! A probe at every second byte must not miss a literal that starts at an odd offset. Each literal
//! is therefore indexed under two adjacent keys: wherever the literal is, one of them starts at an
//! even offset. Which pair of keys is used does not matter for the result, so it is the pair that
//! is rarest in ordinary text. For example, if the rarest pair of `privacy policy` is at offset 2,
//! its keys are
//!
//! ```text
//! literal         p r i v a c y _ p o l i c y
//! 4-byte keys         i v a c                   at offset 2
//!                       v a c y                 at offset 3
//! 6-byte keys         i v a c y _
//!                       v a c y _ p
//! ```
//!
//! and in the text `our privacy policy`, where the literal is at offset 4, the probes are
//!
//! ```text
//! offset    0   2   4   6   8
//! text      o u r _ p r i v a c y _ p o l i c y
//! probe 0   o u r _                               rejected: no literal has this key
//! probe 2       r _ p r                           rejected
//! probe 4           p r i v                       rejected
//! probe 6               i v a c                   accepted: the literal starts at 6 - 2 = 4
//! ```
//!
//! A space of a literal also matches a line end, since a phrase may be broken over lines. Keys with
//! spaces are added once for each combination of spaces and line ends.
//!
//! Literals of fewer than five bytes have no pair of 4-byte keys. They are indexed the same way
//! under keys of two and three bytes, in tables that are read only if there are such literals.
//!
//! The scan works on blocks of [`BLOCK_LEN`] bytes in three steps: collect the probes that the
//! first table accepts, drop those that the second table rejects, compare the rest. The first two
//! steps have no branches that depend on the text.

use dechaff_rules::ngrams::{NGRAM_LEN, rarest_pair};

/// Distance between probes, in bytes. A literal has a key for each remainder of its offset modulo
/// this.
const STRIDE: usize = 2;

/// Length of the first key of a literal, in bytes.
const PROBE4: usize = NGRAM_LEN;

/// Length of the second key, in bytes, which is used if the literal has that many bytes from the
/// start of the first key on.
const PROBE6: usize = 6;

/// Length of the first key of a short literal, in bytes.
const PROBE2: usize = 2;

/// Length of the second key of a short literal, in bytes.
const PROBE3: usize = 3;

/// The lowest bit of a probe that says which indices may have its key; those below are the offset.
const TABLE_SHIFT: u32 = 16;

/// Bytes of the text that are probed before the probes that were accepted are verified.
const BLOCK_LEN: usize = 1024;

/// Literals, each with a target: what to try at the positions where the literal is found.
#[derive(Debug)]
pub(super) struct Prefilter<T> {
    literals: Vec<PrefilterLiteral<T>>,
    /// The bytes of all literals, concatenated.
    literal_bytes: Vec<u8>,
    filter4: HashFilter<PROBE4, { 1 << 15 }>,
    filter2: HashFilter<PROBE2, { 1 << 13 }>,
    index6: HashIndex<PROBE6, { 1 << 15 }>,
    /// Literals that have fewer than six bytes from the start of the key on.
    index4: HashIndex<PROBE4, { 1 << 12 }>,
    index3: HashIndex<PROBE3, { 1 << 12 }>,
    index2: HashIndex<PROBE2, { 1 << 13 }>,
}

/// A literal with its target.
#[derive(Debug)]
struct PrefilterLiteral<T> {
    /// Offset of its first byte in [`Prefilter::literal_bytes`].
    start: u32,
    /// Offset after its last byte.
    end: u32,
    target: T,
}

/// A set of hashes of keys of `LEN` bytes, with a bit for each hash. A table with a byte for each
/// would be tested in fewer instructions, but not fit in the cache, as it is read at random.
#[derive(Debug)]
struct HashFilter<const LEN: usize, const BYTES: usize>(Box<[u8; BYTES]>);

/// Literals by the hashes of their keys of `LEN` bytes.
#[derive(Debug, Default)]
struct HashIndex<const LEN: usize, const BYTES: usize> {
    hashes: HashFilter<LEN, BYTES>,
    /// Binary logarithm of the number of hashes of a bucket. There is at least a bucket for each
    /// entry, but not more than one for each hash.
    bucket_bits: u32,
    /// Index in `entries` of the first entry of each bucket, and the number of entries at the end.
    bucket_starts: Vec<u32>,
    /// Ordered by bucket.
    entries: Vec<Entry>,
}

/// The position of a key in a literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    /// The hash of the key.
    hash: u32,
    /// Index of the literal.
    literal: u32,
    /// Offset of the key in the literal; -1 if the literal is one byte and that byte is the second
    /// one of the key.
    key_offset: i16,
    /// Up to eight bytes of the literal around the key, which are compared before the literal is
    /// loaded.
    bytes: u64,
    /// Distance from the first of `bytes` to the start of the key.
    bytes_before_key: i8,
    /// Number of bytes in `bytes`.
    byte_count: u8,
}

impl Entry {
    /// Returns the entry of the literal with this number and text for the key at offset
    /// `key_offset`, which is -1 or inside the literal. The hash of the key is still missing.
    fn new(literal: usize, text: &[u8], key_offset: isize) -> Self {
        let start = usize::try_from(key_offset)
            .unwrap_or(0)
            .min(text.len().saturating_sub(8));
        let bytes = &text[start..text.len().min(start + 8)];
        Self {
            hash: 0,
            literal: literal as u32,
            key_offset: key_offset as i16,
            bytes: load(bytes, 0),
            bytes_before_key: (key_offset - start as isize) as i8,
            byte_count: bytes.len() as u8,
        }
    }
}

impl<const LEN: usize, const BYTES: usize> Default for HashFilter<LEN, BYTES> {
    fn default() -> Self {
        Self(Box::new([0; BYTES]))
    }
}

impl<const LEN: usize, const BYTES: usize> HashFilter<LEN, BYTES> {
    /// Number of hashes.
    const SLOTS: usize = 8 * BYTES;

    /// Returns the hash of the key in the low `LEN` bytes of `word`: the key itself if there is a
    /// slot for each key. The multiplier is shifted left, so that the bytes above the key do not
    /// change the hash.
    fn hash(word: u64) -> usize {
        const { assert!(BYTES.is_power_of_two()) };
        if Self::SLOTS == 1 << (8 * LEN) {
            return word as usize % Self::SLOTS;
        }
        (word.wrapping_mul(0x9E37_79B9_7F4A_7C15 << (64 - 8 * LEN)) >> (64 - Self::SLOTS.ilog2()))
            as usize
    }

    fn add(&mut self, word: u64) {
        let hash = Self::hash(word);
        self.0[hash / 8] |= 1 << (hash % 8);
    }

    /// Returns 1 if the key in the low bytes of `word` may be in the set, and 0 if it is not. The
    /// result is a number, so that several filters can be combined and counted without a branch.
    fn may_have(&self, word: u64) -> u8 {
        let hash = Self::hash(word);
        self.0[hash / 8] >> (hash % 8) & 1
    }
}

impl<const LEN: usize, const BYTES: usize> HashIndex<LEN, BYTES> {
    fn add(&mut self, word: u64, entry: Entry) {
        self.hashes.add(word);
        let hash = HashFilter::<LEN, BYTES>::hash(word) as u32;
        self.entries.push(Entry { hash, ..entry });
    }

    fn bucket(&self, hash: usize) -> usize {
        hash >> self.bucket_bits
    }

    /// Orders the entries by bucket. Call it once, after the last entry was added. The time is
    /// linear in the number of entries (a counting sort), because every start of the program pays
    /// for it.
    fn build(&mut self) {
        if self.entries.is_empty() {
            return;
        }
        let slots = HashFilter::<LEN, BYTES>::SLOTS;
        let buckets = self.entries.len().next_power_of_two().min(slots);
        self.bucket_bits = (slots / buckets).ilog2();
        let mut starts = vec![0; buckets + 1];
        for entry in &self.entries {
            starts[self.bucket(entry.hash as usize) + 1] += 1;
        }
        (0..buckets).for_each(|bucket| starts[bucket + 1] += starts[bucket]);
        self.bucket_starts = starts;
        let mut next = self.bucket_starts.clone();
        let mut ordered = self.entries.clone();
        for &entry in &self.entries {
            let next = &mut next[self.bucket(entry.hash as usize)];
            ordered[*next as usize] = entry;
            *next += 1;
        }
        self.entries = ordered;
    }

    /// Returns the entries whose keys have the hash of the key in the low bytes of `word`.
    /// Different keys may share a hash, so the caller still has to compare the literals. There must
    /// be entries.
    fn get(&self, word: u64) -> impl Iterator<Item = &Entry> {
        let hash = HashFilter::<LEN, BYTES>::hash(word);
        let bucket = self.bucket(hash);
        let range = self.bucket_starts[bucket] as usize..self.bucket_starts[bucket + 1] as usize;
        self.entries[range]
            .iter()
            .filter(move |entry| entry.hash as usize == hash)
    }
}

impl<T> Default for Prefilter<T> {
    fn default() -> Self {
        let (literals, literal_bytes) = Default::default();
        let (filter4, filter2, index6, index4, index3, index2) = Default::default();
        Self {
            literals,
            literal_bytes,
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
    /// Adds a literal, which is normalized and not empty, with its target. A space of the literal
    /// also matches a line end. The same literal may be added again with another target.
    pub(super) fn add(&mut self, text: &[u8], target: T) {
        let (literal, start) = (self.literals.len(), self.literal_bytes.len());
        self.literal_bytes.extend_from_slice(text);
        self.literals.push(PrefilterLiteral {
            start: start as u32,
            end: self.literal_bytes.len() as u32,
            target,
        });
        if text.len() < PROBE4 + STRIDE - 1 {
            return self.add_short(text, literal);
        }
        // Six bytes reject more than four, so keys without six bytes are not considered, even if
        // they are rarer.
        let first = rarest_pair(if text.len() > PROBE6 {
            &text[..text.len() - (PROBE6 - PROBE4)]
        } else {
            text
        });
        for offset in first..first + STRIDE {
            let entry = Entry::new(literal, text, offset as isize);
            let key4 = &text[offset..offset + PROBE4];
            space_variants(key4).for_each(|key| self.filter4.add(key));
            match text.get(offset..offset + PROBE6) {
                Some(key6) => space_variants(key6).for_each(|key| self.index6.add(key, entry)),
                None => space_variants(key4).for_each(|key| self.index4.add(key, entry)),
            }
        }
    }

    /// Indexes a literal of one to four bytes. If it has fewer bytes than a key, the key is added
    /// with every value that the byte beside the literal can have.
    fn add_short(&mut self, text: &[u8], literal: usize) {
        let last = if text.len() == 1 { -1 } else { 1 };
        for offset in [0, last] {
            let entry = Entry::new(literal, text, offset);
            let part: Vec<u8> = (offset..)
                .take(PROBE3)
                .filter_map(|at| text.get(usize::try_from(at).ok()?))
                .copied()
                .collect();
            let neighbours = if part.len() == 1 {
                0..=u64::from(u8::MAX)
            } else {
                0..=0
            };
            for key in space_variants(&part) {
                for neighbour in neighbours.clone() {
                    let key2 = if offset < 0 {
                        key << 8 | neighbour
                    } else {
                        key | neighbour << 8
                    };
                    self.filter2.add(key2);
                    if part.len() < PROBE3 {
                        self.index2.add(key2, entry);
                    }
                }
                if part.len() == PROBE3 {
                    self.index3.add(key, entry);
                }
            }
        }
    }

    /// Returns whether there is no literal.
    pub(super) fn is_empty(&self) -> bool {
        self.literals.is_empty()
    }

    /// Finishes the index. Call it once, after the last literal was added and before the first
    /// search. Literals that are added later are not found.
    pub(super) fn build(&mut self) {
        self.index6.build();
        self.index4.build();
        self.index3.build();
        self.index2.build();
    }

    /// Calls `each` for every occurrence of a literal in `text`, which is normalized: with the
    /// offset in bytes, and the target of the literal. Occurrences may overlap; they are reported
    /// in no particular order, each of them once.
    pub(super) fn find<'p>(&'p self, text: &[u8], each: impl FnMut(usize, &'p T)) {
        let has_short = !(self.index3.entries.is_empty() && self.index2.entries.is_empty());
        if has_short {
            self.scan::<true>(text, each);
        } else {
            self.scan::<false>(text, each);
        }
    }

    /// Does the work of [`find`](Self::find). `HAS_SHORT` is a constant, so that a prefilter
    /// without short literals spends no time on their table.
    fn scan<'p, const HAS_SHORT: bool>(&'p self, text: &[u8], mut each: impl FnMut(usize, &'p T)) {
        const CHUNK_LEN: usize = 8;
        let mut probes = [0u32; BLOCK_LEN / STRIDE];
        // A probe reads eight bytes, so a chunk is scanned this way only if another whole chunk
        // follows.
        let chunk_count = (text.len() / CHUNK_LEN).saturating_sub(1);
        let (chunks, _) = text.as_chunks::<CHUNK_LEN>();
        let mut from = 0;
        while from < chunk_count {
            let to = chunk_count.min(from + BLOCK_LEN / CHUNK_LEN);
            let start = from * CHUNK_LEN;
            let mut count = 0;
            for (chunk, pair) in (from..).zip(chunks[from..=to].windows(2)) {
                for step in 0..CHUNK_LEN / STRIDE {
                    let word = pair.as_flattened()[step * STRIDE..][..CHUNK_LEN]
                        .try_into()
                        .map_or(0, u64::from_le_bytes);
                    probes[count % (BLOCK_LEN / STRIDE)] =
                        ((chunk - from) * CHUNK_LEN + step * STRIDE) as u32;
                    let short = if HAS_SHORT {
                        self.filter2.may_have(word)
                    } else {
                        0
                    };
                    count += usize::from(self.filter4.may_have(word) | short);
                }
            }
            // The second tables reject most of these probes; a branch for each would often be
            // predicted wrongly.
            let mut accepted = 0;
            for index in 0..count {
                let tables = self.tables(load(text, start + probes[index] as usize));
                probes[accepted] = probes[index] | tables << TABLE_SHIFT;
                accepted += usize::from(tables != 0);
            }
            for &probe in &probes[..accepted] {
                let (probe, tables) = (probe % (1 << TABLE_SHIFT), probe >> TABLE_SHIFT);
                self.lookup(text, start + probe as usize, tables, &mut each);
            }
            from = to;
        }
        for probe in (chunk_count * CHUNK_LEN..text.len()).step_by(STRIDE) {
            self.lookup(text, probe, self.tables(load(text, probe)), &mut each);
        }
    }

    /// Returns which indices may have the key that `word` starts with, a bit for each.
    fn tables(&self, word: u64) -> u32 {
        let six = self.index6.hashes.may_have(word);
        let four = self.index4.hashes.may_have(word) << 1;
        let three = self.index3.hashes.may_have(word) << 2;
        let two = self.index2.hashes.may_have(word) << 3;
        u32::from(six | four | three | two)
    }

    /// Reports the literals that have a key at offset `probe` of the text. `tables` says in which
    /// indices they can be. At most one key of an occurrence is at an even offset, so that no
    /// occurrence is reported twice.
    fn lookup<'p>(
        &'p self,
        text: &[u8],
        probe: usize,
        tables: u32,
        each: &mut impl FnMut(usize, &'p T),
    ) {
        let word = load(text, probe);
        if tables & 1 != 0 {
            for entry in self.index6.get(word) {
                self.verify(entry, word, text, probe, each);
            }
        }
        if tables & 2 != 0 {
            for entry in self.index4.get(word) {
                self.verify(entry, word, text, probe, each);
            }
        }
        if tables & 4 != 0 {
            for entry in self.index3.get(word) {
                self.verify(entry, word, text, probe, each);
            }
        }
        if tables & 8 != 0 {
            for entry in self.index2.get(word) {
                self.verify(entry, word, text, probe, each);
            }
        }
    }

    /// Calls `each` if the literal of `entry`, whose key is at offset `probe`, is in the text.
    /// `word` has the eight bytes from there on. Compares up to eight bytes from the entry first,
    /// then the whole literal.
    fn verify<'p>(
        &'p self,
        entry: &Entry,
        word: u64,
        text: &[u8],
        probe: usize,
        each: &mut impl FnMut(usize, &'p T),
    ) {
        /// The bits in which a space and a line end differ, in each byte.
        const SPACES: u64 = u64::MAX / 255 * (b' ' ^ b'\n') as u64;
        let bytes = if entry.bytes_before_key == 0 {
            word
        } else {
            match probe.checked_add_signed(-isize::from(entry.bytes_before_key)) {
                Some(start) => load(text, start),
                None => return,
            }
        };
        let unused_bits = 64 - 8 * entry.byte_count;
        // Most differ in more than spaces and line ends, which is cheaper to find.
        if ((bytes ^ entry.bytes) << unused_bits) & !SPACES != 0
            || without_line_ends(bytes) << unused_bits != entry.bytes << unused_bits
        {
            return;
        }
        let PrefilterLiteral { start, end, target } = &self.literals[entry.literal as usize];
        let literal = &self.literal_bytes[*start as usize..*end as usize];
        if let Some(start) = probe.checked_add_signed(-isize::from(entry.key_offset))
            && literal_matches(text, start, literal)
        {
            each(start, target);
        }
    }
}

/// Returns the eight bytes of the text from offset `at` on as a little-endian number: the first
/// byte is the lowest. Bytes past the end of the text are zero.
fn load(text: &[u8], at: usize) -> u64 {
    if let Some(bytes) = text.get(at..).and_then(<[u8]>::first_chunk) {
        return u64::from_le_bytes(*bytes);
    }
    let mut bytes = [0; 8];
    let rest = text.get(at..).unwrap_or_default();
    bytes[..rest.len()].copy_from_slice(rest);
    u64::from_le_bytes(bytes)
}

/// Replaces every line end among the eight bytes of `bytes` by a space, without a loop or branch.
/// The order of the bytes does not matter.
pub(super) fn without_line_ends(bytes: u64) -> u64 {
    const ALL: u64 = u64::MAX / 255;
    let difference = bytes ^ (ALL * u64::from(b'\n'));
    // The upper bit of each byte that is a line end, that is, whose difference from one is zero.
    let ends = !(((difference & (ALL * 0x7F)) + ALL * 0x7F) | difference | (ALL * 0x7F));
    bytes ^ ((ends >> 7) * u64::from(b'\n' ^ b' '))
}

/// Returns `text`, at most eight bytes, as a little-endian number, once for every way to replace
/// some of its spaces by line ends. The number of variants is two to the power of the number of
/// spaces.
fn space_variants(text: &[u8]) -> impl Iterator<Item = u64> {
    let spaces = (0..text.len())
        .filter(|&at| text[at] == b' ')
        .fold(0u8, |spaces, at| spaces | 1 << at);
    let bytes = load(text, 0);
    (0..=spaces)
        .filter(move |replaced| replaced & !spaces == 0)
        .map(move |replaced| {
            (0..8)
                .filter(|at| replaced >> at & 1 != 0)
                .fold(bytes, |bytes, at| {
                    bytes ^ u64::from(b' ' ^ b'\n') << (8 * at)
                })
        })
}

/// Returns whether `literal` is at offset `start` of the text, which is normalized. A space of the
/// literal matches a space or a line end; a literal that would reach past the end of the text does
/// not match.
#[inline]
pub(super) fn literal_matches(text: &[u8], start: usize, literal: &[u8]) -> bool {
    text.get(start..start + literal.len()).is_some_and(|bytes| {
        literal
            .iter()
            .zip(bytes)
            .all(|(&expected, &byte)| expected == byte || (expected == b' ' && byte == b'\n'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns each offset and index of a literal by comparing every literal at every offset.
    fn find_naively(literals: &[&str], text: &str) -> Vec<(usize, usize)> {
        (0..text.len())
            .flat_map(|at| (0..literals.len()).map(move |number| (at, number)))
            .filter(|&(at, number)| {
                literal_matches(text.as_bytes(), at, literals[number].as_bytes())
            })
            .collect()
    }

    fn find(literals: &[&str], text: &str) -> Vec<(usize, usize)> {
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
    fn the_prefilter_finds_each_occurrence_of_random_literals_once() {
        let mut state = 1u64;
        let mut draw = |bound: usize| {
            state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
            (state >> 33) as usize % bound
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
                find(&literals, &text),
                find_naively(&literals, &text),
                "{literals:?} in {text:?}"
            );
        }
    }

    #[test]
    fn literals_are_found_at_the_ends_and_over_line_ends() {
        assert_eq!(
            find(
                &["b", "ab", "to our newsletter"],
                "ab to our\nnewsletter ab"
            ),
            [(0, 1), (1, 0), (3, 2), (21, 1), (22, 0)]
        );
        assert_eq!(
            find(&["share"], &format!("{}share", "x".repeat(10_000))),
            [(10_000, 0)]
        );
        assert!(find(&["share"], "shar").is_empty());
    }

    #[test]
    fn the_example_of_the_overview_holds() {
        assert_eq!(find(&["privacy policy"], "our privacy policy"), [(4, 0)]);
    }
}
