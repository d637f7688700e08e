//! The kinds of pages for which levels have separate thresholds. A page of menus and links has much
//! chaff, so that a score that is low for it would be high in an article, and a score means more on
//! a page with many lines than on one with few.

use std::fmt;

/// Shares of the words of a page that are in prose, in thousandths, at which the next kind starts.
/// Training uses the same numbers, as it does of [`SIZES`].
const PROSE: [i32; 2] = [500, 800];
/// Numbers of blocks at which the next kind starts.
const SIZES: [usize; 3] = [15, 40, 120];

/// A kind of page: how much of it is prose, and how many lines it has. A hard-wrapped paragraph
/// counts as one line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageKind {
    prose: u8,
    size: u8,
}

impl PageKind {
    /// Number of kinds.
    pub(super) const COUNT: usize = (PROSE.len() + 1) * (SIZES.len() + 1);

    /// Returns the kind of a page with this share of words in prose, in thousandths, and this
    /// number of blocks.
    pub(super) fn new(prose_share: i32, blocks: usize) -> Self {
        Self {
            prose: PROSE.partition_point(|&start| start <= prose_share) as u8,
            size: SIZES.partition_point(|&start| start <= blocks) as u8,
        }
    }

    /// Returns the number of the kind, below [`COUNT`](Self::COUNT).
    pub(super) fn index(self) -> usize {
        usize::from(self.prose) * (SIZES.len() + 1) + usize::from(self.size)
    }
}

impl fmt::Display for PageKind {
    /// Writes the kind as in "little prose and 40 to 119 lines".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prose = ["little", "some", "mostly"][usize::from(self.prose)];
        write!(f, "{prose} prose and ")?;
        let size = usize::from(self.size);
        match (
            size.checked_sub(1).map(|before| SIZES[before]),
            SIZES.get(size),
        ) {
            (None, Some(end)) => write!(f, "fewer than {end} lines"),
            (Some(start), Some(end)) => write!(f, "{start} to {} lines", end - 1),
            (start, None) => write!(f, "{} or more lines", start.unwrap_or(0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_apart_by_prose_and_size() {
        for (prose, blocks, index, name) in [
            (0, 4, 0, "little prose and fewer than 15 lines"),
            (499, 15, 1, "little prose and 15 to 39 lines"),
            (500, 119, 6, "some prose and 40 to 119 lines"),
            (800, 9000, 11, "mostly prose and 120 or more lines"),
        ] {
            let kind = PageKind::new(prose, blocks);
            assert_eq!((kind.index(), kind.to_string()), (index, name.to_owned()));
        }
        assert_eq!(PageKind::new(1000, usize::MAX).index() + 1, PageKind::COUNT);
    }
}
