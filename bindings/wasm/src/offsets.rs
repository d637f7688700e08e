//! Offsets in UTF-16 code units, in which JavaScript indexes strings.

/// Number of bytes between two entries of the table.
const STEP: usize = 1024;

/// Converts offsets in bytes of a text to offsets in UTF-16 code units. Each takes constant time.
#[derive(Debug)]
pub struct Offsets<'t> {
    bytes: &'t [u8],
    /// The units before every multiple of [`STEP`]. Empty if the text is ASCII: then both offsets are
    /// the same.
    units: Vec<usize>,
}

impl<'t> Offsets<'t> {
    /// Reads the text once.
    pub fn new(text: &'t str) -> Self {
        let (bytes, mut units, mut sum) = (text.as_bytes(), Vec::new(), 0);
        if !text.is_ascii() {
            for chunk in bytes.chunks(STEP) {
                units.push(sum);
                sum += count(chunk);
            }
        }
        Self { bytes, units }
    }

    /// Returns the offset in UTF-16 code units of the character at a byte `offset`.
    pub fn unit(&self, offset: usize) -> usize {
        if self.units.is_empty() {
            return offset;
        }
        // The end of the text may have no entry of its own.
        let entry = (offset / STEP).min(self.units.len() - 1);
        self.units[entry] + count(&self.bytes[entry * STEP..offset])
    }
}

/// Counts the UTF-16 code units of the characters that start in `bytes`: two for those of four bytes,
/// which start with F0 or more, and one for the others.
fn count(bytes: &[u8]) -> usize {
    let starts = bytes.iter().filter(|&&byte| byte & 0xC0 != 0x80).count();
    let pairs = bytes.iter().filter(|&&byte| byte >= 0xF0).count();
    starts + pairs
}

#[cfg(test)]
mod tests {
    use super::Offsets;

    fn assert_all_offsets_are_those_of_utf16(text: &str) {
        let offsets = Offsets::new(text);
        let ends = text.char_indices().map(|(start, _)| start);
        for end in ends.chain([text.len()]) {
            let expected = text[..end].encode_utf16().count();
            assert_eq!(offsets.unit(end), expected, "byte {end}");
        }
    }

    #[test]
    fn offsets_count_utf16_units() {
        assert_all_offsets_are_those_of_utf16("");
        assert_all_offsets_are_those_of_utf16("plain");
        assert_all_offsets_are_those_of_utf16("süß 橋は月曜日 👩‍🚀🏴 end");
    }

    #[test]
    fn offsets_are_right_across_entries_of_the_table() {
        assert_all_offsets_are_those_of_utf16(&"a👩ü橋".repeat(700));
        assert_all_offsets_are_those_of_utf16(&"👩".repeat(512));
    }
}
