//! Writes the JavaScript through which `dechaff-wasm` is called, and the module that it calls.
//!
//! ```text
//! dechaff-wasm-glue <module.wasm> <directory>
//! ```
//!
//! The directory gets `web/`, an ES module for the npm package, and `classic/`, a script that defines
//! the global `wasm_bindgen`, for the worker of the playground.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(module), Some(directory)) = (arguments.next(), arguments.next()) else {
        anyhow::bail!("usage: dechaff-wasm-glue <module.wasm> <directory>");
    };
    bindgen(&module)
        .web(true)?
        .generate(directory.join("web"))
        .with_context(|| format!("no glue can be made for {}", module.display()))?;
    bindgen(&module)
        .no_modules(true)?
        .generate(directory.join("classic"))
}

/// Returns the generator for a module, without the parts that only debuggers read.
fn bindgen(module: &Path) -> Bindgen {
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(module)
        .out_name("engine")
        .typescript(false)
        .omit_default_module_path(true)
        .remove_name_section(true)
        .remove_producers_section(true);
    bindgen
}
