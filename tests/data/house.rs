//! Checks the structure of the code: no two files import each other, no module imports one above
//! it, every file says what it contains, and every pack is built in. ARCHITECTURE.md describes the
//! layers.

use crate::{checkout_trial, root, trial};
use libtest_mimic::Trial;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};

/// Returns the tests of this module. Those that read the sources need a checkout.
pub fn trials() -> Vec<Trial> {
    vec![
        checkout_trial(
            "house::no_files_import_each_other",
            no_files_import_each_other,
        ),
        trial("house::a_cycle_is_found", a_cycle_is_found),
        trial(
            "house::grouped_and_relative_imports_are_resolved",
            grouped_and_relative_imports_are_resolved,
        ),
        checkout_trial(
            "house::modules_import_only_modules_below_them",
            modules_import_only_modules_below_them,
        ),
        checkout_trial(
            "house::the_core_touches_no_files_threads_or_environment",
            the_core_touches_no_files_threads_or_environment,
        ),
        checkout_trial(
            "house::nothing_opens_a_connection_or_runs_a_program",
            nothing_opens_a_connection_or_runs_a_program,
        ),
        checkout_trial(
            "house::every_file_says_what_it_contains",
            every_file_says_what_it_contains,
        ),
        checkout_trial(
            "house::one_file_calls_the_file_system",
            one_file_calls_the_file_system,
        ),
        trial("house::a_call_is_found", a_call_is_found),
        checkout_trial("house::every_pack_is_built_in", every_pack_is_built_in),
    ]
}

/// The modules of each crate from bottom to top. A module may import those above it in the list,
/// never those below.
const LAYERS: &[(&str, &[&str])] = &[
    (
        "crates/dechaff-rules/src",
        &[
            "error",
            "string_list",
            "language",
            "chars",
            "steps",
            "ngrams",
            "class_regex",
            "rule",
            "phrase",
            "plan",
            "pack",
            "rules",
        ],
    ),
    (
        "crates/dechaff-core/src",
        &[
            "error", "steps", "text", "mark", "learn", "built_in", "rules", "search", "filter",
            "model", "verdict", "cleaner", "verify", "audit", "fuzzing",
        ],
    ),
    (
        "crates/dechaff-train/src",
        &["corpus", "arrays", "documents", "features", "verdicts"],
    ),
    ("src", &["io", "report", "job", "cli", "fuzzing"]),
    (
        "bindings/python/src",
        &[
            "arguments",
            "texts",
            "workers",
            "engine",
            "result",
            "explain",
            "objects",
            "arrow",
            "line_counts",
            "learned",
            "cleaner",
            "files",
        ],
    ),
    (
        "bindings/wasm/src",
        &["options", "offsets", "scanned", "explained", "engine"],
    ),
];

/// Modules that must not import each other although one is above the other.
const APART: &[(&str, &str, &str)] = &[("src", "report", "io")];

/// A source file: the path of its module within the crate (`search::dfa`), and the modules that it
/// imports.
#[derive(Debug)]
struct Module {
    path: Vec<String>,
    imports: Vec<Vec<String>>,
}

/// Collects the paths that code outside tests mentions, resolved to the crate's root.
struct Imports<'m> {
    module: &'m [String],
    found: Vec<Vec<String>>,
}

impl Imports<'_> {
    /// Adds a path if it starts with `crate`, `self` or `super`.
    fn add(&mut self, segments: &[String]) {
        let base = match segments.first().map(String::as_str) {
            Some("crate") => &[],
            Some("self") => self.module,
            Some("super") => {
                let ups = segments
                    .iter()
                    .take_while(|segment| *segment == "super")
                    .count();
                &self.module[..self.module.len().saturating_sub(ups)]
            }
            _ => return,
        };
        let names = segments
            .iter()
            .filter(|name| !matches!(name.as_str(), "crate" | "self" | "super"));
        self.found.push(base.iter().chain(names).cloned().collect());
    }

    /// Adds every path of a `use` declaration; `prefix` is what groups around it share.
    fn add_use(&mut self, tree: &syn::UseTree, prefix: &mut Vec<String>) {
        match tree {
            syn::UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.add_use(&path.tree, prefix);
                prefix.pop();
            }
            syn::UseTree::Group(group) => {
                group
                    .items
                    .iter()
                    .for_each(|item| self.add_use(item, prefix));
            }
            syn::UseTree::Name(name) => self.add_leaf(prefix, &name.ident.to_string()),
            syn::UseTree::Rename(name) => self.add_leaf(prefix, &name.ident.to_string()),
            syn::UseTree::Glob(_) => self.add(prefix),
        }
    }

    fn add_leaf(&mut self, prefix: &[String], name: &str) {
        let path: Vec<String> = prefix.iter().cloned().chain([name.to_owned()]).collect();
        self.add(&path);
    }
}

impl<'ast> Visit<'ast> for Imports<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let is_test = match item {
            syn::Item::Mod(module) => is_cfg_test(&module.attrs),
            syn::Item::Use(import) => is_cfg_test(&import.attrs),
            _ => false,
        };
        if !is_test {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, import: &'ast syn::ItemUse) {
        self.add_use(&import.tree, &mut Vec::new());
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        self.add(&segments);
        visit::visit_path(self, path);
    }
}

fn is_cfg_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let is_test = |meta: &syn::Meta| meta.path().is_ident("test");
        attribute.path().is_ident("cfg")
            && attribute
                .parse_args::<syn::Meta>()
                .is_ok_and(|meta| match &meta {
                    // `all(test, unix)`
                    syn::Meta::List(list) if list.path.is_ident("all") => list
                        .parse_args_with(Punctuated::<syn::Meta, syn::Token![,]>::parse_terminated)
                        .is_ok_and(|parts| parts.iter().any(is_test)),
                    meta => is_test(meta),
                })
    })
}

/// Lists the Rust files below a directory.
fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// Parses the files of a crate. Test modules in files of their own (`tests.rs`) are left out.
fn modules(root: &Path) -> Vec<Module> {
    let parse = |file: PathBuf| {
        let relative = file.strip_prefix(root).unwrap().with_extension("");
        let mut path: Vec<String> = relative
            .iter()
            .map(|name| name.to_str().unwrap().to_owned())
            .collect();
        if matches!(path.last().map(String::as_str), Some("lib" | "main")) {
            path.pop();
        }
        let syntax = syn::parse_file(&fs::read_to_string(&file).unwrap()).unwrap();
        let mut imports = Imports {
            module: &path,
            found: Vec::new(),
        };
        imports.visit_file(&syntax);
        let imports = imports.found;
        Module { path, imports }
    };
    let files = sources(root)
        .into_iter()
        .filter(|file| !file.ends_with("tests.rs"));
    files
        .map(parse)
        .filter(|module| !module.path.is_empty())
        .collect()
}

/// Returns the indices of the modules that a module imports. Imports between a module and those
/// nested in it are ordinary Rust and are left out.
fn imported(modules: &[Module], module: &Module) -> BTreeSet<usize> {
    let by_path: BTreeMap<&[String], usize> = modules
        .iter()
        .enumerate()
        .map(|(index, module)| (module.path.as_slice(), index))
        .collect();
    let resolve = |import: &Vec<String>| {
        (1..=import.len())
            .rev()
            .find_map(|len| by_path.get(&import[..len]).copied())
    };
    let is_nested = |other: &Module| {
        other.path.starts_with(&module.path) || module.path.starts_with(&other.path)
    };
    module
        .imports
        .iter()
        .filter_map(resolve)
        .filter(|&other| !is_nested(&modules[other]))
        .collect()
}

/// Returns the modules of an import cycle, if there is one: what is left when modules that import
/// nothing more are taken away again and again.
fn cycle(modules: &[Module]) -> Vec<String> {
    let mut graph: BTreeMap<usize, BTreeSet<usize>> = modules
        .iter()
        .enumerate()
        .map(|(index, module)| (index, imported(modules, module)))
        .collect();
    loop {
        let done: Vec<usize> = graph
            .iter()
            .filter(|(_, imports)| imports.is_empty())
            .map(|(&index, _)| index)
            .collect();
        if done.is_empty() {
            return graph
                .keys()
                .map(|&index| modules[index].path.join("::"))
                .collect();
        }
        for index in done {
            graph.remove(&index);
            for imports in graph.values_mut() {
                imports.remove(&index);
            }
        }
    }
}

fn no_files_import_each_other() {
    for (directory, _) in LAYERS {
        let cycle = cycle(&modules(&root().join(directory)));
        assert!(
            cycle.is_empty(),
            "{directory}: an import cycle runs through some of {cycle:?}"
        );
    }
}

fn a_cycle_is_found() {
    let module = |name: &str, import: &str| Module {
        path: vec![name.to_owned()],
        imports: vec![vec![import.to_owned(), "Type".to_owned()]],
    };
    let modules = [
        module("a", "b"),
        module("b", "c"),
        module("c", "a"),
        module("d", "a"),
    ];
    assert_eq!(cycle(&modules), ["a", "b", "c", "d"]);
    assert!(cycle(&modules[..2]).is_empty());
}

fn grouped_and_relative_imports_are_resolved() {
    let path = ["search".to_owned(), "dfa".to_owned()];
    let mut imports = Imports {
        module: &path,
        found: Vec::new(),
    };
    let source = "use crate::{text::{Span, View}, mark};\nuse super::regex::*;\n\
                  #[cfg(test)]\nuse crate::no;\n\
                  fn f() { crate::a::b(); self::c() }\n\
                  #[cfg(test)]\nmod tests { use super::super::no; }";
    imports.visit_file(&syn::parse_file(source).unwrap());
    let found: Vec<String> = imports.found.iter().map(|path| path.join("::")).collect();
    let expected = [
        "text::Span",
        "text::View",
        "mark",
        "search::regex",
        "a::b",
        "search::dfa::c",
    ];
    assert_eq!(found, expected);
}

fn modules_import_only_modules_below_them() {
    for (directory, layers) in LAYERS {
        let modules = modules(&root().join(directory));
        let layer = |module: &Module| {
            let name = &module.path[0];
            let layer = layers.iter().position(|layer| layer == name);
            layer.unwrap_or_else(|| panic!("{directory}: LAYERS does not list {name}"))
        };
        for module in &modules {
            for other in imported(&modules, module)
                .into_iter()
                .map(|index| &modules[index])
            {
                let (from, to) = (module.path.join("::"), other.path.join("::"));
                assert!(
                    layer(other) <= layer(module),
                    "{directory}: {from} imports {to} above it"
                );
                let apart = APART.contains(&(directory, &module.path[0], &other.path[0]));
                assert!(!apart, "{directory}: {from} must not import {to}");
            }
        }
    }
}

/// The core has to build for targets without files, threads, clocks and environment.
fn the_core_touches_no_files_threads_or_environment() {
    const FORBIDDEN: [&str; 7] = ["env", "fs", "io", "net", "process", "thread", "time"];
    for (directory, _) in &LAYERS[..2] {
        for file in sources(&root().join(directory)) {
            let source = fs::read_to_string(&file).unwrap();
            for module in FORBIDDEN {
                let uses = source.contains(&format!("std::{module}::"));
                assert!(!uses, "{} uses std::{module}", file.display());
            }
            assert!(
                !source.contains("feature = \"cli\""),
                "{} knows the command",
                file.display()
            );
        }
    }
}

/// SECURITY.md promises it of the command and the library. Tests in files of their own may do both.
fn nothing_opens_a_connection_or_runs_a_program() {
    const FORBIDDEN: [&str; 4] = ["std::net", "net::Tcp", "process::Command", "process::{"];
    for (directory, _) in LAYERS {
        for file in sources(&root().join(directory)) {
            let source = fs::read_to_string(&file).unwrap();
            let found = FORBIDDEN.iter().find(|path| source.contains(**path));
            assert!(
                found.is_none() || file.ends_with("tests.rs"),
                "{} uses {found:?}",
                file.display()
            );
        }
    }
}

/// Collects the calls of the file system outside tests: paths and imports of the modules and crates
/// that have them, and methods of `Path`.
#[derive(Default)]
struct FileCalls(Vec<String>);

impl FileCalls {
    /// Adds a path that leads to the file system. Traits that extend types are left out.
    fn add(&mut self, segments: &[String]) {
        let names: Vec<&str> = segments.iter().map(String::as_str).collect();
        let calls = match names.as_slice() {
            ["std", "fs", ..] | ["nix", "fcntl", ..] | ["tempfile" | "walkdir", ..] => true,
            ["std", "os", _, "fs", name, ..] => !name.ends_with("Ext"),
            _ => false,
        };
        if calls {
            self.0.push(names.join("::"));
        }
    }

    fn add_use(&mut self, tree: &syn::UseTree, prefix: &[String]) {
        let with = |name: &syn::Ident| [prefix, &[name.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.add_use(&path.tree, &with(&path.ident)),
            syn::UseTree::Group(group) => {
                for item in &group.items {
                    self.add_use(item, prefix);
                }
            }
            syn::UseTree::Name(name) => self.add(&with(&name.ident)),
            syn::UseTree::Rename(name) => self.add(&with(&name.ident)),
            syn::UseTree::Glob(_) => self.add(&[prefix, &["*".to_owned()]].concat()),
        }
    }
}

impl<'ast> Visit<'ast> for FileCalls {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !is_cfg_test(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_use(&mut self, import: &'ast syn::ItemUse) {
        self.add_use(&import.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments = path.segments.iter();
        self.add(
            &segments
                .map(|part| part.ident.to_string())
                .collect::<Vec<_>>(),
        );
        visit::visit_path(self, path);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let calls = match call.method.to_string().as_str() {
            "exists" | "try_exists" | "canonicalize" | "read_dir" | "read_link"
            | "symlink_metadata" => true,
            // Metadata have these, too.
            "is_file" | "is_dir" | "is_symlink" => !mentions_metadata(&call.receiver),
            _ => false,
        };
        if calls {
            self.0.push(format!(".{}()", call.method));
        }
        visit::visit_expr_method_call(self, call);
    }
}

/// Returns whether an expression mentions the metadata of a file.
fn mentions_metadata(expression: &syn::Expr) -> bool {
    struct Mentions(bool);
    impl<'ast> Visit<'ast> for Mentions {
        fn visit_ident(&mut self, name: &'ast syn::Ident) {
            self.0 |= ["metadata", "symlink_metadata", "file_type"]
                .iter()
                .any(|own| name == own);
        }
    }
    let mut mentions = Mentions(false);
    mentions.visit_expr(expression);
    mentions.0
}

fn a_call_is_found() {
    let source = "use std::{fs::File, os::unix::fs::{MetadataExt, symlink}};\n\
                  fn f() { std::fs::read(p); p.is_file(); p.metadata().is_file(); fs::read(p) }\n\
                  #[cfg(all(test, unix))]\nmod tests { use std::fs; }";
    let mut calls = FileCalls::default();
    calls.visit_file(&syn::parse_file(source).unwrap());
    let expected = [
        "std::fs::File",
        "std::os::unix::fs::symlink",
        "std::fs::read",
        ".is_file()",
    ];
    assert_eq!(calls.0, expected);
}

/// Every operation on files goes through `io::fs`, where tests can make it fail.
fn one_file_calls_the_file_system() {
    let source = root().join("src");
    for file in sources(&source) {
        let relative = file.strip_prefix(&source).unwrap();
        if relative.starts_with("fuzzing")
            || relative.starts_with("io/fs")
            || relative.ends_with("io/fs.rs")
            || relative.ends_with("tests.rs")
        {
            continue;
        }
        let mut calls = FileCalls::default();
        calls.visit_file(&syn::parse_file(&fs::read_to_string(&file).unwrap()).unwrap());
        let calls = calls.0;
        assert!(
            calls.is_empty(),
            "{} has {calls:?}; call crate::io::fs instead",
            file.display()
        );
    }
}

fn every_file_says_what_it_contains() {
    for (directory, _) in LAYERS {
        for file in sources(&root().join(directory)) {
            let source = fs::read_to_string(&file).unwrap();
            assert!(
                source.starts_with("//! "),
                "{} has no header",
                file.display()
            );
        }
    }
}

fn every_pack_is_built_in() {
    let rules = dechaff::RuleSet::built_in();
    let directory = root().join("crates/dechaff-core/rules");
    let mut packs = 0;
    for directory in [directory.clone(), directory.join("languages")] {
        for path in fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().path())
        {
            let is_pack = path
                .extension()
                .is_some_and(|extension| extension == "toml")
                && !path.ends_with("rules/sets.toml");
            let pack = path.file_stem().unwrap().to_str().unwrap();
            let is_built_in = rules.iter().any(|(_, rule)| rule.pack() == pack);
            assert!(
                !is_pack || is_built_in,
                "{} is not built in",
                path.display()
            );
            packs += usize::from(is_pack);
        }
    }
    assert!(packs >= 40);
}
