//! Batches of records: the units in which a stream is read, cleaned, compressed and written.
//!
//! [`Batches`] splits a stream into batches of about one mebibyte, each ending where a record ends.
//! The boundaries depend on the bytes alone, not on threads or on how much a read returned. That
//! is why a run gives the same output on any number of threads, and why it can resume at the end
//! of any batch: from there on, the same batches follow.
//!
//! For example, if the batch size were 32 bytes, this stream of records of 13 bytes
//!
//! ```text
//! {"text":"a"}⏎{"text":"b"}⏎{"text":"c"}⏎{"text":"d"}⏎{"text":"e"}⏎
//! ```
//!
//! would be split into three batches, because a third record does not end within 32 bytes:
//!
//! ```text
//! records  offset  a run can resume at
//! 1, 2     0       byte 26, after 2 records
//! 3, 4     26      byte 52, after 4 records
//! 5        52      byte 65, after 5 records
//! ```
//!
//! A record that is larger than allowed comes in several batches of one [`Piece`] each, and a run
//! cannot resume between them. Pieces are passed through unchanged. Often such a record is not large
//! but damaged, and only claims the bytes of those after it. A [`Framing`] that can tell where the
//! next record starts ends it there instead.
//!
//! Of a live stream, a batch has the records that have come so far, and the next one is waited for
//! only if there are none. Its boundaries depend on when bytes come, so such a run cannot resume.
//!
//! Memory is bounded by the size of a batch and the largest record allowed.

use serde::{Deserialize, Serialize};
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How a stream is split into records. It may keep state from call to call.
pub trait Framing: Send {
    /// Returns the end of the record at the start of `bytes`, or `None` if it does not end in them.
    /// `is_last` says that no bytes follow; without an end, the record then ends with the stream.
    fn record_end(&mut self, bytes: &[u8], is_last: bool) -> Option<usize>;

    /// Returns the end of the current record in `bytes`, or `None` if it goes on after them.
    /// `bytes` must follow the last piece.
    fn rest_end(&mut self, bytes: &[u8]) -> Option<usize>;

    /// Returns the end of a record that would be larger than allowed, if it can be told from
    /// `bytes`, the first ones of the record, that it ends earlier than it claims. By default `None`:
    /// it comes in pieces.
    fn large_record_end(&mut self, bytes: &[u8]) -> Option<usize> {
        let _ = bytes;
        None
    }

    /// Returns how many of `bytes` to return as a piece of a record that goes on after them, at
    /// least one. Those left out are looked at again together with the bytes that follow. By default
    /// all.
    fn piece_len(&self, bytes: &[u8]) -> usize {
        bytes.len()
    }
}

/// Ends a record at each line feed.
#[derive(Debug)]
pub struct LineFraming;

impl Framing for LineFraming {
    fn record_end(&mut self, bytes: &[u8], _: bool) -> Option<usize> {
        memchr::memchr(b'\n', bytes).map(|at| at + 1)
    }

    fn rest_end(&mut self, bytes: &[u8]) -> Option<usize> {
        self.record_end(bytes, false)
    }
}

/// Bytes of a live stream that are read at once, if there are as many.
const LIVE_READ: usize = 64 << 10;

/// Some whole records, or a piece of one that is larger than allowed.
#[derive(Debug)]
pub struct Batch {
    /// The bytes of the records or of the piece.
    pub bytes: Vec<u8>,
    /// The end of each record in `bytes`; empty for a piece.
    pub ends: Vec<usize>,
    /// The offset of `bytes` in the decompressed input.
    pub offset: u64,
    /// The number of the first record, or of the one that the piece belongs to, from 1.
    pub number: u64,
    /// Which piece of a record this is; `None` if the records are whole.
    pub piece: Option<Piece>,
    /// The position after the batch; `None` if it is within a record.
    pub end: Option<Start>,
    /// Bytes read so far from the input, before decompression.
    pub consumed: u64,
}

/// Which piece of a record that is larger than allowed a batch holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// The first one.
    First,
    /// Any other one, including the last.
    Later,
}

/// An iterator over the batches of a stream.
pub struct Batches<R> {
    reader: R,
    framing: Box<dyn Framing>,
    /// A batch ends with the last record that ends within this many bytes.
    batch_size: usize,
    /// Size of the largest record that is returned whole, in bytes.
    max_record: usize,
    buffer: Vec<u8>,
    /// Bytes at the start of `buffer` that have been returned.
    returned: usize,
    /// Offset in the decompressed input of the next byte to return.
    offset: u64,
    /// Number of the next record to return.
    number: u64,
    /// Whether the next byte to return is within a record that is larger than allowed.
    in_large_record: bool,
    /// Whether the reader is at its end.
    at_eof: bool,
    /// Whether the records that have come are returned without a wait for more.
    is_live: bool,
    consumed: Arc<AtomicU64>,
}

/// A position in a stream of records, at which a run starts or resumes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// Bytes before it in the decompressed input.
    pub offset: u64,
    /// Records before it.
    pub records: u64,
}

impl<R: Read> Batches<R> {
    /// Size of a batch in bytes, unless another is set.
    pub const BATCH_SIZE: usize = 1 << 20;

    /// Creates an iterator over the batches of `reader`, whose next byte is at `start`. Records of
    /// more than `max_record` bytes come in pieces. `consumed` counts the bytes read before
    /// decompression and is updated by the reader; each batch gets its current value.
    pub fn new(
        reader: R,
        framing: Box<dyn Framing>,
        max_record: usize,
        start: Start,
        consumed: Arc<AtomicU64>,
    ) -> Self {
        Self {
            reader,
            framing,
            batch_size: Self::BATCH_SIZE,
            max_record,
            buffer: Vec::with_capacity(Self::BATCH_SIZE + 1),
            returned: 0,
            offset: start.offset,
            number: start.records + 1,
            in_large_record: false,
            at_eof: false,
            is_live: false,
            consumed,
        }
    }

    /// Returns the records that have come as a batch, if `is_live`, instead of waiting until it is
    /// full.
    pub fn with_live(self, is_live: bool) -> Self {
        Self { is_live, ..self }
    }

    /// Sets the size of a batch in bytes.
    pub fn with_batch_size(self, batch_size: usize) -> Self {
        Self { batch_size, ..self }
    }

    /// Returns the next batch, or `None` at the end of the stream. If no record ends within
    /// `batch_size`, looks at more and more bytes, until the first record ends or is too large.
    ///
    /// A batch depends only on the bytes after the previous one, not on how many of them have been
    /// read already. A run that resumes at the end of a batch therefore gets the same batches.
    fn next_batch(&mut self) -> io::Result<Option<Batch>> {
        let mut wanted = self.batch_size;
        // More records than a batch holds may have come already.
        let mut waits = !self.is_live || self.pending().is_empty();
        loop {
            if std::mem::replace(&mut waits, true) {
                self.fill(wanted)?;
            }
            let available = self.pending().len().min(wanted);
            if available == 0 {
                return Ok(None);
            }
            if self.in_large_record {
                return Ok(Some(self.later_piece(available)));
            }
            let ends = self.record_ends(available, wanted > self.batch_size);
            if let Some(&end) = ends.last() {
                return Ok(Some(self.batch(end, ends, None)));
            }
            if available > self.max_record {
                let bytes = &self.buffer[self.returned..self.returned + available];
                if let Some(end) = self.framing.large_record_end(bytes) {
                    return Ok(Some(self.batch(end, vec![end], None)));
                }
                let len = self.framing.piece_len(bytes);
                self.in_large_record = true;
                return Ok(Some(self.batch(len, Vec::new(), Some(Piece::First))));
            }
            wanted = wanted.max((available * 2).min(self.max_record + 1));
        }
    }

    /// Returns the bytes that were read but are not part of a returned batch yet. They start at a
    /// record, or within one that is larger than allowed.
    fn pending(&self) -> &[u8] {
        &self.buffer[self.returned..]
    }

    /// Reads until at least `wanted` bytes are pending or the stream ends. Bytes that are pending
    /// already count, so usually only a part of a batch is read. A live stream is read once.
    fn fill(&mut self, wanted: usize) -> io::Result<()> {
        let missing = wanted.saturating_sub(self.pending().len());
        if missing > 0 && !self.at_eof && self.is_live {
            let start = self.buffer.len();
            self.buffer.resize(start + missing.min(LIVE_READ), 0);
            let read = self.reader.read(&mut self.buffer[start..]);
            self.buffer.truncate(start + *read.as_ref().unwrap_or(&0));
            self.at_eof = read? == 0;
        } else if missing > 0 && !self.at_eof {
            let read = (&mut self.reader)
                .take(missing as u64)
                .read_to_end(&mut self.buffer)?;
            self.at_eof = read < missing;
        }
        Ok(())
    }

    /// Returns the ends of all records that are complete in the first `len` pending bytes, or only
    /// that of the first one if `first_only`. Empty if even the first record is longer.
    fn record_ends(&mut self, len: usize, first_only: bool) -> Vec<usize> {
        let bytes = &self.buffer[self.returned..self.returned + len];
        let is_last = self.at_eof && self.returned + len == self.buffer.len();
        let (mut ends, mut at) = (Vec::with_capacity(len / 2048 + 1), 0);
        while at < len && !(first_only && at > 0) {
            let rest = &bytes[at..];
            let end = self.framing.record_end(rest, is_last);
            let Some(end) = end.or(is_last.then_some(rest.len())) else {
                break;
            };
            at += end;
            ends.push(at);
        }
        ends
    }

    /// Returns the next piece of a record that is larger than allowed: the first `len` pending
    /// bytes, or those up to the end of the record if it ends in them.
    fn later_piece(&mut self, len: usize) -> Batch {
        let bytes = &self.buffer[self.returned..self.returned + len];
        let end = self.framing.rest_end(bytes);
        let is_last = self.at_eof && self.returned + len == self.buffer.len();
        let len = match end {
            Some(end) => end,
            None if is_last => len,
            None => self.framing.piece_len(bytes),
        };
        self.in_large_record = end.is_none() && !is_last;
        self.batch(len, Vec::new(), Some(Piece::Later))
    }

    /// Removes the first `len` pending bytes from the buffer and returns them. Copies the part
    /// before or after their end, whichever is smaller, so that the cost of all calls together is
    /// linear in the length of the stream.
    fn take_pending(&mut self, len: usize) -> Vec<u8> {
        let end = self.returned + len;
        if self.buffer.len() - end > end {
            let bytes = self.buffer[self.returned..end].to_vec();
            self.returned = end;
            return bytes;
        }
        let mut rest = Vec::with_capacity(self.batch_size + 1);
        rest.extend_from_slice(&self.buffer[end..]);
        let mut bytes = std::mem::replace(&mut self.buffer, rest);
        bytes.truncate(end);
        bytes.drain(..std::mem::take(&mut self.returned));
        bytes
    }

    /// Makes a batch of the first `len` pending bytes and advances the position of the stream. A
    /// record in pieces is counted when its last piece is returned.
    fn batch(&mut self, len: usize, ends: Vec<usize>, piece: Option<Piece>) -> Batch {
        let (bytes, offset, number) = (self.take_pending(len), self.offset, self.number);
        self.offset += bytes.len() as u64;
        self.number += if piece == Some(Piece::Later) {
            u64::from(!self.in_large_record)
        } else {
            ends.len() as u64
        };
        let end = (!self.in_large_record).then_some(Start {
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
    /// Returns the records of the batch, each with its number in the input, from 1, and its offset
    /// in the batch. A batch that holds a piece has none.
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

    /// Returns at most 4093 bytes a call.
    struct SlowReader<'b>(&'b [u8]);

    impl Read for SlowReader<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let len = buffer.len().min(4093);
            self.0.read(&mut buffer[..len])
        }
    }

    fn batches(bytes: &[u8], max_record: usize) -> Vec<Batch> {
        Batches::new(
            SlowReader(bytes),
            Box::new(LineFraming),
            max_record,
            Start::default(),
            Arc::default(),
        )
        .map(Result::unwrap)
        .collect()
    }

    #[test]
    fn batches_partition_the_input_at_record_ends() {
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
    fn a_record_that_is_too_large_comes_in_pieces() {
        let input = [
            b"one\n".to_vec(),
            b"x".repeat(5 << 20),
            b"\nthree\n".to_vec(),
        ]
        .concat();
        let found = batches(&input, 2 << 20);
        assert_eq!(found.concat_bytes(), input);
        let shapes: Vec<_> = found
            .iter()
            .map(|batch| (batch.number, batch.piece, batch.ends.len()))
            .collect();
        assert_eq!(shapes.first(), Some(&(1, None, 1)));
        assert_eq!(shapes[1], (2, Some(Piece::First), 0));
        assert_eq!(shapes.last(), Some(&(3, None, 1)));
        assert!(found.iter().all(|batch| batch.bytes.len() <= (2 << 20) + 1));
        // A record of exactly the allowed size is whole.
        assert_eq!(
            batches(&input, (5 << 20) + 1)
                .iter()
                .filter(|batch| batch.piece.is_some())
                .count(),
            0
        );
    }

    /// Returns its parts, at most one a call.
    struct LiveParts(std::collections::VecDeque<Vec<u8>>);

    impl Read for LiveParts {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Some(part) = self.0.front_mut() else {
                return Ok(0);
            };
            let read = part.as_slice().read(buffer)?;
            part.drain(..read);
            if part.is_empty() {
                self.0.pop_front();
            }
            Ok(read)
        }
    }

    #[test]
    fn a_live_batch_has_the_records_that_have_come() {
        let large = [b"x".repeat(50), b"\nsix\nse".to_vec()].concat();
        let parts = ["one\n", "tw", "o\nthree\nfour", "\n"].map(|part| part.as_bytes().to_vec());
        let parts: Vec<Vec<u8>> = parts.into_iter().chain([large, b"ven".to_vec()]).collect();
        let batches = Batches::new(
            LiveParts(parts.clone().into()),
            Box::new(LineFraming),
            40,
            Start::default(),
            Arc::default(),
        );
        let found: Vec<Batch> = batches
            .with_batch_size(16)
            .with_live(true)
            .map(Result::unwrap)
            .collect();
        let shapes: Vec<_> = found
            .iter()
            .map(|batch| (batch.number, batch.ends.len(), batch.piece))
            .collect();
        let expected = [
            (1, 1, None),
            (2, 2, None),
            (4, 1, None),
            (5, 0, Some(Piece::First)),
            (5, 0, Some(Piece::Later)),
            (6, 1, None),
            (7, 1, None),
        ];
        assert_eq!(shapes, expected);
        assert_eq!(found.concat_bytes(), parts.concat());
    }

    #[test]
    fn a_resumed_run_gets_the_same_batches() {
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

    trait ConcatBytes {
        fn concat_bytes(&self) -> Vec<u8>;
    }

    impl ConcatBytes for Vec<Batch> {
        fn concat_bytes(&self) -> Vec<u8> {
            self.iter().flat_map(|batch| batch.bytes.clone()).collect()
        }
    }
}
