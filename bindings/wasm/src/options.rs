//! The options of a cleaner, as JavaScript gives them.

use dechaff_core::{Cleaner, Error, Level};
use serde::Deserialize;

/// The options, each with the default of the other interfaces. `js/arguments.js` has checked their
/// types and names.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Options {
    level: String,
    only: Vec<String>,
    skip: Vec<String>,
    max_removed: f64,
    max_loss: Option<f64>,
    idempotent: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            level: Level::Balanced.name().to_owned(),
            only: Vec::new(),
            skip: Vec::new(),
            max_removed: 0.95,
            max_loss: None,
            idempotent: false,
        }
    }
}

impl Options {
    /// Builds the cleaner. An error is a message that calls options as JavaScript does.
    pub fn cleaner(self) -> Result<Cleaner, String> {
        let mut builder = Cleaner::builder()
            .level(self.level.parse()?)
            .only(self.only)
            .skip(self.skip)
            .max_removed(self.max_removed)
            .idempotent(self.idempotent);
        if let Some(share) = self.max_loss {
            builder = builder.max_loss(share);
        }
        builder.build().map_err(|error| in_javascript(&error))
    }
}

/// Returns the message of an error. An option at its start is written in camel case.
fn in_javascript(error: &Error) -> String {
    let message = error.to_string();
    let Error::Option(_) = error else {
        return message;
    };
    message
        .replacen("max-removed", "maxRemoved", 1)
        .replacen("max-loss", "maxLoss", 1)
}
