//! The engine of dechaff as a WebAssembly module. `js/` has what JavaScript sees of it: it checks
//! arguments and makes objects. This crate takes options and returns results as JSON, with offsets in
//! the units of JavaScript strings, and no text: JavaScript cuts texts out of its own string, so
//! that nothing is copied and what UTF-8 cannot express, such as half an emoji, stays.

mod engine;
mod explained;
mod offsets;
mod options;
mod scanned;

use wasm_bindgen::prelude::*;

/// A cleaner.
#[wasm_bindgen]
pub struct Engine(engine::Engine);

#[wasm_bindgen]
impl Engine {
    /// Builds a cleaner from `options`, a JSON object with the options of the class `Cleaner`.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &str) -> Result<Self, JsError> {
        engine::Engine::new(options).map(Self).map_err(error)
    }

    /// Cleans a text. Returns the fields of the interface `Result` as JSON.
    pub fn scan(
        &self,
        text: &str,
        url: Option<String>,
        lang: Option<String>,
    ) -> Result<String, JsError> {
        let scanned = self.0.scan(text, url.as_deref(), lang.as_deref());
        scanned.map_err(error)
    }

    /// Cleans a text. Returns the fields of the interface `Explanation` as JSON.
    pub fn explain(
        &self,
        text: &str,
        url: Option<String>,
        lang: Option<String>,
    ) -> Result<String, JsError> {
        let explained = self.0.explain(text, url.as_deref(), lang.as_deref());
        explained.map_err(error)
    }
}

/// Returns the version of dechaff.
#[wasm_bindgen]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

fn error(message: String) -> JsError {
    JsError::new(&message)
}
