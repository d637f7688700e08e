//! Spans: half-open ranges of bytes of a source text. Every claim that dechaff makes on a text is
//! one. A span differs from `std::ops::Range` in that it is `Copy`, half the size, and never ends
//! before it starts.

use std::fmt;
use std::ops::Range;

/// A half-open byte range `start..end` with `start <= end`, in bytes of the source text.
///
/// Offsets are 32 bits wide, so a text is at most [`Span::MAX_TEXT`] bytes long.
///
/// ```
/// use dechaff_core::Span;
/// let span = Span::new(3, 7);
/// assert_eq!((span.start(), span.end(), span.len()), (3, 7, 4));
/// assert_eq!(&"abcdefgh"[span.range()], "defg");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// Length of the longest text that spans can address, in bytes: 4 GiB less one byte.
    pub const MAX_TEXT: usize = u32::MAX as usize;

    /// Makes the span `start..end`, in bytes of the source text. If `end < start`, the span is
    /// empty and at `start`.
    #[must_use]
    pub fn new(start: u32, end: u32) -> Self {
        Self {
            start,
            end: end.max(start),
        }
    }

    /// Makes the span `start..end` from offsets into a document, which are at most
    /// [`Span::MAX_TEXT`]; larger ones are reduced to that. If `end < start`, the span is empty and
    /// at `start`.
    #[must_use]
    pub fn from_offsets(start: usize, end: usize) -> Self {
        Self::new(offset(start), offset(end))
    }

    /// Returns the offset of the first byte, which is also the number of bytes before the span.
    #[must_use]
    pub fn start(self) -> usize {
        self.start as usize
    }

    /// Returns the offset one past the last byte. It equals [`start`](Self::start) if the span is
    /// empty.
    #[must_use]
    pub fn end(self) -> usize {
        self.end as usize
    }

    /// Returns the length in bytes, which is not the number of characters unless the text is ASCII.
    #[must_use]
    pub fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// Returns whether the span contains no byte. Empty spans are never marked or removed.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Returns the span as a range, with which the source text can be sliced:
    /// `&text[span.range()]`.
    #[must_use]
    pub fn range(self) -> Range<usize> {
        self.start()..self.end()
    }

    /// Returns whether the two spans have a byte in common. Spans that only touch do not overlap,
    /// and an empty span overlaps only a span that extends to both sides of it.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

impl Span {
    /// Iterates over the parts of this span that none of `spans` covers, in order. `spans` must be
    /// sorted and disjoint; they may reach beyond this span.
    ///
    /// ```
    /// use dechaff_core::Span;
    /// let removed = [Span::new(0, 3), Span::new(5, 6)];
    /// let kept: Vec<Span> = Span::new(2, 9).without(&removed).collect();
    /// assert_eq!(kept, [Span::new(3, 5), Span::new(6, 9)]);
    /// ```
    pub fn without(self, spans: &[Self]) -> impl Iterator<Item = Self> + use<'_> {
        let mut from = self.start;
        let past_end = Self::new(self.end, self.end);
        spans
            .iter()
            .copied()
            .take_while(move |span| span.start < self.end)
            .chain(std::iter::once(past_end))
            .filter_map(move |span| {
                let gap = Self::new(from, span.start);
                from = from.max(span.end);
                (!gap.is_empty()).then_some(gap)
            })
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}

/// Converts an offset to 32 bits. One that is out of range becomes [`u32::MAX`]; a
/// [`Document`](super::Document) is never long enough for that.
fn offset(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

/// Sorts spans and merges those that overlap or touch, so that the result is sorted and disjoint,
/// as [`Span::without`] requires.
pub(crate) fn union(spans: &mut Vec<Span>) {
    // A stable sort merges runs that are sorted already, as most spans are.
    spans.sort();
    spans.dedup_by(|next, last| {
        let touches = next.start <= last.end;
        if touches {
            last.end = last.end.max(next.end);
        }
        touches
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_never_ends_before_it_starts() {
        assert!(Span::new(7, 3).is_empty());
    }

    #[test]
    fn union_merges_overlapping_and_touching_spans() {
        let mut spans = vec![
            Span::new(8, 9),
            Span::new(0, 4),
            Span::new(2, 6),
            Span::new(6, 7),
        ];
        union(&mut spans);
        assert_eq!(spans, [Span::new(0, 7), Span::new(8, 9)]);
    }
}
