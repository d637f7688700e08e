//! What must hold for every configuration file: reading it ends in options or in an error that
//! names a line and a column.
//!
//! An input is the TOML of a configuration.

use crate::cli::check_config;

/// Checks a configuration. See the description of the module.
pub fn check(data: &[u8]) {
    let source = String::from_utf8_lossy(data);
    let Err(error) = check_config(&source) else {
        return;
    };
    let message = format!("{error:#}");
    assert!(!message.is_empty());
    if let Some(at) = message.strip_prefix("dechaff.toml:") {
        let mut numbers = at.split(':').map(str::parse::<usize>);
        let line = numbers.next().and_then(Result::ok).expect("a line");
        let column = numbers.next().and_then(Result::ok).expect("a column");
        assert!((1..=source.matches('\n').count() + 1).contains(&line));
        assert!(column >= 1);
    }
}

/// Returns configurations, each of a few keys.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let lines = [
        "level = 'thorough'",
        "only = ['advert', \"share\"]",
        "skip = ['advert/marker']",
        "max-removed = 0.5",
        "max-loss = 1e-3",
        "max-document = '64M'",
        "max-record = '16777216k'",
        "encoding = 'windows-1252'",
        "strict = true",
        "follow-links = false",
        "include = ['*.txt', '{a,b}/**', '[!a-z]?']",
        "exclude = ['\\\\x']",
        "jobs = 4",
        "text-field = ['text', 'meta.body', 'a\\.b']",
        "id-field = 'id'",
        "url-field = 'url'",
        "lang-field = 'lang'",
        "on-error = 'drop'",
        "output-format = 'jsonl'",
        "compress = 'zstd:19'",
        "drop-empty = true",
        "verdict = 'v'",
        "rules = ['rules', \"../mine.toml\"]",
        "unknown = 1 # \u{e9}",
    ];
    let pairs = lines.iter().zip(lines.iter().cycle().skip(5));
    let mut seeds: Vec<Vec<u8>> = pairs
        .map(|(one, other)| format!("{one}\n{other}\n").into_bytes())
        .collect();
    seeds.push(lines[..23].join("\r\n").into_bytes());
    seeds
}
