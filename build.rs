//! Reads the packs of `rules/` and prepares them, so that a start of dechaff need not: the same code that reads users'
//! packs, run once. Writes their texts (for the lint, which tests run) and the prepared rules.

#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    missing_docs,
    reason = "parts of the library serve the build as they are"
)]

#[path = "src/document.rs"]
mod document;
#[path = "src/error.rs"]
mod error;
#[path = "src/expression.rs"]
mod expression;
#[path = "src/fold.rs"]
mod fold;
#[path = "src/language.rs"]
mod language;
#[path = "src/pack.rs"]
mod pack;
#[path = "src/phrase.rs"]
mod phrase;
#[path = "src/prepare.rs"]
mod prepare;
#[path = "src/rarity.rs"]
mod rarity;
#[path = "src/rule.rs"]
mod rule;
#[path = "src/span.rs"]
mod span;
#[path = "src/texts.rs"]
mod texts;

pub use document::Document;
pub use pack::RuleSet;
pub use span::Span;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, error::Error, fs, io};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rerun-if-changed=rules");
    println!("cargo::rerun-if-changed=models/grams.bin");
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    // Topics first, then languages.
    let mut packs = toml_files(&root.join("rules"))?;
    packs.extend(toml_files(&root.join("rules/languages"))?);
    let (mut set, mut list) = (RuleSet::default(), String::from("["));
    for path in packs {
        let origin = path
            .strip_prefix(&root)?
            .to_string_lossy()
            .replace('\\', "/");
        set.add_linted(&fs::read_to_string(&path)?, &origin);
        list.push_str(&format!(
            "({origin:?}, include_str!({:?})),\n",
            path.to_string_lossy()
        ));
    }
    fs::write(out.join("packs.rs"), list + "]")?;
    let expressions: BTreeMap<String, Vec<u8>> = set
        .iter()
        .flat_map(|(_, rule)| rule.expressions())
        .filter_map(|(source, ignore_case)| {
            let expression = expression::ClassRegex::new(source, ignore_case, false)?;
            Some((
                expression::ClassRegex::name(source, ignore_case),
                postcard::to_allocvec(&expression).ok()?,
            ))
        })
        .collect();
    let (mut names, mut packed) = (String::from("["), Vec::new());
    for (name, expression) in expressions {
        packed.extend(expression);
        names.push_str(&format!("({name:?}, {}),\n", packed.len()));
    }
    fs::write(out.join("expressions.rs"), names + "]")?;
    fs::write(out.join("expressions.bin"), packed)?;
    fs::write(
        out.join("packs.bin"),
        postcard::to_allocvec(set.contents())?,
    )?;
    Ok(())
}

fn toml_files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = fs::read_dir(directory)?
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<_>>()?;
    files.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "toml")
    });
    files.sort();
    Ok(files)
}
