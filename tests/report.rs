//! The report as its reader meets it: what is written, and, in a real browser where there is one, that it shows what it
//! should and that nothing of a corpus ever runs. The browser is part of the heavy tests.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "these are tests"
)]

mod common;

use common::{run, text};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;

const CHAFF: &str = "It rained.\n\nAdvertisement\n\nIt stopped.\n\nShare this article\n";

fn corpus() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("in")).unwrap();
    for number in 0..40 {
        let text = format!("{}{CHAFF}", "The bridge opens on Monday.\n".repeat(number));
        fs::write(directory.path().join(format!("in/{number}.txt")), text).unwrap();
    }
    let line = |number| {
        format!(
            "{}\n",
            serde_json::json!({ "id": format!("page-{number}"), "text": CHAFF })
        )
    };
    fs::write(
        directory.path().join("in/pages.jsonl"),
        (0..50).map(line).collect::<String>(),
    )
    .unwrap();
    fs::write(
        directory.path().join("in/pages.csv"),
        "text\n\"It rained.\nAdvertisement\nIt stopped.\n\"\n",
    )
    .unwrap();
    directory
}

fn data(page: &str) -> Value {
    serde_json::from_str(
        page.split("type=\"application/json\" id=\"data\">")
            .nth(1)
            .unwrap()
            .split("</script>")
            .next()
            .unwrap(),
    )
    .unwrap()
}

#[test]
fn a_report_counts_all_documents_on_any_number_of_threads() {
    let directory = corpus();
    let path = directory.path();
    run(
        path,
        &["report", "in", "-o", "one.html", "--jobs", "1"],
        0,
        "91 documents: 91 changed",
    );
    run(
        path,
        &["report", "in", "-o", "four.html", "--jobs", "4", "-q"],
        0,
        "",
    );
    let page = fs::read_to_string(path.join("one.html")).unwrap();
    assert_eq!(page, fs::read_to_string(path.join("four.html")).unwrap());
    let data = data(&page);
    assert_eq!(
        (
            data["documents"].as_u64(),
            data["changed"].as_u64(),
            data["held"].as_u64()
        ),
        (Some(91), Some(91), Some(0))
    );
    let sum: u64 = data["categories"]
        .as_array()
        .unwrap()
        .iter()
        .map(|category| category["bytes"].as_u64().unwrap())
        .sum();
    assert_eq!(Some(sum), data["bytes-removed"].as_u64());
    let marker = data["rules"]
        .as_array()
        .unwrap()
        .iter()
        .find(|rule| rule["name"] == "advert/marker")
        .unwrap();
    assert_eq!(
        (marker["documents"].as_u64(), marker["hits"].as_u64()),
        (Some(91), Some(91))
    );
    assert!(marker["samples"].as_array().unwrap().len() > 2);
    let page = page.replace("http://www.w3.org/2000/svg", "the namespace");
    assert!(
        !page.contains("http:") && !page.contains("https:") && !page.contains("src="),
        "it reaches for nothing"
    );
}

#[test]
fn reports_explanations_and_comparisons_read_what_clean_reads() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::write(path.join("a.txt"), CHAFF).unwrap();
    fs::write(
        path.join("b.jsonl"),
        format!("{}\n", serde_json::json!({ "text": CHAFF })),
    )
    .unwrap();
    fs::write(path.join("c.csv"), format!("id,text\n1,\"{CHAFF}\"\n")).unwrap();
    fs::write(
        path.join("d.warc.wet"),
        format!(
            "WARC/1.0\r\nWARC-Type: conversion\r\nContent-Length: {}\r\n\r\n{CHAFF}\r\n\r\n",
            CHAFF.len()
        ),
    )
    .unwrap();
    for (name, codec) in [("b.jsonl", "zstd"), ("a.txt", "gzip")] {
        let to = format!("e-{name}.{}", &codec[..2]);
        run(
            path,
            &[
                "clean",
                name,
                "-o",
                &to,
                "--only",
                "cookie",
                "--level",
                "precise",
                "--compress",
                codec,
                "-q",
            ],
            0,
            "",
        );
    }
    let inputs = [
        "a.txt",
        "b.jsonl",
        "c.csv",
        "d.warc.wet",
        "e-b.jsonl.zs",
        "e-a.txt.gz",
    ];
    let output = run(
        path,
        &[&["report", "-o", "-", "--json", "-q"], &inputs[..]].concat(),
        0,
        "",
    );
    let told: Value = serde_json::from_str(&text(&output.stdout)).unwrap();
    assert_eq!(
        (told["documents"].as_u64(), told["changed"].as_u64()),
        (Some(6), Some(6))
    );
    let explained = text(
        &run(
            path,
            &[&["explain", "--json", "-q"], &inputs[..]].concat(),
            0,
            "",
        )
        .stdout,
    );
    let rule =
        |line: &str| serde_json::from_str::<Value>(line).unwrap()["removals"][0]["rule"].clone();
    assert_eq!(
        explained.lines().map(rule).collect::<Vec<_>>(),
        ["advert/marker"; 6]
    );
    fs::write(path.join("less.toml"), "skip = ['advert/marker']\n").unwrap();
    let told = text(
        &run(
            path,
            &[
                &["diff", "balanced", "less.toml", "-q", "--over"],
                &inputs[..],
            ]
            .concat(),
            1,
            "",
        )
        .stdout,
    );
    assert!(told.contains("6 documents differ"), "{told}");
}

#[test]
fn a_report_goes_where_it_is_told() {
    let directory = corpus();
    let path = directory.path();
    run(
        path,
        &["report", "in/0.txt", "-o", "r.html"],
        0,
        "1 document: 1 changed",
    );
    run(
        path,
        &["report", "in/0.txt", "-o", "r.html"],
        2,
        "r.html exists; use --force",
    );
    run(
        path,
        &["report", "gone.txt", "-o", "gone.html"],
        2,
        "gone.txt: cannot be opened",
    );
    assert!(!path.join("gone.html").exists());
    let output = run(
        path,
        &["report", "in", "-o", "-", "--json", "--only", "share", "-q"],
        0,
        "",
    );
    let told: Value = serde_json::from_str(&text(&output.stdout)).unwrap();
    assert_eq!(told["options"], "level balanced, only share");
    let named: Vec<&str> = told["categories"]
        .as_array()
        .unwrap()
        .iter()
        .map(|category| category["name"].as_str().unwrap())
        .collect();
    assert_eq!(named, ["share", "layout"]);
    // What was protected is shown, with what protected it.
    let rule = "[[rule]]\nid = 'saying'\ndescription = 'D.'\nkeep = true\nphrase = 'share this article'\nexamples.remove = ['a', 'b']\nexamples.keep = ['c', 'd']\n";
    fs::write(
        path.join("keep.toml"),
        format!("[pack]\nname = 'mine'\n{rule}"),
    )
    .unwrap();
    let output = run(
        path,
        &[
            "report",
            "in/0.txt",
            "-o",
            "-",
            "--json",
            "--rules",
            "keep.toml",
            "-q",
        ],
        0,
        "",
    );
    let told: Value = serde_json::from_str(&text(&output.stdout)).unwrap();
    let pieces = told["pages"][0]["pieces"].as_array().unwrap();
    assert!(
        pieces
            .iter()
            .any(|piece| piece[0] == "Share this article\n" && piece[4] == "mine/saying"),
        "{pieces:?}"
    );
    let saved = told["rules"]
        .as_array()
        .unwrap()
        .iter()
        .find(|rule| rule["saved"].as_u64() > Some(0))
        .unwrap();
    assert_eq!(
        (
            saved["kept"][0]["others"][0].as_str(),
            saved["hits"].as_u64()
        ),
        (Some("mine/saying"), Some(0))
    );
}

/// The browser's programs, by the names that distributions give it.
fn browser() -> Option<&'static str> {
    if std::env::var_os("DECHAFF_HEAVY").is_none() {
        println!("left out: DECHAFF_HEAVY is not set");
        return None;
    }
    let found = ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok());
    if found.is_none() {
        println!("left out: there is no Chromium here");
    }
    found
}

/// The page as it stands once its script has run.
fn seen(browser: &str, directory: &Path, view: &str) -> String {
    let profile = tempfile::tempdir().unwrap();
    let flags = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update \
                 --disable-sync --virtual-time-budget=5000 --dump-dom";
    let output = Command::new(browser)
        .args(flags.split_whitespace())
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("file://{}/report.html#{view}", directory.display()))
        .output()
        .unwrap();
    let page = text(&output.stdout);
    assert!(
        page.contains("</html>"),
        "{browser} showed nothing: {}",
        text(&output.stderr)
    );
    page
}

/// What stands in the element of this id, tags left out.
fn inside(page: &str, id: &str) -> String {
    let from = page
        .split(&format!("id=\"{id}\""))
        .nth(1)
        .unwrap_or_else(|| panic!("no {id}"));
    let body = from
        .split_once('>')
        .unwrap()
        .1
        .split("<section")
        .next()
        .unwrap()
        .split("<article")
        .next()
        .unwrap();
    let mut plain = String::new();
    for part in body.split('<') {
        plain.push_str(part.split_once('>').map_or(part, |(_, text)| text));
    }
    plain
}

#[test]
fn nothing_of_a_corpus_runs_in_a_browser() {
    let Some(browser) = browser() else { return };
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::create_dir(path.join("in")).unwrap();
    let evil = "<img src=x onerror=document.title=1><script>document.title=2</script>";
    let text = format!(
        "It rained. {evil}\n\nAdvertisement\n\n</script><svg onload=document.title=3>\n\nHostile {evil} line\n\nIt stopped.\n"
    );
    fs::write(
        path.join("in/<img src=x onerror=document.title=4>.txt"),
        &text,
    )
    .unwrap();
    fs::write(
        path.join("in/pages.jsonl"),
        format!("{}\n", serde_json::json!({ "id": evil, "text": text })),
    )
    .unwrap();
    fs::write(
        path.join("evil.toml"),
        "[pack]\nname = 'evil'\n[[rule]]\nid = 'line'\ndescription = '</script><img src=x onerror=document.title=5>'\ncategory = 'other'\n\
         confidence = 'certain'\nline = true\nphrase = 'hostile {1..40} line'\nexamples.remove = ['Hostile a line', 'Hostile b line']\n\
         examples.keep = ['a', 'b']\n",
    )
    .unwrap();
    run(
        path,
        &[
            "report",
            "in",
            "--rules",
            "evil.toml",
            "-o",
            "report.html",
            "--title",
            &format!("T {evil}"),
            "-q",
        ],
        0,
        "",
    );
    for view in [
        "view=overview",
        "view=rules&rule=evil/line",
        "view=documents",
        "view=documents&doc=1&q=%3Cimg",
        "view=%3Cimg%20src%3Dx%20onerror%3Ddocument.title%3D6%3E&rule=%3Cscript%3E&cat=%3Csvg%3E&__proto__=1",
    ] {
        let page = seen(browser, path, view);
        assert!(
            page.contains("<title>T &lt;img src=x onerror=document.title=1&gt;&lt;script&gt;"),
            "{view}: a script changed the title"
        );
        assert!(
            !page.contains("<img")
                && !page.contains("<svg onload")
                && page.matches("<script").count() == 2,
            "{view}"
        );
    }
    let page = seen(browser, path, "view=rules&rule=evil/line");
    assert!(
        inside(&page, "rule-page")
            .contains("&lt;/script&gt;&lt;img src=x onerror=document.title=5&gt;"),
        "{}",
        inside(&page, "rule-page")
    );
    assert!(
        inside(&seen(browser, path, "view=documents"), "document")
            .contains("&lt;svg onload=document.title=3&gt;")
    );
}

#[test]
fn views_show_what_the_address_says() {
    let Some(browser) = browser() else { return };
    let directory = corpus();
    let path = directory.path();
    fs::write(
        path.join("in/held.txt"),
        "Advertisement\nShare this article\n",
    )
    .unwrap();
    run(path, &["report", "in", "-o", "report.html", "-q"], 0, "");
    let page = seen(browser, path, "");
    assert!(
        inside(&page, "totals").contains("documents92"),
        "{}",
        inside(&page, "totals")
    );
    assert!(page.contains("<section data-view=\"rules\" aria-labelledby=\"rules-head\" hidden="));
    let page = seen(browser, path, "view=rules&cat=share");
    assert!(
        inside(&page, "rules").contains("share/")
            && !inside(&page, "rules").contains("advert/marker")
    );
    let page = seen(browser, path, "view=rules&rule=advert/marker");
    assert!(
        inside(&page, "rule-page").contains("Removed, for example")
            && inside(&page, "rules").contains("advert/marker")
    );
    let all = seen(browser, path, "view=documents");
    assert!(
        inside(&all, "documents").contains("in/held.txt")
            && inside(&all, "document").contains("held: ")
    );
    let page = seen(browser, path, "view=documents&q=bridge%20OPENS");
    let listed = inside(&page, "documents");
    assert!(
        listed.contains("in/39.txt")
            && !listed.contains("in/pages.jsonl")
            && !listed.contains("in/0.txt"),
        "{listed}"
    );
    assert!(page.contains("<mark>bridge opens</mark>"));
    let page = seen(browser, path, "view=documents&rule=advert/marker&doc=3");
    assert!(page.contains("class=\"hit c-advert\"") && page.contains("class=\"other c-share\""));
    let page = seen(browser, path, "view=documents&max=0.5");
    assert!(inside(&page, "documents").contains("No document passes the filters."));
}
