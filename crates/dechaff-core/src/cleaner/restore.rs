//! Restores a source from a cleaned text: the inverse of cleaning, on bytes.

use crate::error::Error;

/// Restores the source from a cleaned text and what was removed from it.
///
/// `removed` yields the start of each removed span, in bytes of the *source*, and the bytes that
/// were there, in the order of the source. Works on bytes, so that it also restores records that
/// are not valid UTF-8.
///
/// ```
/// let source = dechaff_core::restore(b"one two", [(4, "and a ".as_bytes())])?;
/// assert_eq!(source, b"one and a two");
/// # Ok::<(), dechaff_core::Error>(())
/// ```
///
/// # Errors
/// [`Error::Restore`] if the spans are out of order or start after the end of the restored text,
/// which means that they do not belong to this text.
pub fn restore<'r>(
    cleaned: &[u8],
    removed: impl IntoIterator<Item = (usize, &'r [u8])>,
) -> Result<Vec<u8>, Error> {
    let mut source = Vec::with_capacity(cleaned.len());
    let mut rest = cleaned;
    for (start, bytes) in removed {
        let kept_len = start
            .checked_sub(source.len())
            .filter(|&len| len <= rest.len())
            .ok_or_else(|| {
                Error::Restore(format!(
                    "the removed span at byte {start} does not fit the text; is this the record of \
                     another text?"
                ))
            })?;
        let (kept, after) = rest.split_at(kept_len);
        source.extend_from_slice(kept);
        source.extend_from_slice(bytes);
        rest = after;
    }
    source.extend_from_slice(rest);
    Ok(source)
}
