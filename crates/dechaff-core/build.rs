//! Compiles the packs of `rules/`, so that a start of dechaff only deserializes them: their rules
//! with search plans, and their regular expressions with characters reduced to equivalence classes,
//! with DFAs that rule out most texts.
//! Also embeds the sources, which tests lint.

use dechaff_rules::CompiledRules;
use dechaff_rules::class_regex::{ClassRegex, RelaxedDfa};
use dechaff_rules::plan::RulePlan;
use dechaff_rules::rule::Matcher;
use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=rules");
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    // Topics first, then languages: the order decides the ids of rules.
    let mut packs = toml_files(&root.join("rules"))?;
    packs.extend(toml_files(&root.join("rules/languages"))?);
    let shared_sets = root.join("rules/sets.toml");
    packs.retain(|path| *path != shared_sets);
    let (mut rules, mut sources) = (CompiledRules::default(), String::from("["));
    rules.add_sets(&fs::read_to_string(&shared_sets)?, "rules/sets.toml")?;
    for path in packs {
        let origin = path
            .strip_prefix(&root)?
            .to_string_lossy()
            .replace('\\', "/");
        rules.add_unlinted(&fs::read_to_string(&path)?, &origin)?;
        let path = path.to_string_lossy();
        sources.push_str(&format!("({origin:?}, include_str!({path:?})),\n"));
    }
    fs::write(out.join("packs.rs"), sources + "]")?;
    fs::write(out.join("rules.bin"), postcard::to_allocvec(&rules)?)?;
    write_class_regexes(&rules, &out)
}

/// Writes the class-compressed regexes of all rules, their relaxed DFAs, and a table that maps each
/// key to the ends of both, sorted by key. DFAs and regexes are in files of their own, because what is
/// alike then stands together, and downloads of the engine compress better.
fn write_class_regexes(rules: &CompiledRules, out: &Path) -> Result<(), Box<dyn Error>> {
    let mut regexes = BTreeMap::new();
    for (id, rule) in rules.iter() {
        for (number, (source, ignore_case)) in rule.regexes().enumerate() {
            // Exceptions, which follow the patterns, match anywhere in a text.
            let plan = match rules.plan(id) {
                RulePlan::Patterns(plans) => plans.get(number),
                _ => None,
            };
            let is_line = matches!(rule.matcher, Matcher::Patterns { line: true, .. });
            let whole_text = is_line && plan.is_some();
            let backward = whole_text && plan.is_some_and(|plan| plan.starts_with_any);
            let kinds: &[bool] = if ClassRegex::has_boundaries(source) {
                &[false, true]
            } else {
                &[false]
            };
            for &unicode_boundaries in kinds {
                // A regex that cannot be compressed is compiled as it is when it is first needed.
                if let Some(regex) = ClassRegex::new(source, ignore_case, unicode_boundaries) {
                    let key = ClassRegex::key(source, ignore_case, unicode_boundaries);
                    let relaxed = RelaxedDfa::new(&regex, whole_text, backward);
                    regexes.insert(key, (relaxed, regex));
                }
            }
        }
    }
    let (mut table, mut dfas, mut classes) = (String::from("["), Vec::new(), Vec::new());
    for (key, (relaxed, regex)) in regexes {
        dfas.extend(postcard::to_allocvec(&relaxed)?);
        classes.extend(postcard::to_allocvec(&regex)?);
        let (dfa_end, classes_end) = (dfas.len(), classes.len());
        table.push_str(&format!("({key:?}, ({dfa_end}, {classes_end})),\n"));
    }
    fs::write(out.join("class_regexes.rs"), table + "]")?;
    fs::write(out.join("relaxed_dfas.bin"), dfas)?;
    fs::write(out.join("class_regexes.bin"), classes)?;
    Ok(())
}

/// Lists the TOML files of a directory, sorted by name.
fn toml_files(directory: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        files.push(entry?.path());
    }
    files.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "toml")
    });
    files.sort();
    Ok(files)
}
