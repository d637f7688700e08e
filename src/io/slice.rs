//! Slices of a file of lines, so that several runs can share the work on it.
//!
//! A file is divided into `count` slices of about equal length. Each boundary is moved to the next
//! start of a line, so that every line is in exactly one slice. Boundaries depend only on the
//! file's bytes and on `count`: runs on different machines agree on them without talking to each
//! other.

use super::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;

/// Bytes per read while lines are skipped.
const BUFFER_BYTES: usize = 1 << 18;

/// Returns the byte range of slice `index`, counted from 1, of the `count` slices of `file`. A
/// slice is empty if a single line spans all of it.
///
/// # Errors
/// If the file cannot be read.
pub fn line_slice(file: &File, index: u64, count: u64) -> io::Result<Range<u64>> {
    let size = file.metadata()?.len();
    let start = line_start_from(file, boundary(size, index - 1, count), size)?;
    Ok(start..line_start_from(file, boundary(size, index, count), size)?)
}

/// Returns where slice `index`, counted from 0, would end if `size` bytes were divided without
/// regard to lines. Computes in 128 bits, as the product can exceed 64.
fn boundary(size: u64, index: u64, count: u64) -> u64 {
    (u128::from(size) * u128::from(index) / u128::from(count)) as u64
}

/// Returns the offset of the first line that starts at `offset` or later, or `size` if there is
/// none. Reads from the byte before `offset`, which may end a line.
fn line_start_from(file: &File, offset: u64, size: u64) -> io::Result<u64> {
    let Some(before) = offset.checked_sub(1) else {
        return Ok(0);
    };
    let mut reader = BufReader::new(file);
    reader.seek(SeekFrom::Start(before))?;
    Ok((before + reader.skip_until(b'\n')? as u64).min(size))
}

/// Reads and discards exactly `bytes` bytes, and returns the number of line feeds among them. A
/// resumed run needs that to number the lines that follow.
///
/// # Errors
/// If the reader fails or ends earlier.
pub fn skip_lines(reader: &mut dyn Read, bytes: u64) -> io::Result<u64> {
    let (mut buffer, mut left, mut lines) = (vec![0; BUFFER_BYTES], bytes, 0);
    while left > 0 {
        let max_len = buffer
            .len()
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        let read = reader.read(&mut buffer[..max_len])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        lines += memchr::memchr_iter(b'\n', &buffer[..read]).count() as u64;
        left -= read as u64;
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn starts_line(text: &str, offset: u64) -> bool {
        offset == 0 || offset == text.len() as u64 || text.as_bytes()[offset as usize - 1] == b'\n'
    }

    #[test]
    fn each_line_is_in_exactly_one_slice() {
        for text in [
            "",
            "\n",
            "one line without an end",
            "a\nbb\n\nccc\nd",
            "a long first line, longer than all the others\nb\nc\n",
        ] {
            let mut file = crate::io::fs::create_unnamed().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            for count in 1..=9 {
                let slices: Vec<_> = (1..=count)
                    .map(|index| line_slice(&file, index, count).unwrap())
                    .collect();
                assert_eq!(
                    (slices[0].start, slices[count as usize - 1].end),
                    (0, text.len() as u64),
                    "{text} {count}"
                );
                assert!(slices.windows(2).all(|pair| pair[0].end == pair[1].start));
                assert!(
                    slices.iter().all(|slice| starts_line(text, slice.start)),
                    "{text} {count}"
                );
            }
        }
    }

    #[test]
    fn skipped_lines_are_counted() {
        assert_eq!(skip_lines(&mut "a\nb\nc".as_bytes(), 3).unwrap(), 1);
        assert!(skip_lines(&mut "a".as_bytes(), 3).is_err());
    }
}
