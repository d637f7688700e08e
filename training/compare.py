"""Trains variants of the line model and prints the table "What was tried" of `models/README.md`:
recall of chaff at the loss that each level promises, rules of `precise` and model together, on all
valid publishers.

    target/training/venv/bin/python training/compare.py target/training/rows   (after training/run)
"""

import sys
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

import train

RULES = ("found_", "is_", "protected", "cues", "categories_", "related_near", "navigation_near", "credit_near", "next_found", "last_found", "second_next_found", "second_last_found")


class Comparison:
    def __init__(self, directory):
        self.pages = pages = train.Pages(directory)
        ours = np.isin(pages.file, [pages.file[0], "augmented.jsonl"])
        self.weights = pages.weights()
        self.chosen = np.flatnonzero(pages.known & ~pages.plain & ((pages.split == "train") & ours)[pages.document])
        valid = (pages.split == "valid") & (pages.file == pages.file[0])
        self.sets = {name: valid & pages.groups[name] for name in train.PROMISES if (valid & pages.groups[name]).any()}

    def fit(self, weights=None, rows=None, chosen=None, rounds=100, **parameters):
        pages = self.pages
        kept, pages.rows = pages.rows, pages.rows if rows is None else rows
        names, pages.names = pages.names, [f"f{i}" for i in range(pages.rows.shape[1])]
        chosen = self.chosen if chosen is None else chosen
        booster = train.train_trees(pages, self.weights if weights is None else weights, chosen, rounds, **{"learning_rate": 0.2, **parameters})
        scores = booster.predict(pages.rows.astype(np.float32), raw_score=True)
        pages.rows, pages.names = kept, names
        return scores

    def tell(self, name, scores):
        """Prints the recall of each set of pages at the loss that each level promises."""
        pages = self.pages
        scores = np.where(pages.plain, train.NEVER, np.round(scores * train.SCALE)).astype(np.int64)
        cells = []
        for which, documents in self.sets.items():
            points = train.curve(pages, documents, scores, 0)
            cells.append("/".join(f"{train.at_loss(points, share)[2]:.3f}" for share in train.PROMISES[which]))
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)

    def without(self, wanted):
        return self.pages.rows[:, [index for index, name in enumerate(self.pages.names) if not wanted(name)]]

    def chained(self, scores):
        """Returns the features with out-of-fold scores of a unit and its neighbours appended."""
        pages = self.pages
        fold = pages.fold[pages.document]
        out = scores.copy()
        for k in range(train.FOLDS):
            here = np.flatnonzero(fold == k)
            out[here] = self.fit(chosen=self.chosen[fold[self.chosen] != k])[here]
        out = np.clip(np.where(pages.plain, -6, out) * 1000, -30000, 30000).astype(np.int16)
        columns = [out]
        for by in (1, 2, 3):
            same = pages.document[by:] == pages.document[:-by]
            after, before = np.full_like(out, -32000), np.full_like(out, -32000)
            after[:-by], before[by:] = np.where(same, out[by:], -32000), np.where(same, out[:-by], -32000)
            columns += [after, before]
        return np.column_stack([pages.rows, *columns])

    def linear(self):
        rows = StandardScaler().fit(self.pages.rows[self.chosen].astype(np.float32))
        model = LogisticRegression(max_iter=300, C=0.1)
        model.fit(rows.transform(self.pages.rows[self.chosen].astype(np.float32)), self.pages.chaff[self.chosen], sample_weight=self.weights[self.chosen])
        return model.decision_function(rows.transform(self.pages.rows.astype(np.float32)))


def main(directory):
    c = Comparison(Path(directory))
    pages = c.pages
    print("| | " + " | ".join(train.PROMISES) + " |\n|---|" + "---|" * len(train.PROMISES))
    base = c.fit()
    c.tell("as it is", base)
    for seed in (1, 2):
        c.tell(f"seed {seed}", c.fit(seed=seed))
    c.tell("200 trees, 0.1", c.fit(rounds=200, learning_rate=0.1))
    c.tell("64 leaves, depth 8", c.fit(num_leaves=64, max_depth=8))
    c.tell("0.3 of the features per tree", c.fit(feature_fraction=0.3))
    c.tell("extremely randomised splits", c.fit(extra_trees=True))
    c.tell("linear model of the features", c.linear())
    c.tell("chain: neighbours' scores too", c.fit(rows=c.chained(base)))
    c.tell("no word scores", c.fit(rows=c.without(lambda name: "word_" in name and name not in ("word_length",) or name.endswith("_word") or name.endswith("word_sum"))))
    c.tell("nothing of the rules", c.fit(rows=c.without(lambda name: name.startswith(RULES))))
    c.tell("no made pages", c.fit(chosen=c.chosen[(pages.dataset != "augmented")[pages.document[c.chosen]]]))
    c.tell("every line weighs the same", c.fit(weights=np.ones(len(pages.rows))))
    c.tell("human labels weigh no more", c.fit(weights=c.weights / np.where(pages.dataset == "turku_lines", train.HUMAN, 1.0)[pages.document]))


if __name__ == "__main__":
    main(*sys.argv[1:])
