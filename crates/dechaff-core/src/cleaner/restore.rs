//! Restoring: the inverse of cleaning, on bytes.

use crate::error::Error;

/// Puts removed spans back: the inverse of cleaning, on bytes.
///
/// `removed` gives the start of each removed span in bytes of the *source*, in order, with the bytes that stood there.
///
/// ```
/// let source = dechaff_core::restore(b"one two", [(4, "and a ".as_bytes())])?;
/// assert_eq!(source, b"one and a two");
/// # Ok::<(), dechaff_core::Error>(())
/// ```
///
/// # Errors
/// [`Error::Restore`] if the spans are out of order or start after the end of what is restored so far.
pub fn restore<'r>(
    cleaned: &[u8],
    removed: impl IntoIterator<Item = (usize, &'r [u8])>,
) -> Result<Vec<u8>, Error> {
    let mut source = Vec::with_capacity(cleaned.len());
    let mut rest = cleaned;
    for (start, bytes) in removed {
        let missing = start.checked_sub(source.len()).filter(|&missing| missing <= rest.len()).ok_or_else(|| {
            Error::Restore(format!("the removed span at byte {start} does not fit the text; is this the record of another text?"))
        })?;
        let (kept, after) = rest.split_at(missing);
        source.extend_from_slice(kept);
        source.extend_from_slice(bytes);
        rest = after;
    }
    source.extend_from_slice(rest);
    Ok(source)
}
