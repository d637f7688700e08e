//! The page of an audit is safe against its texts and, in a headless browser, takes answers, saves
//! them and goes on with them. The tests with a browser run only if `DECHAFF_HEAVY` is set.

use super::*;
use crate::report::page::policy_hash;
use data_encoding::BASE64;
use html5gum::{DefaultEmitter, Token, Tokenizer};
use serde_json::json;
use std::fs;

#[path = "../../../tests/integration/browser.rs"]
mod browser;

/// What scripts of tests use: keys, the file that is saved, a file to load, and what the page says.
const HARNESS: &str = r#"
    const blobs = [];
    URL.createObjectURL = (blob) => { blobs.push(blob); return ''; };
    HTMLAnchorElement.prototype.click = () => {};
    const press = (...keys) => keys.forEach((key) =>
      document.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true })));
    const enter = (name) => { by("name").value = name; by("name").dispatchEvent(new Event("change")); };
    const give = async (name, text) => {
      const files = new DataTransfer();
      files.items.add(new File([text], name));
      by("file").files = files.files;
      by("file").dispatchEvent(new Event("change"));
      while (by("file").value) await new Promise((done) => setTimeout(done, 10));
      return told();
    };
    const told = () => by("status").firstChild ? by("status").firstChild.textContent : "";
    const place = () => by("place").textContent;
    const saved = () => { press("s"); return blobs.at(-1).text(); };
    const bytesOf = (value) => new TextEncoder().encode(JSON.stringify(value));
    const finish = (result) => { document.body.dataset.result = btoa(String.fromCharCode(...bytesOf(result))); };
"#;

fn item(document: usize, line: usize, side: &str, spans: &Value) -> Value {
    json!({
        "stratum": 0, "rank": 0.5, "document": document, "line": line, "spans": spans, "words": 2,
        "side": side, "rule": "share/label", "score": null, "threshold": null, "kind": "article",
        "why": "rule share/label (certain): asks to share",
    })
}

fn audit_of(documents: &Value, items: &[Value]) -> Value {
    json!({
        "dechaff": "0.1.0", "audit": "00112233445566aa", "corpus": "news/",
        "options": "level balanced", "level": "balanced",
        "totals": { "documents": 2, "lines": 12, "words": 40 },
        "strata": [
            { "name": "removed by certain rules", "side": "removed", "words": 20.0, "lines": 6,
              "next_rank": null },
        ],
        "items": items, "documents": documents,
    })
}

/// An audit of two documents. The second has a character outside the basic plane before a span, and
/// two items on one line.
fn audit() -> Value {
    let documents = json!([
        { "name": "a.txt", "id": null, "site": "example.org", "lang": "en",
          "text": "It rained.\n\nShare this\n\nIt stopped.\n" },
        { "name": "b.jsonl", "id": "page-7", "site": "example.net", "lang": null,
          "text": "\u{1f600} Ann. Share this\nMore: tides. Share this\n" },
    ]);
    audit_of(
        &documents,
        &[
            item(0, 3, "removed", &json!([[0, 10]])),
            item(0, 5, "kept", &json!([])),
            item(1, 1, "removed", &json!([[7, 17]])),
            item(1, 2, "removed", &json!([[13, 23]])),
            item(1, 2, "kept", &json!([[13, 23]])),
        ],
    )
}

/// Runs `script` in the page of `audit`, and returns what it hands to `finish`. Returns `None` if
/// there is no browser.
fn in_browser(audit: &Value, script: &str) -> Option<Value> {
    let name = browser::browser()?;
    let script = format!("{}{HARNESS}(async () => {{{script}}})();", PAGE.script);
    let page = Page {
        script: &script,
        ..PAGE
    };
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("audit.html");
    fs::write(&file, page.render(audit, &[("title", "Audit")])).unwrap();
    let shown = browser::rendered(name, &file, "");
    let result = shown.split("data-result=\"").nth(1).expect(&shown);
    let result = BASE64.decode(result.split('"').next().unwrap().as_bytes());
    Some(serde_json::from_slice(&result.unwrap()).unwrap())
}

/// Returns the rows of a file of answers, after it checked and removed what depends on the clock.
fn rows(file: &Value) -> Vec<Value> {
    let lines = file.as_str().unwrap().lines();
    let mut rows: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for row in &mut rows {
        for answer in row["audit"]["answers"].as_array_mut().unwrap() {
            let answer = answer.as_object_mut().unwrap();
            let at = answer.shift_remove("at").unwrap();
            assert!(at.as_str().unwrap().ends_with('Z') && at.as_str().unwrap().len() == 20);
            assert!(answer.shift_remove("seconds").unwrap().is_number());
        }
    }
    rows
}

#[test]
fn every_element_ends_and_no_text_becomes_markup() {
    let evil =
        "</script><script>alert(1)</script><img src=x onerror=alert(2)><!-- {{data}} \u{2028}";
    let mut audit = audit();
    audit["corpus"] = evil.into();
    audit["documents"][0]["text"] = evil.into();
    audit["documents"][1]["name"] = evil.into();
    audit["items"][0]["why"] = evil.into();
    let page = audit_page(&audit);
    let (mut open, mut scripts) = (Vec::new(), 0);
    let mut emitter: DefaultEmitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    for Ok(token) in Tokenizer::new_with_emitter(page.as_str(), emitter) {
        match token {
            Token::StartTag(tag) if ["meta", "input", "img"].contains(&name(&tag.name)) => {
                assert_ne!(name(&tag.name), "img");
            }
            Token::StartTag(tag) => open.push(name(&tag.name).to_owned()),
            Token::EndTag(tag) => {
                assert_eq!(open.pop().as_deref(), Some(name(&tag.name)));
                scripts += usize::from(name(&tag.name) == "script");
            }
            Token::Error(error) => panic!("{error:?}"),
            _ => {}
        }
    }
    assert_eq!((open, scripts), (Vec::new(), 2));
    let data = between(&page, "id=\"data\">", "</script>");
    assert_eq!(serde_json::from_str::<Value>(data).unwrap(), audit);
}

fn name(name: &[u8]) -> &str {
    std::str::from_utf8(name).unwrap()
}

fn between<'p>(page: &'p str, start: &str, end: &str) -> &'p str {
    let rest = page.split_once(start).unwrap().1;
    rest.split_once(end).unwrap().0
}

#[test]
fn the_page_allows_its_own_script_and_style_and_loads_nothing() {
    let page = audit_page(&audit());
    let policy = between(&page, "Content-Security-Policy\" content=\"", "\"");
    assert!(policy.starts_with("default-src 'none'; "));
    for text in [
        between(&page, "<script>", "</script>"),
        between(&page, "<style>", "</style>"),
    ] {
        assert!(policy.contains(&policy_hash(text)));
    }
    let page = page.replace("http://www.w3.org/2000/svg", "the namespace");
    assert!(!page.contains("http:") && !page.contains("https:") && !page.contains("src="));
}

#[test]
fn keys_answer_go_back_and_save_labelled_pages() {
    let script = r#"
        enter("ann");
        press("c", "c", "c");
        press("b", "ArrowLeft", "p");
        const after_change = place();
        press("u", "p", "s");
        finish({ after_change, file: await saved(), told: told(), place: place(), head: by("question").textContent });
    "#;
    let Some(result) = in_browser(&audit(), script) else {
        return;
    };
    assert_eq!(result["after_change"], "Question 4 of 5");
    assert_eq!(result["head"], "All lines of this sample are answered.");
    assert_eq!(result["told"], "Saved 5 answers to answers.jsonl.");
    let rows = rows(&result["file"]);
    assert_eq!(rows.len(), 2);
    assert_eq!(
        rows[0].to_string(),
        "{\"id\":\"a.txt\",\"text\":\"It rained.\\n\\nShare this\\n\\nIt stopped.\\n\",\
         \"labels\":\"uuduku\",\"publisher\":\"example.org\",\"lang\":\"en\",\
         \"dataset\":\"audit\",\"extractor\":\"audit\",\"split\":\"train\",\"audit\":{\
         \"audit\":\"00112233445566aa\",\"level\":\"balanced\",\"answers\":[\
         {\"item\":0,\"line\":3,\"answer\":\"chaff\",\"side\":\"removed\",\"words\":2,\
         \"rule\":\"share/label\",\"by\":\"ann\"},\
         {\"item\":1,\"line\":5,\"answer\":\"prose\",\"side\":\"kept\",\"words\":2,\
         \"rule\":\"share/label\",\"by\":\"ann\"}]}}"
    );
    // Only a part of the first line is chaff, and answers about the second one differ.
    assert_eq!(rows[1]["id"], "b.jsonl#page-7");
    assert_eq!(rows[1]["labels"], "uuu");
}

#[test]
fn two_answers_about_a_line_agree_or_leave_it_unknown() {
    let script = r#"
        enter("ann");
        press("c", "p", "p", "p", "p");
        enter("bob");
        const bob = told();
        press("p", "p", "u");
        finish({ bob, place: place(), file: await saved() });
    "#;
    let Some(result) = in_browser(&audit(), script) else {
        return;
    };
    assert_eq!(
        result["bob"],
        "Answering as bob. 5 answers by ann stay, apart from yours."
    );
    assert_eq!(result["place"], "Question 4 of 5");
    let rows = rows(&result["file"]);
    assert_eq!(rows[0]["labels"], "uuuuku", "chaff and prose; prose twice");
    assert_eq!(rows[1]["labels"], "uku", "prose and unsure; prose twice");
    let answers = rows[0]["audit"]["answers"].as_array().unwrap();
    let people: Vec<&str> = answers
        .iter()
        .map(|answer| answer["by"].as_str().unwrap())
        .collect();
    assert_eq!(people, ["ann", "bob", "ann", "bob"]);
}

#[test]
fn a_file_of_answers_is_loaded_to_go_on() {
    let script = r#"
        const row = (audit, answers) => JSON.stringify({ id: "a.txt", audit: { audit, answers } }) + "\n";
        const one = { item: 0, line: 3, answer: "chaff", by: "ann", at: "2026-01-01T09:00:00Z", seconds: 1 };
        const bad = { ...one, item: 99 };
        const said = [
          await give("notes.txt", "{}\nhello\n"),
          await give("list.jsonl", "{}\n"),
          await give("other.jsonl", row("ffff", [one])),
          await give("answers.jsonl", row(data.audit, [one, bad]) + row(data.audit, [{ ...one, item: 1 }])),
          await give("again.jsonl", row(data.audit, [one])),
        ];
        const at = place(), name = by("name").value;
        press("p");
        finish({ said, at, name, file: await saved() });
    "#;
    let Some(result) = in_browser(&audit(), script) else {
        return;
    };
    assert_eq!(
        result["said"],
        json!([
            "notes.txt: line 2 is not JSON. Choose a file that was saved as answers.",
            "list.jsonl has no answers of an audit. Choose a file that was saved as answers.",
            "other.jsonl has answers of another audit (ffff), and none of this one \
             (00112233445566aa).",
            "Loaded 2 answers from answers.jsonl. 1 answer did not fit this audit and was left out.",
            "Loaded 0 answers from again.jsonl. 1 answer was here already.",
        ])
    );
    assert_eq!(result["at"], "Question 3 of 5");
    assert_eq!(result["name"], "ann");
    let rows = rows(&result["file"]);
    assert_eq!(rows[0]["audit"]["answers"][1]["answer"], "chaff");
    assert_eq!(
        rows[1]["audit"]["answers"][0]["by"], "ann",
        "who goes on has the name of the file"
    );
}

#[test]
fn unsaved_answers_are_remembered_and_leaving_them_is_warned_of() {
    let script = r#"
        const warns = () => {
          const event = new Event("beforeunload", { cancelable: true });
          dispatchEvent(event);
          return event.defaultPrevented;
        };
        if (!sessionStorage.getItem("warned")) {
          const untouched = warns();
          press("c", "p");
          sessionStorage.setItem("warned", JSON.stringify([untouched, warns()]));
          return location.reload();
        }
        const again = { told: told(), place: place(), warns: warns() };
        await saved();
        finish({ warned: JSON.parse(sessionStorage.getItem("warned")), again, after: warns(), told: told() });
    "#;
    let Some(result) = in_browser(&audit(), script) else {
        return;
    };
    assert_eq!(result["warned"], json!([false, true]));
    assert_eq!(
        result["again"],
        json!({ "told": "Going on after 2 answers.", "place": "Question 3 of 5", "warns": true })
    );
    assert_eq!(result["after"], false);
    assert_eq!(
        result["told"],
        "Saved 2 answers to answers.jsonl. Enter your name and save again, so that they can be \
         merged with those of others."
    );
}

#[test]
fn keys_do_not_answer_where_they_mean_something_else() {
    let script = r#"
        const on = (id, key) => by(id).dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
        on("name", "c");
        on("prose", " ");
        press("?");
        const help = by("help").open;
        press("c");
        by("help").close();
        document.dispatchEvent(new KeyboardEvent("keydown", { key: "c", ctrlKey: true }));
        by("keys").checked = false;
        press("c");
        const before = place();
        by("keys").checked = true;
        press(" ");
        const after = place();
        press("w");
        finish({ help, before, after, why: by("why").innerText });
    "#;
    let Some(result) = in_browser(&audit(), script) else {
        return;
    };
    assert_eq!(result["help"], true);
    assert_eq!(result["before"], "Question 1 of 5");
    assert_eq!(result["after"], "Question 2 of 5");
    assert!(
        result["why"]
            .as_str()
            .unwrap()
            .contains("rule share/label (certain): asks to share")
    );
}

#[test]
fn hostile_texts_are_shown_as_text() {
    let evil = "<img src=x onerror=document.title=1>\u{202e} \u{1b}";
    let documents = json!([
        { "name": evil, "id": evil, "site": evil, "lang": evil, "text": format!("{evil}\n{evil}\n") },
    ]);
    let mut first = item(0, 1, "removed", &json!([[0, 5]]));
    first["why"] = evil.into();
    first["rule"] = evil.into();
    let audit = audit_of(&documents, &[first]);
    let script = r#"
        press("w");
        enter("<img src=x onerror=document.title=2>");
        finish({ title: document.title, images: document.images.length, shown: by("lines").textContent,
          scripts: document.scripts.length });
    "#;
    let Some(result) = in_browser(&audit, script) else {
        return;
    };
    assert_eq!(result["title"], "Audit");
    assert_eq!(
        (&result["images"], &result["scripts"]),
        (&json!(0), &json!(2))
    );
    let shown = result["shown"].as_str().unwrap();
    assert!(
        shown.contains("<img src=x onerror=document.title=1>\\u{202e} \\u{1b}"),
        "{shown}"
    );
}
