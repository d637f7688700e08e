//! `dechaff report`: the data of the HTML page and, in a headless browser, its views and its safety
//! against corpora that contain markup. The tests with a browser run only if `DECHAFF_HEAVY` is
//! set.

use crate::browser::{browser, rendered};
use crate::common::{run, text};
use serde_json::Value;
use std::fs;
use std::path::Path;

const CHAFF: &str = "It rained.\n\nAdvertisement\n\nIt stopped.\n\nShare this article\n";

/// Creates a directory `in` with 40 text files, 50 records of JSON Lines and one row of CSV, all
/// with chaff.
fn corpus() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("in")).unwrap();
    for number in 0..40 {
        let text = format!("{}{CHAFF}", "The bridge opens on Monday.\n".repeat(number));
        fs::write(directory.path().join(format!("in/{number}.txt")), text).unwrap();
    }
    let records = (0..50).map(|number| {
        let record = serde_json::json!({ "id": format!("page-{number}"), "text": CHAFF });
        format!("{record}\n")
    });
    fs::write(
        directory.path().join("in/pages.jsonl"),
        records.collect::<String>(),
    )
    .unwrap();
    fs::write(
        directory.path().join("in/pages.csv"),
        "text\n\"It rained.\nAdvertisement\nIt stopped.\n\"\n",
    )
    .unwrap();
    directory
}

/// Returns the JSON data that is embedded in a report.
fn embedded_data(page: &str) -> Value {
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
fn report_counts_all_documents_on_any_number_of_threads() {
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
    let data = embedded_data(&page);
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
        "the page loads nothing from a network"
    );
}

#[test]
fn report_explain_and_diff_read_the_formats_that_clean_reads() {
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
        let output = format!("e-{name}.{}", &codec[..2]);
        run(
            path,
            &[
                "clean",
                name,
                "-o",
                &output,
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
    let report: Value = serde_json::from_str(&text(&output.stdout)).unwrap();
    assert_eq!(
        (report["documents"].as_u64(), report["changed"].as_u64()),
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
    let first_rules: Vec<Value> = explained
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["removals"][0]["rule"].clone())
        .collect();
    assert_eq!(first_rules, ["advert/marker"; 6]);
    fs::write(path.join("less.toml"), "skip = ['advert/marker']\n").unwrap();
    let differences = text(
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
    assert!(differences.contains("6 documents differ"), "{differences}");
}

#[test]
fn report_writes_to_its_output_and_shows_protected_lines() {
    let directory = corpus();
    let path = directory.path();
    let written = run(
        path,
        &["report", "in/0.txt", "-o", "r.html"],
        0,
        "1 document: 1 changed",
    );
    assert!(text(&written.stderr).ends_with("dechaff: the report is in r.html\n"));
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
    let report: Value = serde_json::from_str(&text(&output.stdout)).unwrap();
    assert_eq!(report["options"], "level balanced, only share");
    let categories: Vec<&str> = report["categories"]
        .as_array()
        .unwrap()
        .iter()
        .map(|category| category["name"].as_str().unwrap())
        .collect();
    assert_eq!(categories, ["share", "layout"]);
    // Protected lines are shown with the rule that protects them.
    let rule = "[[rule]]\nid = 'saying'\ndescription = 'D.'\nkeep = true\n\
                phrase = 'share this article'\n\
                examples.match = ['a', 'b']\nexamples.no_match = ['c', 'd']\n";
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
    let report: Value = serde_json::from_str(&text(&output.stdout)).unwrap();
    let pieces = report["pages"][0]["pieces"].as_array().unwrap();
    assert!(
        pieces
            .iter()
            .any(|piece| piece[0] == "Share this article\n" && piece[4] == "mine/saying"),
        "{pieces:?}"
    );
    let saved = report["rules"]
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

/// Returns the document of `report.html#{view}` as HTML after its script has run.
fn render(browser: &str, directory: &Path, view: &str) -> String {
    rendered(browser, &directory.join("report.html"), view)
}

/// Returns the content of the element with this id, without tags, up to the next section or
/// article.
fn element_text(page: &str, id: &str) -> String {
    let element = page
        .split(&format!("id=\"{id}\""))
        .nth(1)
        .unwrap_or_else(|| panic!("no {id}"));
    let content = element
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
    for part in content.split('<') {
        plain.push_str(part.split_once('>').map_or(part, |(_, text)| text));
    }
    plain
}

#[test]
fn report_runs_no_script_from_a_corpus() {
    let Some(browser) = browser() else { return };
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::create_dir(path.join("in")).unwrap();
    let evil = "<img src=x onerror=document.title=1><script>document.title=2</script>";
    let text = format!(
        "It rained. {evil}\n\nAdvertisement\n\n</script><svg onload=document.title=3>\n\n\
         Hostile {evil} line\n\nIt stopped.\n"
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
        "[pack]\nname = 'evil'\n\
         [[rule]]\nid = 'line'\n\
         description = '</script><img src=x onerror=document.title=5>'\ncategory = 'other'\n\
         confidence = 'certain'\nline = true\nphrase = 'hostile {1..40} line'\n\
         examples.match = ['Hostile a line', 'Hostile b line']\nexamples.no_match = ['a', 'b']\n",
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
        "view=%3Cimg%20src%3Dx%20onerror%3Ddocument.title%3D6%3E&rule=%3Cscript%3E&cat=%3Csvg%3E\
         &__proto__=1",
    ] {
        let page = render(browser, path, view);
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
    let page = render(browser, path, "view=rules&rule=evil/line");
    assert!(
        element_text(&page, "rule-page")
            .contains("&lt;/script&gt;&lt;img src=x onerror=document.title=5&gt;"),
        "{}",
        element_text(&page, "rule-page")
    );
    assert!(
        element_text(&render(browser, path, "view=documents"), "document")
            .contains("&lt;svg onload=document.title=3&gt;")
    );
}

#[test]
fn report_views_follow_the_address() {
    let Some(browser) = browser() else { return };
    let directory = corpus();
    let path = directory.path();
    fs::write(
        path.join("in/held.txt"),
        "Advertisement\nShare this article\n",
    )
    .unwrap();
    run(path, &["report", "in", "-o", "report.html", "-q"], 0, "");
    let page = render(browser, path, "");
    assert!(
        element_text(&page, "totals").contains("documents92"),
        "{}",
        element_text(&page, "totals")
    );
    assert!(page.contains("<section data-view=\"rules\" aria-labelledby=\"rules-head\" hidden="));
    let page = render(browser, path, "view=rules&cat=share");
    assert!(
        element_text(&page, "rules").contains("share/")
            && !element_text(&page, "rules").contains("advert/marker")
    );
    let page = render(browser, path, "view=rules&rule=advert/marker");
    assert!(
        element_text(&page, "rule-page").contains("Removed, for example")
            && element_text(&page, "rules").contains("advert/marker")
    );
    let all = render(browser, path, "view=documents");
    assert!(
        element_text(&all, "documents").contains("in/held.txt")
            && element_text(&all, "document").contains("held: ")
    );
    let page = render(browser, path, "view=documents&q=bridge%20OPENS");
    let listed = element_text(&page, "documents");
    assert!(
        listed.contains("in/39.txt")
            && !listed.contains("in/pages.jsonl")
            && !listed.contains("in/0.txt"),
        "{listed}"
    );
    assert!(page.contains("<mark>bridge opens</mark>"));
    let page = render(browser, path, "view=documents&rule=advert/marker&doc=3");
    assert!(page.contains("class=\"hit c-advert\"") && page.contains("class=\"other c-share\""));
    let page = render(browser, path, "view=documents&max=0.5");
    assert!(element_text(&page, "documents").contains("No document matches the filters."));
}

/// Writes a report of the samples, whose texts have removals of the line model, to `report.html`.
fn sample_report(directory: &Path) {
    let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/samples");
    let args = ["report", samples, "-o", "report.html", "-q"];
    run(directory, &args, 0, "");
}

#[test]
fn the_view_that_the_faq_links_to_shows_documents() {
    let faq = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/faq.md")).unwrap();
    let view = faq.split("(`#").nth(1).unwrap().split('`').next().unwrap();
    let limit: f64 = view.split("max=").nth(1).unwrap().parse().unwrap();
    let directory = tempfile::tempdir().unwrap();
    sample_report(directory.path());
    let data = embedded_data(&fs::read_to_string(directory.path().join("report.html")).unwrap());
    let pages = data["pages"].as_array().unwrap();
    let shown = pages.iter().filter(|page| {
        let pieces = page["pieces"].as_array().unwrap();
        pieces.iter().any(|piece| {
            piece[3]
                .as_f64()
                .is_some_and(|score| score <= 1000.0 * limit)
        })
    });
    assert!(shown.count() > 0);
    assert!(
        pages
            .iter()
            .any(|page| page["why"].as_array().unwrap().contains(&"score".into())),
        "documents are chosen for their low scores"
    );
    let Some(browser) = browser() else { return };
    let page = render(browser, directory.path(), view);
    assert!(
        element_text(&page, "documents").contains("harbour-bridge.txt"),
        "{}",
        element_text(&page, "documents")
    );
    let page = render(browser, directory.path(), "view=documents&max=0.1");
    assert!(element_text(&page, "documents").contains("The line model's scores here are from 0."));
}

#[test]
fn figures_are_explained_and_rule_names_stay_whole_in_a_narrow_window() {
    let directory = tempfile::tempdir().unwrap();
    sample_report(directory.path());
    let path = directory.path().join("report.html");
    let page = fs::read_to_string(&path).unwrap();
    for term in [
        "Sole bytes: what no other rule",
        "Protected: saved",
        "The category",
    ] {
        assert!(page.contains(term), "{term}");
    }
    let Some(browser) = browser() else { return };
    let rendered = render(browser, directory.path(), "view=rules");
    assert!(rendered.contains("title=\"Bytes that no other rule removes"));
    // A browser window is at least 500 pixels wide, so the page is set in a narrower column. The
    // policy of the page forbids the script that measures it.
    let policy = page
        .split("<meta http-equiv=\"Content-Security-Policy\"")
        .nth(1)
        .unwrap()
        .split('>')
        .next()
        .unwrap();
    let measure = "<style>body { width: 420px; margin: 0 }</style><script>\
        const broken = [...document.querySelectorAll('.rule-name')].filter((name) => \
        name.offsetHeight > 1.9 * parseFloat(getComputedStyle(name).fontSize));\
        document.body.dataset.broken = broken.map((name) => name.textContent).join(' ') || 'none';\
        </script></body>";
    let page = page
        .replace(
            &format!("<meta http-equiv=\"Content-Security-Policy\"{policy}>"),
            "",
        )
        .replace("</body>", measure);
    fs::write(&path, page).unwrap();
    for view in [
        "view=overview",
        "view=rules",
        "view=rules&rule=script-notice/enable-javascript",
        "view=documents",
    ] {
        let page = render(browser, directory.path(), view);
        assert!(page.contains("data-broken=\"none\""), "{view}");
    }
}
