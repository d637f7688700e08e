"""`Cleaner.explain`: lines, rules, clauses, matched words, protections and judgements."""

from __future__ import annotations

import pickle
from pathlib import Path

import dechaff
from dechaff import Cleaner
from learned_pages import PAGES, SITES

SAMPLES = sorted((Path(__file__).parents[3] / "samples").glob("*.txt"))
PACK = """
[pack]
name = "mine"

[[rule]]
id = "ferry"
description = "An advert for a ferry."
category = "advert"
confidence = "certain"
phrase = ["book your ferry today", "sail with us {..2} today"]
examples.match = ["Book your ferry today", "Sail with us today"]
examples.no_match = ["They book it.", "They sail."]
"""


def mine(tmp_path: Path) -> Cleaner:
    (tmp_path / "mine.toml").write_text(PACK)
    return Cleaner(rules=tmp_path, only="mine")


def test_a_removal_names_its_lines_rule_clause_and_words(tmp_path: Path) -> None:
    text = "It rained süß 𝄞.\nSail with us again today! It stopped.\nThe end.\n"
    explanation = mine(tmp_path).explain(text)
    (removal,) = explanation.removals
    (match,) = removal.matches
    assert (removal.first_line, removal.last_line, removal.rule) == (2, 2, "mine/ferry")
    assert removal.description == "An advert for a ferry."
    assert (match.rule, match.clause) == ("mine/ferry", "sail with us {..2} today")
    assert text[match.start : match.end] == match.text == "Sail with us again today!"
    assert text[removal.removal.start : removal.removal.end] == removal.text
    assert explanation.text == mine(tmp_path).clean(text) and explanation.source == text
    assert pickle.loads(pickle.dumps(explanation)) == explanation
    assert str(explanation).splitlines() == [
        "line 2: mine/ferry (advert, certain)",
        f"  removes  {removal.text.strip()!r}",
        "  because  An advert for a ferry.",
        "  matches  'Sail with us again today!' (mine/ferry)",
        "  clause   sail with us {..2} today",
    ]


def test_what_keep_rules_protect_is_explained(tmp_path: Path) -> None:
    text = "It rained.\nShe said that you book your ferry today.\n"
    explanation = mine(tmp_path).explain(text)
    (kept,) = explanation.protections
    assert (kept.first_line, kept.last_line, kept.rule) == (2, 2, "mine/ferry")
    assert text[kept.start : kept.end] == kept.text and explanation.removals == ()
    assert kept.by.startswith("keep/") and kept.description
    assert f"line 2: {kept.by} protects it from mine/ferry" in str(explanation)


def test_the_judgement_of_each_line_is_explained() -> None:
    cleaner = Cleaner()
    removed = kept = 0
    for sample in SAMPLES:
        text = sample.read_text()
        explanation = cleaner.explain(text)
        result = cleaner.scan(text)
        assert tuple(removal.removal for removal in explanation.removals) == result.removals
        lines = text.split("\n")
        for removal in explanation.removals:
            assert removal.text.split("\n")[0] in lines[removal.first_line - 1]
        for judgement in explanation.judgements:
            assert 1 <= judgement.first_line <= judgement.last_line <= len(lines)
            assert judgement.page and 0 <= judgement.score <= 1 and 0 < judgement.threshold < 1
            if judgement.decision == "removed":
                removed += 1
                assert judgement.score > judgement.threshold and judgement.features
            if judgement.decision == "kept":
                kept += 1
                assert judgement.score <= judgement.threshold
        assert str(explanation)
    assert removed and kept


def test_a_held_text_tells_what_would_be_removed() -> None:
    explanation = Cleaner(max_removed=0.1).explain("It rained.\nAdvertisement\n")
    assert explanation.held and explanation.text == explanation.source
    assert [removal.text for removal in explanation.removals] == ["Advertisement\n"]
    assert str(explanation).startswith("held: more would be removed than max_removed allows")
    assert str(Cleaner().explain("It rained.")) == "nothing is removed"
    assert str(Cleaner().explain("")) == "nothing is removed"


def test_what_a_site_repeats_names_its_pages() -> None:
    cleaner = Cleaner(learned=dechaff.learn(PAGES, SITES))
    explanation = cleaner.explain(PAGES[0], site=SITES[0])
    matches = [match for removal in explanation.removals for match in removal.matches if match.pages]
    assert matches and all(match.pages > 1 and 0 < match.share <= 1 and match.clause is None for match in matches)  # type: ignore[operator]
    assert f"is on    {matches[0].pages} pages of its site" in str(explanation)
