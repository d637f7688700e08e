//! A sample of the units of a corpus, in one pass and bounded memory.
//!
//! Each class of units is a stratum. Of each, a [`Sampler`] keeps the units of the lowest rank: the
//! rank is an exponential variate divided by the words of the unit, made from a hash of its place.
//! This is a sample in proportion to words, without replacement (Efraimidis and Spirakis, "Weighted
//! random sampling with a reservoir", 2006), and it is the same in whatever order units come.
//!
//! From these units, picks are drawn: positions on the axis of all words, spread by the van der
//! Corput sequence (1935) with a random start, so that every beginning of the sequence covers the
//! axis evenly. Units are sorted by rule, kind of page, language and site, so every beginning has
//! its share of each of them:
//!
//! ```text
//! words   |---- share/label ----|-- nav/menu --|- nav/more -|    sorted units of a stratum
//! picks       1          5           3      7      2            the first, second, … pick
//! ```

use super::units::{Class, Side};
use fnv::FnvHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hasher;

/// Units kept of each class.
const CAPACITY: usize = 500;
/// Share of the questions that classes get in equal parts, whatever their words.
const EQUAL_SHARE: f64 = 0.25;
/// Picks drawn of a class of which every unit is asked for, so that they agree with its words.
const FULL_PICKS: usize = 256;

/// Collects a sample of units. `T` is what the caller needs to know of a unit.
#[derive(Debug)]
pub struct Sampler<T> {
    seed: u64,
    classes: BTreeMap<Class, Candidates<T>>,
}

/// Where a unit is, by which it is drawn.
#[derive(Clone, Copy, Debug)]
pub struct UnitPlace<'p> {
    /// The name of the document. It must be unique in the corpus.
    pub document: &'p str,
    /// Index of the line.
    pub line: usize,
}

/// The units of a class.
#[derive(Debug)]
struct Candidates<T> {
    words: u64,
    units: u64,
    /// The units of the lowest rank. Ranks are the bits of positive numbers, which sort alike.
    kept: BTreeMap<(u64, String, usize), Candidate<T>>,
}

#[derive(Debug)]
struct Candidate<T> {
    words: u64,
    /// By which units are sorted, so that the picks are spread over its values.
    key: String,
    payload: T,
}

/// A sample: the strata with their picks, and the units in the order in which they are asked for.
#[derive(Debug)]
pub struct Sample<T> {
    /// The strata that have units.
    pub strata: Vec<SampledStratum>,
    /// The units to ask for.
    pub items: Vec<SampledItem<T>>,
}

/// A stratum of a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampledStratum {
    /// The class of its units.
    pub class: Class,
    /// Words of all its units.
    pub words: u64,
    /// Number of its units.
    pub units: u64,
    /// Its picks in order, as indices of items. An item can be picked several times.
    pub picks: Vec<usize>,
}

/// A unit to ask for.
#[derive(Debug)]
pub struct SampledItem<T> {
    /// Index of its stratum.
    pub stratum: usize,
    /// Words of the unit.
    pub words: u64,
    /// What the caller knows of it.
    pub payload: T,
}

impl<T> Sampler<T> {
    /// Creates an empty sampler. Other seeds give other samples.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            classes: BTreeMap::new(),
        }
    }

    /// Counts a unit of `class` with this number of words, and keeps it if its rank is low. `make`
    /// returns the key by which picks are spread, and the payload; it is only called if the unit is
    /// kept for now.
    pub fn offer(
        &mut self,
        class: Class,
        place: UnitPlace<'_>,
        words: u64,
        make: impl FnOnce() -> (String, T),
    ) {
        let rank = self.rank(place, class.side(), words);
        let candidates = self.classes.entry(class).or_default();
        candidates.words += words;
        candidates.units += 1;
        let is_full = candidates.kept.len() >= CAPACITY;
        let last = candidates.kept.last_key_value();
        if is_full
            && last.is_some_and(|((last, document, line), _)| {
                (rank, place.document, place.line) >= (*last, document.as_str(), *line)
            })
        {
            return;
        }
        let (key, payload) = make();
        let candidate = Candidate {
            words,
            key,
            payload,
        };
        let place = (rank, place.document.to_owned(), place.line);
        candidates.kept.insert(place, candidate);
        if is_full {
            candidates.kept.pop_last();
        }
    }

    /// Returns the rank of a unit: a positive number, as its bits.
    fn rank(&self, place: UnitPlace<'_>, side: Side, words: u64) -> u64 {
        let mut hasher = FnvHasher::default();
        hasher.write(&self.seed.to_le_bytes());
        hasher.write(place.document.as_bytes());
        hasher.write(&(place.line as u64).to_le_bytes());
        hasher.write(&[side as u8]);
        let variate = -uniform(hasher.finish()).ln();
        (variate / words.max(1) as f64).to_bits()
    }

    /// Draws up to `questions` units and puts them in order. About half of them are removed, half
    /// kept. On each side, the classes that contribute most to the uncertainty have most of them.
    #[must_use]
    pub fn draw(self, questions: usize) -> Sample<T> {
        let seed = self.seed;
        let mut strata: Vec<Drawing<T>> = self
            .classes
            .into_iter()
            .map(|(class, candidates)| Drawing::new(class, candidates, seed))
            .collect();
        share_out(&mut strata);
        let mut items = Vec::new();
        while items.len() < questions {
            let next = strata
                .iter_mut()
                .enumerate()
                .filter(|(_, stratum)| !stratum.is_exhausted())
                .max_by(|(_, a), (_, b)| a.lag.total_cmp(&b.lag));
            let Some((index, stratum)) = next else {
                break;
            };
            stratum.pick(index, &mut items);
            let total: f64 = strata
                .iter()
                .filter(|stratum| !stratum.is_exhausted())
                .map(|stratum| stratum.share)
                .sum();
            for (at, stratum) in strata.iter_mut().enumerate() {
                stratum.lag += stratum.share / total - f64::from(u8::from(at == index));
            }
        }
        Sample {
            strata: strata.into_iter().map(Drawing::finish).collect(),
            items,
        }
    }
}

impl<T> Default for Candidates<T> {
    fn default() -> Self {
        Self {
            words: 0,
            units: 0,
            kept: BTreeMap::new(),
        }
    }
}

/// A stratum while units are drawn from it.
struct Drawing<T> {
    class: Class,
    words: u64,
    units: u64,
    /// The sorted units, each with the sum of weights up to its end. A unit that was drawn leaves
    /// the index of its item.
    sorted: Vec<(f64, u64, Result<T, usize>)>,
    /// The random start of the sequence, 0 to 1.
    start: f64,
    picks: Vec<usize>,
    left: usize,
    /// Share of the questions.
    share: f64,
    /// How many questions it is behind its share.
    lag: f64,
}

impl<T> Drawing<T> {
    fn new(class: Class, candidates: Candidates<T>, seed: u64) -> Self {
        let weights = weights(&candidates);
        let mut sorted: Vec<(Candidate<T>, f64)> =
            candidates.kept.into_values().zip(weights).collect();
        // The sort is stable, so equal keys stay in the order of their ranks.
        sorted.sort_by(|(a, _), (b, _)| a.key.cmp(&b.key));
        let mut end = 0.0;
        let sorted: Vec<_> = sorted
            .into_iter()
            .map(|(candidate, weight)| {
                end += weight;
                (end, candidate.words, Ok(candidate.payload))
            })
            .collect();
        Self {
            class,
            words: candidates.words,
            units: candidates.units,
            left: sorted.len(),
            sorted,
            start: uniform(seed.wrapping_add(class as u64 + 1)),
            picks: Vec::new(),
            share: 0.0,
            lag: 0.0,
        }
    }

    /// Returns whether every unit that was kept of the class was drawn.
    fn is_exhausted(&self) -> bool {
        self.left == 0
    }

    /// Draws picks until one is a new unit, and adds that to `items`. There must be one left.
    fn pick(&mut self, stratum: usize, items: &mut Vec<SampledItem<T>>) {
        loop {
            let at = self.next_unit();
            if let (.., Err(item)) = self.sorted[at] {
                self.picks.push(item);
                // A small unit among large ones may not be hit for long.
                if !self.picks.len().is_multiple_of(FULL_PICKS) {
                    continue;
                }
                let Some(open) = self.sorted.iter().position(|(.., unit)| unit.is_ok()) else {
                    return;
                };
                self.take(open, stratum, items);
                return;
            }
            self.picks.push(items.len());
            self.take(at, stratum, items);
            return;
        }
    }

    /// Moves the unit at the index `at` to `items`.
    fn take(&mut self, at: usize, stratum: usize, items: &mut Vec<SampledItem<T>>) {
        let (_, words, unit) = &mut self.sorted[at];
        if let Ok(payload) = std::mem::replace(unit, Err(items.len())) {
            self.left -= 1;
            items.push(SampledItem {
                stratum,
                words: *words,
                payload,
            });
        }
    }

    /// Returns the index of the unit that the next pick hits.
    fn next_unit(&self) -> usize {
        let total = self.sorted.last().map_or(0.0, |(end, ..)| *end);
        let position = (self.start + van_der_corput(self.picks.len())).fract() * total;
        let at = self.sorted.partition_point(|(end, ..)| *end <= position);
        at.min(self.sorted.len() - 1)
    }

    /// Returns the stratum. If every unit was drawn, adds picks, so that the picks of each unit
    /// agree with its words.
    fn finish(mut self) -> SampledStratum {
        while self.is_exhausted() && self.picks.len() < FULL_PICKS {
            let at = self.next_unit();
            if let (.., Err(item)) = self.sorted[at] {
                self.picks.push(item);
            }
        }
        SampledStratum {
            class: self.class,
            words: self.words,
            units: self.units,
            picks: self.picks,
        }
    }
}

/// Returns the weights of the units that were kept: how many words of the class each stands for. If
/// all were kept, these are its own words.
fn weights<T>(candidates: &Candidates<T>) -> Vec<f64> {
    // The rank of the last unit is where the others were cut off, so it stands for nothing.
    let is_complete = candidates.kept.len() as u64 == candidates.units;
    let last = candidates.kept.last_key_value();
    let cut = last.map_or(0.0, |((rank, ..), _)| f64::from_bits(*rank));
    let kept = candidates.kept.iter();
    kept.map(|((rank, ..), candidate)| {
        let words = candidate.words as f64;
        if is_complete {
            words
        } else if f64::from_bits(*rank) >= cut {
            0.0
        } else {
            words / -(-words * cut).exp_m1()
        }
    })
    .collect()
}

/// Sets the share of the questions that each stratum gets.
fn share_out<T>(strata: &mut [Drawing<T>]) {
    let spread: Vec<f64> = strata
        .iter()
        .map(|stratum| {
            let errors = stratum.class.expected_errors();
            stratum.words as f64 * (errors * (1.0 - errors)).sqrt()
        })
        .collect();
    let mut sides = BTreeMap::<Side, f64>::new();
    for (stratum, spread) in strata.iter().zip(&spread) {
        *sides.entry(stratum.class.side()).or_default() += spread;
    }
    let (count, side_count) = (strata.len() as f64, sides.len() as f64);
    for (stratum, spread) in strata.iter_mut().zip(spread) {
        let of_side = spread / sides[&stratum.class.side()].max(1e-9);
        stratum.share = EQUAL_SHARE / count + (1.0 - EQUAL_SHARE) * of_side / side_count;
        stratum.lag = stratum.share;
    }
}

/// Returns a number above 0 and at most 1 from a hash.
fn uniform(hash: u64) -> f64 {
    // The finalizer of SplitMix64 (Steele, Lea and Flood, 2014): FNV mixes the last bytes badly.
    let mut mixed = hash;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^= mixed >> 31;
    ((mixed >> 11) + 1) as f64 / (1_u64 << 53) as f64
}

/// Returns the number with this index in the van der Corput sequence of base 2: its binary digits
/// behind the point, in reverse order. 0, 1/2, 1/4, 3/4, 1/8, …
fn van_der_corput(index: usize) -> f64 {
    f64::from((index as u32).reverse_bits()) / (1_u64 << 32) as f64
}

/// Returns the picks of a stratum that count once the items in `answered` are answered: all that
/// are answered, up to the last one that is. Later picks of answered items do not count, since they
/// would favour units that are picked often.
#[must_use]
pub fn answered_picks(picks: &[usize], answered: &BTreeSet<usize>) -> Vec<usize> {
    let mut seen = BTreeSet::new();
    let mut last = 0;
    for (at, item) in picks.iter().enumerate() {
        if answered.contains(item) && seen.insert(*item) {
            last = at + 1;
        }
    }
    let all_answered = picks.iter().all(|item| answered.contains(item));
    let end = if all_answered { picks.len() } else { last };
    let counted = picks[..end].iter().copied();
    counted.filter(|item| answered.contains(item)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Offers `count` units of `words` words each.
    fn offer(sampler: &mut Sampler<usize>, class: Class, count: usize, words: u64) {
        for line in 0..count {
            let place = UnitPlace {
                document: "a.txt",
                line,
            };
            sampler.offer(class, place, words, || (format!("rule {}", line % 7), line));
        }
    }

    #[test]
    fn the_sample_does_not_depend_on_the_order_of_units() {
        let places: Vec<usize> = (0..3000).collect();
        let draw = |lines: &mut dyn Iterator<Item = &usize>, seed| {
            let mut sampler = Sampler::new(seed);
            for &line in lines {
                let place = UnitPlace {
                    document: "a.txt",
                    line,
                };
                let words = 1 + line as u64 % 40;
                sampler.offer(Class::ModelNear, place, words, || {
                    (format!("{}", line % 9), line)
                });
            }
            let sample = sampler.draw(100);
            let items: Vec<usize> = sample.items.iter().map(|item| item.payload).collect();
            (items, sample.strata)
        };
        let forward = draw(&mut places.iter(), 1);
        assert_eq!(forward.0.len(), 100);
        assert_eq!(forward, draw(&mut places.iter().rev(), 1));
        assert_ne!(forward, draw(&mut places.iter(), 2));
    }

    #[test]
    fn units_are_picked_in_proportion_to_their_words() {
        let mut sampler = Sampler::new(3);
        offer(&mut sampler, Class::LowScore, 2000, 1);
        for line in 2000..2400 {
            let place = UnitPlace {
                document: "a.txt",
                line,
            };
            sampler.offer(Class::LowScore, place, 20, || ("long".to_owned(), line));
        }
        let sample = sampler.draw(200);
        let picks = &sample.strata[0].picks;
        let long = picks.iter().filter(|&&item| sample.items[item].words == 20);
        let share = long.count() as f64 / picks.len() as f64;
        assert!((share - 0.8).abs() < 0.08, "{share}");
    }

    #[test]
    fn every_beginning_has_removed_and_kept_units() {
        let mut sampler = Sampler::new(1);
        offer(&mut sampler, Class::CertainRule, 500, 3);
        offer(&mut sampler, Class::ModelNear, 500, 3);
        offer(&mut sampler, Class::PlainProse, 5000, 30);
        let sample = sampler.draw(40);
        let removed = sample.items[..20]
            .iter()
            .filter(|item| sample.strata[item.stratum].class.side() == Side::Removed)
            .count();
        assert!((6..=14).contains(&removed), "{removed}");
    }

    #[test]
    fn a_small_class_is_asked_for_as_a_whole() {
        let mut sampler = Sampler::new(1);
        offer(&mut sampler, Class::Structure, 5, 2);
        let sample = sampler.draw(100);
        assert_eq!(sample.items.len(), 5);
        let picks = &sample.strata[0].picks;
        let of_first = picks.iter().filter(|&&item| item == 0).count();
        assert!((of_first as f64 / picks.len() as f64 - 0.2).abs() < 0.02);
        assert!(Sampler::<()>::new(1).draw(10).items.is_empty());
    }

    #[test]
    fn picks_count_up_to_the_last_answer() {
        let picks = [0, 1, 0, 2, 1, 3];
        let counted = |answered: &[usize]| {
            answered_picks(&picks, &answered.iter().copied().collect::<BTreeSet<_>>())
        };
        assert_eq!(counted(&[]), [0; 0]);
        assert_eq!(counted(&[0, 1]), [0, 1]);
        assert_eq!(counted(&[0, 1, 2]), [0, 1, 0, 2]);
        assert_eq!(counted(&[0, 2]), [0, 0, 2]);
        assert_eq!(counted(&[0, 1, 2, 3]), [0, 1, 0, 2, 1, 3]);
    }
}
