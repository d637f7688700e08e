//! The page of an audit is safe against its texts and, in a headless browser, takes answers, saves
//! them and goes on with them. The tests with a browser run only if `DECHAFF_HEAVY` is set.

use super::*;
use crate::report::page::policy_hash;
use crate::report::{Answer, AnswerSheet, Audit, AuditOutcome};
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
    const enter = (name) => {
      by("name").value = name;
      by("name").dispatchEvent(new Event("change"));
    };
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
    const finish = (result) => {
      document.body.dataset.result = btoa(bytesOf(result).reduce(
        (all, byte) => all + String.fromCharCode(byte), ""));
    };
"#;

fn item(document: usize, line: usize, side: &str, spans: &Value, whole: bool) -> Value {
    json!({
        "stratum": usize::from(side == "kept"), "document": document, "line": line, "spans": spans,
        "words": 2, "side": side, "whole": whole, "rule": "share/label", "score": null,
        "threshold": null, "kind": "article", "why": "rule share/label (certain): asks to share",
    })
}

fn stratum_of(side: &str, words: usize, items: &[Value]) -> Value {
    let picks = (0..items.len()).filter(|&item| items[item]["side"] == side);
    json!({
        "name": format!("{side} by certain rules"), "side": side, "words": words, "lines": 100,
        "picks": picks.collect::<Vec<_>>(),
    })
}

fn audit_of(documents: &Value, items: &[Value]) -> Value {
    json!({
        "dechaff": "0.1.0", "audit": "00112233445566aa", "corpus": "news/",
        "options": "level balanced", "level": "balanced", "seed": 1,
        "totals": { "documents": 2, "lines": 12, "words": 40 },
        "strata": [stratum_of("removed", 1_000, items), stratum_of("kept", 9_000, items)],
        "items": items, "documents": documents,
    })
}

/// An audit of two documents. The second has a character outside the basic plane before a span, and
/// two items on one line.
fn audit() -> Value {
    let documents = json!([
        { "name": "a.txt", "id": null, "site": "example.org", "host": "www.example.org",
          "lang": "en", "text": "It rained.\n\nShare this\n\nIt stopped.\n" },
        { "name": "b.jsonl#2", "id": "page-7", "site": null, "host": null, "lang": null,
          "text": "\u{1f600} Ann. Share this\nMore: tides. Share this\n" },
    ]);
    audit_of(
        &documents,
        &[
            item(0, 3, "removed", &json!([[0, 10]]), true),
            item(0, 5, "kept", &json!([]), true),
            item(1, 1, "removed", &json!([[7, 17]]), false),
            item(1, 2, "removed", &json!([[13, 23]]), false),
            item(1, 2, "kept", &json!([[13, 23]]), false),
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
            assert!(
                at.as_u64().unwrap() > 1_500_000_000,
                "{at} is in seconds since 1970"
            );
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
        const head = by("question").textContent;
        finish({ after_change, file: await saved(), told: told(), head });
    "#;
    let Some(result) = in_browser(&audit(), script) else {
        return;
    };
    assert_eq!(result["after_change"], "Question 4 of 5");
    assert_eq!(result["head"], "All lines of this sample are answered.");
    assert_eq!(result["told"], "Saved 5 answers to answers.jsonl.");
    let mut sheet = AnswerSheet::default();
    let sample: Audit = serde_json::from_value(audit()).unwrap();
    let count = sheet.add_lines(&sample, result["file"].as_str().unwrap());
    assert_eq!(count.unwrap(), 5);
    let rows = rows(&result["file"]);
    assert_eq!(
        rows,
        self::rows(&sheet.to_lines(&sample).into()),
        "the command writes the same"
    );
    assert_eq!(rows.len(), 2);
    assert_eq!(
        rows[0].to_string(),
        "{\"id\":\"a.txt\",\"text\":\"It rained.\\n\\nShare this\\n\\nIt stopped.\\n\",\
         \"labels\":\"uuduku\",\"publisher\":\"example.org\",\"host\":\"www.example.org\",\
         \"lang\":\"en\",\
         \"dataset\":\"audit\",\"extractor\":\"audit\",\"split\":\"train\",\"audit\":{\
         \"audit\":\"00112233445566aa\",\"level\":\"balanced\",\"answers\":[\
         {\"item\":0,\"line\":3,\"answer\":\"chaff\",\"side\":\"removed\",\"words\":2,\
         \"rule\":\"share/label\",\"by\":\"ann\"},\
         {\"item\":1,\"line\":5,\"answer\":\"prose\",\"side\":\"kept\",\"words\":2,\
         \"rule\":\"share/label\",\"by\":\"ann\"}]}}"
    );
    // Only a part of the first line is chaff, and answers about the second one differ.
    assert_eq!(rows[1]["id"], "b.jsonl#2");
    assert!(rows[1].get("publisher").is_none() && rows[1].get("host").is_none());
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
        const row = (audit, answers) => JSON.stringify({ audit: { audit, answers } }) + "\n";
        const here = data.audit;
        const one = { item: 0, line: 3, answer: "chaff", by: "ann", at: 1700000000, seconds: 1 };
        const bad = { ...one, item: 99 };
        const said = [
          await give("notes.txt", "{}\nhello\n"),
          await give("list.jsonl", "{}\n"),
          await give("other.jsonl", row("ffff", [one])),
          await give("answers.jsonl", row(here, [one, bad]) + row(here, [{ ...one, item: 1 }])),
          await give("again.jsonl", row(here, [one])),
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
            "list.jsonl has no answers to an audit. Choose a file that was saved as answers.",
            "other.jsonl has answers to another sample (ffff), and none to this one \
             (00112233445566aa).",
            "Loaded 2 answers from answers.jsonl. 1 answer did not fit this sample and was left \
             out.",
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
        const warned = JSON.parse(sessionStorage.getItem("warned"));
        finish({ warned, again, after: warns(), told: told() });
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
        const on = (id, key) =>
          by(id).dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
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
        { "name": evil, "id": evil, "site": evil, "lang": evil,
          "text": format!("{evil}\n{evil}\n") },
    ]);
    let mut first = item(0, 1, "removed", &json!([[0, 5]]), false);
    first["why"] = evil.into();
    first["rule"] = evil.into();
    let audit = audit_of(&documents, &[first]);
    let script = r#"
        press("w");
        enter("<img src=x onerror=document.title=2>");
        finish({ title: document.title, images: document.images.length,
          shown: by("lines").textContent, scripts: document.scripts.length });
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

/// Returns pseudo-random numbers below `below`, the same in each run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % below
    }
}

/// Returns a sample without texts, and answers to some of its items by up to two people. The number
/// of the case decides how many are answered and how often they are prose.
fn answered_audit(case: usize) -> (Audit, AnswerSheet) {
    let mut numbers = Numbers(case as u64);
    let mut audit: Audit = serde_json::from_value(audit_of(&json!([]), &[])).unwrap();
    audit.strata.clear();
    let mut sheet = AnswerSheet::default();
    for stratum in 0..6 {
        let side = ["removed", "kept"][stratum % 2];
        let (first, count) = (audit.items.len(), 2 + numbers.next(12));
        for index in first..first + count {
            let mut item = item(numbers.next(8), 1, side, &json!([]), true);
            item["words"] = (1 + numbers.next(9)).into();
            audit.items.push(serde_json::from_value(item).unwrap());
            for by in ["ann", "bob"] {
                if numbers.next(10) < case % 10 {
                    let answer = ["chaff", "prose", "unsure"][numbers.next(2 + case % 2)];
                    sheet.add(answer_to(index, answer, by));
                }
            }
        }
        let mut stratum = stratum_of(side, 100 + numbers.next(5_000), &[]);
        let picks = (0..2 * count).map(|_| first + numbers.next(count));
        stratum["picks"] = picks.collect();
        audit.strata.push(serde_json::from_value(stratum).unwrap());
    }
    (audit, sheet)
}

fn answer_to(item: usize, answer: &str, by: &str) -> Answer {
    let answer = json!({
        "item": item, "line": 1, "answer": answer, "side": "removed", "words": 1, "by": by,
    });
    serde_json::from_value(answer).unwrap()
}

#[test]
fn the_page_computes_the_figures_of_the_command() {
    let cases: Vec<(Audit, AnswerSheet)> = (0..60).map(answered_audit).collect();
    let inputs = cases
        .iter()
        .map(|(audit, sheet)| json!([audit, sheet.iter().collect::<Vec<_>>()]));
    let script = format!(
        "finish({}.map(([audit, answers]) => estimate(audit, answers)));",
        inputs.collect::<Value>()
    );
    let Some(result) = in_browser(&audit(), &script) else {
        return;
    };
    for ((audit, sheet), shown) in cases.iter().zip(result.as_array().unwrap()) {
        let expected = AuditOutcome::new(audit, sheet).json();
        assert_eq!(shown["answers"], expected["answered"]);
        for name in ["unsure", "to_halve"] {
            assert_eq!(shown[name], expected[name], "{name}");
        }
        for name in ["loss", "lost_words", "left", "left_words"] {
            for key in ["value", "low", "high"] {
                let [shown, expected] =
                    [shown, &expected].map(|all| all[name][key].as_f64().unwrap());
                let error = (shown - expected).abs();
                assert!(
                    error <= 1e-9 * expected.max(1.0),
                    "{name} {key}: {shown}, {expected}"
                );
            }
        }
    }
}

#[test]
fn figures_come_after_every_twenty_answers() {
    let lines: Vec<String> = (0..45)
        .map(|number| format!("Line {number} of the text"))
        .collect();
    let documents = json!([{ "name": "a.txt", "text": lines.join("\n") }]);
    let items: Vec<Value> = (0..45)
        .map(|number| {
            let side = if number % 2 == 0 { "removed" } else { "kept" };
            item(0, number + 1, side, &json!([]), true)
        })
        .collect();
    let script = r#"
        const text = () => by("figures").innerText.replace(/\s+/g, " ");
        press("r");
        const none = told();
        for (let number = 0; number < 19; number += 1) press("c");
        const early = text();
        press("u");
        const [first, said] = [text(), told()];
        for (let number = 0; number < 19; number += 1) press("p");
        const same = text() === first;
        press("p");
        finish({ none, early, first, said, same, second: text() });
    "#;
    let Some(result) = in_browser(&audit_of(&documents, &items), script) else {
        return;
    };
    assert_eq!(result["none"], "There are no answers yet.");
    assert_eq!(result["early"], "There are no answers yet.");
    assert_eq!(result["same"], true);
    let first = result["first"].as_str().unwrap();
    assert!(
        first.starts_with(
            "After 20 answers, 1 of them can’t say, at level balanced: \
             Words of prose that are lost 0 % (95 %: 0 to "
        ) && first.contains(
            "about 0 words of this corpus Words of chaff that are left 89 % (95 %: 87 to 90 %)"
        ),
        "{first}"
    );
    let said = result["said"].as_str().unwrap();
    assert!(
        said.starts_with("Question 20: can’t say. 0 % of the words of prose are lost (95 %: 0"),
        "{said}"
    );
    let second = result["second"].as_str().unwrap();
    assert!(
        second.starts_with("After 40 answers, ") && second.contains(" more answers would halve"),
        "{second}"
    );
}
