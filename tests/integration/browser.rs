//! Shows pages in a headless Chromium and reads what becomes of them.

use std::path::Path;
use std::process::Command;

/// Returns the name of an installed Chromium, or `None` if heavy tests are off or there is none.
pub fn browser() -> Option<&'static str> {
    if std::env::var_os("DECHAFF_HEAVY").is_none() {
        println!("skipped: DECHAFF_HEAVY is not set");
        return None;
    }
    // Distributions use different names.
    let installed = ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok());
    if installed.is_none() {
        println!("skipped: Chromium is not installed");
    }
    installed
}

/// Returns the document of the page in `file` as HTML after its script has run. `view` is the
/// fragment of its address.
pub fn rendered(browser: &str, file: &Path, view: &str) -> String {
    let profile = tempfile::tempdir().unwrap();
    let flags = "--headless --no-sandbox --disable-gpu --no-first-run \
                 --disable-background-networking --disable-component-update --disable-sync \
                 --virtual-time-budget=5000 --dump-dom";
    let output = Command::new(browser)
        .args(flags.split_whitespace())
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("file://{}#{view}", file.display()))
        .output()
        .unwrap();
    let page = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        page.contains("</html>"),
        "{browser} showed nothing: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    page
}
