//! The pack that a proposed rule is added to.

use std::path::Path;

/// Returns the TOML header of a new pack with this name, ended by a line feed. The name must not
/// need escaping in TOML.
#[must_use]
pub fn pack_head(name: &str) -> String {
    format!("[pack]\nname = \"{name}\"\ndescription = \"Rules of our own.\"\n")
}

/// Returns the name of the pack with this TOML source. If the source does not state one, for
/// example because the file is new, the name is made from the file name in `path`: lower case, with
/// a hyphen for every character other than an ASCII letter or digit.
#[must_use]
pub fn pack_name(source: &str, path: &Path) -> String {
    let stated = toml::from_str::<toml::Table>(source)
        .ok()
        .and_then(|table| table.get("pack")?.get("name")?.as_str().map(str::to_owned));
    stated.unwrap_or_else(|| {
        let stem = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        if stem.is_empty() {
            return "mine".to_owned();
        }
        stem.replace(|c: char| !c.is_ascii_alphanumeric(), "-")
    })
}
