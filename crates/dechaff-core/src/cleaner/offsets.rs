//! Offset maps: where each part of a cleaned text is in its source, and the reverse. They carry
//! annotations, such as the spans of named entities, from one text to the other.
//!
//! A map is a list of kept spans, so it is small, and a lookup is a binary search. For example, if
//! the middle of a text of ten units is removed:
//!
//! ```text
//! source  0 1 2 3 4 5 6 7 8 9 10         kept 0..3 and 7..10
//!         a b c x x x x d e f
//! kept    0 1 2         3 4 5 6          kept unit 3 is source unit 7
//!         a b c         d e f            source unit 4 is in no kept text; 3 units precede it
//! ```

use super::cleaned::Cleaned;
use crate::text::Span;
use std::ops::Range;

/// Maps offsets of a cleaned text to offsets of its source, and the reverse.
///
/// An offset `n` means the unit with `n` units before it, and the length of a text its end. Units
/// are bytes in a map of [`Cleaned::offset_map`], and code points in one of
/// [`Cleaned::code_point_map`]. Making a map takes linear time, and a lookup the logarithm of the
/// number of kept spans.
///
/// ```
/// use dechaff_core::{Cleaner, Document, Scratch};
/// let cleaner = Cleaner::builder().build()?;
/// let document = Document::new("It rained.\nAdvertisement\nAda Quill left Paris.\n")?;
/// let cleaned = cleaner.clean(&document, &mut Scratch::default());
/// let map = cleaned.offset_map();
///
/// // A model found a person in the cleaned text.
/// let text = cleaned.text();
/// let found = 11..20;
/// assert_eq!(&text[found.clone()], "Ada Quill");
/// let in_source = map.span_to_source(found.clone()).unwrap();
/// assert_eq!(&cleaned.source()[in_source.clone()], "Ada Quill");
/// assert_eq!(map.span_from_source(in_source), Some(found));
///
/// // What was removed has no place in the cleaned text.
/// assert_eq!(map.from_source(13), None);
/// assert_eq!(map.kept_before(13), 11);
/// # Ok::<(), dechaff_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffsetMap {
    /// Not empty, disjoint, in order, and not touching.
    segments: Vec<Segment>,
    source_len: usize,
    kept_len: usize,
}

/// A kept span that removed ones, or the ends of the source, surround.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Segment {
    /// The first unit in the source.
    source: usize,
    /// The first unit in the kept text.
    kept: usize,
    len: usize,
}

impl OffsetMap {
    /// Makes a map from the kept spans of a source of `source_len` units. Spans must be in order and
    /// disjoint, and within the source; units before the end of the span before are left out, and so
    /// are units behind the source. Spans that touch become one.
    ///
    /// ```
    /// use dechaff_core::OffsetMap;
    /// let map = OffsetMap::new([0..3, 7..10], 10);
    /// assert_eq!((map.to_source(3), map.from_source(7)), (Some(7), Some(3)));
    /// ```
    #[must_use]
    pub fn new(kept: impl IntoIterator<Item = Range<usize>>, source_len: usize) -> Self {
        let mut map = Self {
            segments: Vec::new(),
            source_len,
            kept_len: 0,
        };
        for span in kept {
            map.push(span);
        }
        map
    }

    /// Appends a kept span.
    fn push(&mut self, span: Range<usize>) {
        let end = self.segments.last().map_or(0, Segment::source_end);
        let start = span.start.max(end);
        let len = span.end.min(self.source_len).saturating_sub(start);
        if len == 0 {
            return;
        }
        match self.segments.last_mut() {
            Some(last) if start == end => last.len += len,
            _ => self.segments.push(Segment {
                source: start,
                kept: self.kept_len,
                len,
            }),
        }
        self.kept_len += len;
    }

    /// Returns the length of the source in units.
    #[must_use]
    pub fn source_len(&self) -> usize {
        self.source_len
    }

    /// Returns the length of the kept text in units.
    #[must_use]
    pub fn kept_len(&self) -> usize {
        self.kept_len
    }

    /// Iterates over the kept spans of the source, in order. None is empty, and none touches the
    /// next.
    pub fn kept(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        self.segments
            .iter()
            .map(|segment| segment.source..segment.source_end())
    }

    /// Returns where in the source the unit at `kept` of the kept text is. The end of the kept text
    /// maps to the end of the source. `None` if `kept` is behind that.
    #[must_use]
    pub fn to_source(&self, kept: usize) -> Option<usize> {
        if kept >= self.kept_len {
            return (kept == self.kept_len).then_some(self.source_len);
        }
        let next = self
            .segments
            .partition_point(|segment| segment.kept <= kept);
        let segment = self.segments.get(next.checked_sub(1)?)?;
        Some(segment.source + (kept - segment.kept))
    }

    /// Returns where in the kept text the unit at `source` of the source is. The end of the source
    /// maps to the end of the kept text. `None` if the unit was removed, or is behind the source.
    #[must_use]
    pub fn from_source(&self, source: usize) -> Option<usize> {
        if source >= self.source_len {
            return (source == self.source_len).then_some(self.kept_len);
        }
        let segment = self.segment_at(source)?;
        (source < segment.source_end()).then(|| segment.kept + (source - segment.source))
    }

    /// Returns how many kept units precede the unit at `source` of the source. For a kept unit that
    /// is its offset in the kept text; for a removed one, the offset at which it was taken out.
    #[must_use]
    pub fn kept_before(&self, source: usize) -> usize {
        self.segment_at(source).map_or(0, |segment| {
            segment.kept + segment.len.min(source - segment.source)
        })
    }

    /// Returns the span of the source from the first to the last unit of the span `kept` of the kept
    /// text. It includes what was removed between them, and nothing that was removed before or after
    /// them. An empty span maps to an empty one, at [`to_source`](Self::to_source). `None` if the
    /// span ends behind the kept text, or before it starts.
    ///
    /// ```
    /// # use dechaff_core::OffsetMap;
    /// let map = OffsetMap::new([0..3, 7..10], 10);
    /// assert_eq!(map.span_to_source(1..3), Some(1..3));
    /// assert_eq!(map.span_to_source(2..4), Some(2..8));
    /// ```
    #[must_use]
    pub fn span_to_source(&self, kept: Range<usize>) -> Option<Range<usize>> {
        if kept.start > kept.end || kept.end > self.kept_len {
            return None;
        }
        let start = self.to_source(kept.start)?;
        let end = if kept.is_empty() {
            start
        } else {
            self.to_source(kept.end - 1)? + 1
        };
        Some(start..end)
    }

    /// Returns the span of the kept text with what is kept of the span `source` of the source. It
    /// is shorter than `source` if a part of that was removed. `None` if nothing of it is kept, if
    /// it is empty and the unit there was removed, or if it ends behind the source, or before it
    /// starts.
    ///
    /// ```
    /// # use dechaff_core::OffsetMap;
    /// let map = OffsetMap::new([0..3, 7..10], 10);
    /// assert_eq!(map.span_from_source(2..8), Some(2..4));
    /// assert_eq!(map.span_from_source(4..6), None);
    /// ```
    #[must_use]
    pub fn span_from_source(&self, source: Range<usize>) -> Option<Range<usize>> {
        if source.start > source.end || source.end > self.source_len {
            return None;
        }
        if source.is_empty() {
            return self.from_source(source.start).map(|at| at..at);
        }
        let kept = self.kept_before(source.start)..self.kept_before(source.end);
        (!kept.is_empty()).then_some(kept)
    }

    /// Returns the last segment that starts at or before the unit at `source` of the source.
    fn segment_at(&self, source: usize) -> Option<&Segment> {
        let next = self
            .segments
            .partition_point(|segment| segment.source <= source);
        self.segments.get(next.checked_sub(1)?)
    }
}

impl Segment {
    fn source_end(&self) -> usize {
        self.source + self.len
    }
}

impl Cleaned<'_> {
    /// Returns the map between the cleaned text and the source, in bytes. That of a clean or held
    /// document maps each offset to itself.
    #[must_use]
    pub fn offset_map(&self) -> OffsetMap {
        OffsetMap::new(self.kept().map(Span::range), self.source().len())
    }

    /// Returns the map between the cleaned text and the source, in code points, in which Python and
    /// most tools for annotations count.
    ///
    /// ```
    /// use dechaff_core::{Cleaner, Document, Scratch};
    /// let cleaner = Cleaner::builder().build()?;
    /// let document = Document::new("Süß.\nAdvertisement\nÄh.\n")?;
    /// let cleaned = cleaner.clean(&document, &mut Scratch::default());
    /// assert_eq!(cleaned.code_point_map().to_source(5), Some(19));
    /// assert_eq!(cleaned.offset_map().to_source(7), Some(21));
    /// # Ok::<(), dechaff_core::Error>(())
    /// ```
    #[must_use]
    pub fn code_point_map(&self) -> OffsetMap {
        let (mut bytes, mut code_points) = (0, 0);
        let mut spans = Vec::new();
        for kept in self.kept() {
            let start = code_points + self.source()[bytes..kept.start()].chars().count();
            code_points = start + self.source()[kept.range()].chars().count();
            bytes = kept.end();
            spans.push(start..code_points);
        }
        OffsetMap::new(spans, code_points + self.source()[bytes..].chars().count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cleaner, Document, Scratch};

    /// Returns maps of all sets of kept units in sources of up to ten units, each with which units
    /// are kept.
    fn maps() -> impl Iterator<Item = (OffsetMap, Vec<bool>)> {
        (0..=10_usize).flat_map(|len| {
            (0..1_u32 << len).map(move |bits| {
                let is_kept: Vec<bool> = (0..len).map(|at| bits >> at & 1 == 1).collect();
                let units = (0..len).filter(|&at| bits >> at & 1 == 1);
                (OffsetMap::new(units.map(|at| at..at + 1), len), is_kept)
            })
        })
    }

    #[test]
    fn offsets_are_those_of_the_same_unit() {
        for (map, is_kept) in maps() {
            let units: Vec<usize> = (0..is_kept.len()).filter(|&at| is_kept[at]).collect();
            assert_eq!(
                (map.source_len(), map.kept_len()),
                (is_kept.len(), units.len())
            );
            for (kept, &source) in units.iter().enumerate() {
                assert_eq!(map.to_source(kept), Some(source));
                assert_eq!(map.from_source(source), Some(kept));
            }
            for at in 0..=is_kept.len() {
                let before = units.iter().filter(|&&unit| unit < at).count();
                assert_eq!(map.kept_before(at), before);
                let is_found = is_kept.get(at).is_none_or(|&is_kept| is_kept);
                assert_eq!(map.from_source(at), is_found.then_some(before));
            }
            assert_eq!(map.to_source(units.len()), Some(is_kept.len()));
            assert_eq!(map.to_source(units.len() + 1), None);
            assert_eq!(map.from_source(is_kept.len() + 1), None);
            assert_eq!(map.kept_before(usize::MAX), units.len());
            assert!(map.kept().flatten().eq(units));
        }
    }

    #[test]
    fn spans_have_the_same_kept_units_in_both_texts() {
        for (map, is_kept) in maps().filter(|(_, is_kept)| is_kept.len() <= 7) {
            for start in 0..=map.kept_len() {
                assert_eq!(map.span_to_source(start..map.kept_len() + 1), None);
                for end in start..=map.kept_len() {
                    let source = map.span_to_source(start..end).unwrap();
                    assert_eq!(map.span_from_source(source.clone()), Some(start..end));
                    if start < end {
                        assert!(is_kept[source.start] && is_kept[source.end - 1]);
                    }
                }
            }
            for start in 0..=is_kept.len() {
                for end in start..=is_kept.len() {
                    let has_kept = is_kept[start..end].contains(&true);
                    let kept = map.span_from_source(start..end);
                    assert_eq!(kept.is_some(), has_kept || start == end && kept.is_some());
                    if let Some(kept) = kept.filter(|kept| !kept.is_empty()) {
                        let source = map.span_to_source(kept).unwrap();
                        assert!(start <= source.start && source.end <= end);
                    }
                }
            }
        }
        let map = OffsetMap::new(std::iter::once(0..2), 2);
        #[allow(clippy::reversed_empty_ranges, reason = "that is what is tested")]
        let reversed = 2..1;
        assert_eq!(map.span_to_source(reversed.clone()), None);
        assert_eq!(map.span_from_source(reversed), None);
    }

    #[test]
    fn spans_that_touch_overlap_or_leave_the_source_are_tidied() {
        let map = OffsetMap::new([0..2, 2..4, 3..6, 5..5, 8..99], 10);
        assert!(map.kept().eq([0..6, 8..10]));
        assert_eq!(map, OffsetMap::new([0..6, 8..10], 10));
    }

    #[test]
    fn both_maps_of_a_text_name_the_same_characters() {
        let cleaner = Cleaner::builder().build().unwrap();
        let text = "Es regnete \u{1d11e} süß.\nAdvertisement\nÄh.\nShare this article\nEnde.\n";
        let document = Document::new(text).unwrap();
        let cleaned = cleaner.clean(&document, &mut Scratch::default());
        let (bytes, code_points) = (cleaned.offset_map(), cleaned.code_point_map());
        let source: Vec<(usize, char)> = text.char_indices().collect();
        let kept = cleaned.text().into_owned();
        assert_eq!(code_points.kept_len(), kept.chars().count());
        for (index, (at, character)) in kept.char_indices().enumerate() {
            let found = source[code_points.to_source(index).unwrap()];
            assert_eq!(found, (bytes.to_source(at).unwrap(), character));
        }
    }
}
