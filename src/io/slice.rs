//! A file of lines cut into slices of about equal length, so that several runs can share it. A slice begins where a line
//! does, and each line is in one slice; where they begin follows from the file alone.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;

/// So much is read at once.
const PIECE: usize = 1 << 18;

/// The bytes of slice `index`, counted from 1, of `of`.
///
/// # Errors
/// If the file cannot be read.
pub fn slice_of(file: &File, index: u64, of: u64) -> io::Result<Range<u64>> {
    let size = file.metadata()?.len();
    let place = |index: u64| (u128::from(size) * u128::from(index) / u128::from(of)) as u64;
    Ok(line_at(file, place(index - 1), size)?..line_at(file, place(index), size)?)
}

/// Where the first line begins that does not begin before a place.
fn line_at(file: &File, place: u64, size: u64) -> io::Result<u64> {
    let Some(before) = place.checked_sub(1) else {
        return Ok(0);
    };
    let mut reader = BufReader::new(file);
    reader.seek(SeekFrom::Start(before))?;
    Ok((before + reader.skip_until(b'\n')? as u64).min(size))
}

/// Reads over so many bytes, and counts the lines that end in them.
///
/// # Errors
/// If they cannot be read.
pub fn skip_lines(reader: &mut dyn Read, bytes: u64) -> io::Result<u64> {
    let (mut buffer, mut left, mut lines) = (vec![0; PIECE], bytes, 0);
    while left > 0 {
        let most = buffer
            .len()
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        let read = reader.read(&mut buffer[..most])?;
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

    #[test]
    fn slices_share_a_file_line_by_line() {
        for text in [
            "",
            "\n",
            "one line without an end",
            "a\nbb\n\nccc\nd",
            "a long first line, longer than all the others\nb\nc\n",
        ] {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            for of in 1..=9 {
                let slices: Vec<_> = (1..=of)
                    .map(|index| slice_of(&file, index, of).unwrap())
                    .collect();
                assert_eq!(
                    (slices[0].start, slices[of as usize - 1].end),
                    (0, text.len() as u64),
                    "{text} {of}"
                );
                assert!(slices.windows(2).all(|pair| pair[0].end == pair[1].start));
                let begins_line = |at: u64| {
                    at == 0 || at == text.len() as u64 || text.as_bytes()[at as usize - 1] == b'\n'
                };
                assert!(
                    slices.iter().all(|slice| begins_line(slice.start)),
                    "{text} {of}"
                );
            }
        }
        assert_eq!(skip_lines(&mut "a\nb\nc".as_bytes(), 3).unwrap(), 1);
        assert!(skip_lines(&mut "a".as_bytes(), 3).is_err());
    }
}
