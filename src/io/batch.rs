//! Records in batches: a stream of bytes cut into batches of about a mebibyte that end where a record ends. Where they end
//! follows from the bytes alone, so that the number of threads changes nothing. Memory follows the batch: a record that
//! is larger than allowed comes in pieces, to be passed on as they are.

use super::csv::RowScanner;
use serde::{Deserialize, Serialize};
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A batch is cut at the last record that ends within so many bytes.
const BATCH: usize = 1 << 20;

/// Where records end.
#[derive(Clone, Debug)]
pub enum Framing {
    /// At line feeds.
    Lines,
    /// At line feeds outside of quotes.
    Csv(RowScanner),
    /// Where the length in their header says, if that can be.
    Warc {
        /// Bytes still to come of a record that is larger than allowed.
        left: u64,
    },
    /// There is one, which is all.
    Whole,
}

impl Framing {
    /// The end of the record that begins `bytes`; none if more bytes are needed. `last` says that there are none.
    fn end(&mut self, bytes: &[u8], last: bool) -> Option<usize> {
        let end = match self {
            Self::Lines => memchr::memchr(b'\n', bytes).map(|at| at + 1),
            Self::Csv(quotes) => {
                quotes.reset();
                quotes.row_end(bytes)
            }
            Self::Warc { left } => super::warc::record_end(bytes, last, left),
            Self::Whole => None,
        };
        end.or(last.then_some(bytes.len()))
    }

    /// The end of a record whose first bytes were passed on already. They were the last that were asked about.
    fn skip(&mut self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::Lines => memchr::memchr(b'\n', bytes).map(|at| at + 1),
            Self::Csv(quotes) => quotes.row_end(bytes),
            Self::Warc { left } => {
                let end = usize::try_from(*left)
                    .ok()
                    .filter(|&left| left <= bytes.len());
                *left -= end.unwrap_or(bytes.len()) as u64;
                end
            }
            Self::Whole => None,
        }
    }

    /// Tells that bytes of a record which is larger than allowed are passed on.
    fn pass(&mut self, bytes: usize) {
        if let Self::Warc { left } = self {
            *left = left.saturating_sub(bytes as u64);
        }
    }
}

/// Some records, or a piece of one that is too large.
#[derive(Debug)]
pub struct Batch {
    /// Their bytes.
    pub bytes: Vec<u8>,
    /// Where each of them ends.
    pub ends: Vec<usize>,
    /// Where the first one begins in the decompressed input.
    pub offset: u64,
    /// Its number, counted from 1.
    pub number: u64,
    /// Whether it is a piece of a record that is too large.
    pub piece: Option<Piece>,
    /// Where it ends, if a record ends there.
    pub end: Option<Start>,
    /// How many bytes of the input, compressed as it is, have been read.
    pub consumed: u64,
}

/// Which piece of a record that is too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Its first one.
    First,
    /// A later one.
    Later,
}

/// The batches of a stream.
pub struct Batches<R> {
    reader: R,
    framing: Framing,
    max_record: usize,
    buffer: Vec<u8>,
    /// How many bytes of the buffer have been given.
    start: usize,
    offset: u64,
    number: u64,
    within: bool,
    ended: bool,
    consumed: Arc<AtomicU64>,
}

/// Where a stream of records begins, or goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// Bytes before it, decompressed.
    pub offset: u64,
    /// Records before it.
    pub records: u64,
}

impl<R: Read> Batches<R> {
    /// Cuts a stream that stands at `start`. Records of more than `max_record` bytes come in pieces.
    pub fn new(
        reader: R,
        framing: Framing,
        max_record: usize,
        start: Start,
        consumed: Arc<AtomicU64>,
    ) -> Self {
        let (offset, number) = (start.offset, start.records + 1);
        Self {
            reader,
            framing,
            max_record,
            buffer: Vec::with_capacity(BATCH + 1),
            start: 0,
            offset,
            number,
            within: false,
            ended: false,
            consumed,
        }
    }

    /// The next batch. It is what follows from the bytes behind the last one, however many of them have been read already:
    /// so a run that goes on in the middle of a file cuts the same batches.
    fn next_batch(&mut self) -> io::Result<Option<Batch>> {
        let mut wanted = BATCH;
        loop {
            self.fill(wanted)?;
            let seen = self.waiting().len().min(wanted);
            if seen == 0 {
                return Ok(None);
            }
            if self.within {
                return Ok(Some(self.later_piece(seen)));
            }
            let ends = self.ends(seen, wanted > BATCH);
            if let Some(&end) = ends.last() {
                return Ok(Some(self.batch(end, ends, None)));
            }
            if seen > self.max_record {
                self.within = true;
                self.framing.pass(seen);
                return Ok(Some(self.batch(seen, Vec::new(), Some(Piece::First))));
            }
            wanted = (seen * 2).min(self.max_record + 1);
        }
    }

    /// Bytes that were read and not given yet.
    fn waiting(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    /// Reads until `wanted` bytes are waiting, or no more come.
    fn fill(&mut self, wanted: usize) -> io::Result<()> {
        let missing = wanted.saturating_sub(self.waiting().len());
        if missing > 0 && !self.ended {
            let read = (&mut self.reader)
                .take(missing as u64)
                .read_to_end(&mut self.buffer)?;
            self.ended = read < missing;
        }
        Ok(())
    }

    /// The ends of all records, or of the first one, that are whole within the first bytes.
    fn ends(&mut self, seen: usize, first_only: bool) -> Vec<usize> {
        let bytes = &self.buffer[self.start..self.start + seen];
        let last = self.ended && self.start + seen == self.buffer.len();
        let (mut ends, mut at) = (Vec::with_capacity(seen / 2048 + 1), 0);
        while at < seen && !(first_only && at > 0) {
            let Some(end) = self.framing.end(&bytes[at..], last) else {
                break;
            };
            at += end;
            ends.push(at);
        }
        ends
    }

    fn later_piece(&mut self, seen: usize) -> Batch {
        let end = self
            .framing
            .skip(&self.buffer[self.start..self.start + seen]);
        self.within = end.is_none() && !(self.ended && self.start + seen == self.buffer.len());
        self.batch(end.unwrap_or(seen), Vec::new(), Some(Piece::Later))
    }

    /// Takes bytes off the buffer. What is copied is the smaller part, so that all copies together are linear.
    fn take(&mut self, length: usize) -> Vec<u8> {
        let end = self.start + length;
        if self.buffer.len() - end > end {
            let bytes = self.buffer[self.start..end].to_vec();
            self.start = end;
            return bytes;
        }
        let mut rest = Vec::with_capacity(BATCH + 1);
        rest.extend_from_slice(&self.buffer[end..]);
        let mut bytes = std::mem::replace(&mut self.buffer, rest);
        bytes.truncate(end);
        bytes.drain(..std::mem::take(&mut self.start));
        bytes
    }

    fn batch(&mut self, length: usize, ends: Vec<usize>, piece: Option<Piece>) -> Batch {
        let (bytes, offset, number) = (self.take(length), self.offset, self.number);
        self.offset += bytes.len() as u64;
        self.number += if piece == Some(Piece::Later) {
            u64::from(!self.within)
        } else {
            ends.len() as u64
        };
        let end = (!self.within).then_some(Start {
            offset: self.offset,
            records: self.number - 1,
        });
        Batch {
            bytes,
            ends,
            offset,
            number,
            piece,
            end,
            consumed: self.consumed.load(Ordering::Relaxed),
        }
    }
}

impl<R: Read> Iterator for Batches<R> {
    type Item = io::Result<Batch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_batch().transpose()
    }
}

impl Batch {
    /// The records with their numbers and their offsets in this batch.
    pub fn records(&self) -> impl Iterator<Item = (u64, usize, &[u8])> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .zip(self.number..)
            .map(|((start, &end), number)| (number, start, &self.bytes[start..end]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives few bytes at a time.
    struct Slow<'b>(&'b [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let most = buffer.len().min(4093);
            self.0.read(&mut buffer[..most])
        }
    }

    fn batches(bytes: &[u8], max_record: usize) -> Vec<Batch> {
        Batches::new(
            Slow(bytes),
            Framing::Lines,
            max_record,
            Start::default(),
            Arc::default(),
        )
        .map(Result::unwrap)
        .collect()
    }

    #[test]
    fn batches_partition_the_input_at_records() {
        let input: Vec<u8> = (0..400_000)
            .flat_map(|number| format!("{number}\n").into_bytes())
            .collect();
        let found = batches(&input[..input.len() - 1], 1 << 25);
        assert_eq!(found.len(), 3);
        assert_eq!(found.concat_bytes(), &input[..input.len() - 1]);
        let mut expected = 0;
        for batch in &found {
            for (number, _, record) in batch.records() {
                assert_eq!(
                    std::str::from_utf8(record).unwrap().trim_end(),
                    expected.to_string()
                );
                expected += 1;
                assert_eq!(number, expected);
            }
        }
    }

    #[test]
    fn a_record_that_is_too_large_comes_in_pieces_between_the_others() {
        let input = [
            b"one\n".to_vec(),
            b"x".repeat(5 << 20),
            b"\nthree\n".to_vec(),
        ]
        .concat();
        let found = batches(&input, 2 << 20);
        assert_eq!(found.concat_bytes(), input);
        let told: Vec<_> = found
            .iter()
            .map(|batch| (batch.number, batch.piece, batch.ends.len()))
            .collect();
        assert_eq!(told.first(), Some(&(1, None, 1)));
        assert_eq!(told[1], (2, Some(Piece::First), 0));
        assert_eq!(told.last(), Some(&(3, None, 1)));
        assert!(found.iter().all(|batch| batch.bytes.len() <= (2 << 20) + 1));
        // The largest that is allowed still comes whole.
        assert_eq!(
            batches(&input, (5 << 20) + 1)
                .iter()
                .filter(|batch| batch.piece.is_some())
                .count(),
            0
        );
    }

    #[test]
    fn a_run_that_goes_on_in_the_middle_cuts_the_same_batches() {
        let lines = (0..60_000).map(|number| format!("{}\n", "y".repeat(number % 97)).into_bytes());
        let input: Vec<u8> = lines
            .chain([b"z".repeat(3 << 20), b"\n".to_vec()])
            .chain((0..9).map(|_| b"w\n".repeat(200_000)))
            .flatten()
            .collect();
        let whole = batches(&input, 4 << 20);
        for (index, batch) in whole.iter().enumerate() {
            let rest = batches(&input[batch.offset as usize..], 4 << 20);
            assert_eq!(rest.len(), whole.len() - index);
            assert!(
                rest.iter()
                    .zip(&whole[index..])
                    .all(|(one, other)| one.ends == other.ends && one.bytes == other.bytes)
            );
        }
    }

    trait Concat {
        fn concat_bytes(&self) -> Vec<u8>;
    }

    impl Concat for Vec<Batch> {
        fn concat_bytes(&self) -> Vec<u8> {
            self.iter().flat_map(|batch| batch.bytes.clone()).collect()
        }
    }
}
