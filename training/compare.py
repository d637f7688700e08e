"""Trains variants of the line model and prints the table of `models/README.md`: each variant's
recall and loss on the valid pages.

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
        self.sets = {"articles": valid & pages.headline, "whole": valid & (pages.extractor == "resiliparse_all"), "human": valid & (pages.dataset == "turku_lines")}
        self.kinds = [valid & pages.headline & ~pages.whole, valid & pages.whole & (self.sets["whole"] | self.sets["human"])]

    def fit(self, weights=None, rows=None, chosen=None, rounds=300, **parameters):
        pages = self.pages
        kept, pages.rows = pages.rows, pages.rows if rows is None else rows
        names, pages.names = pages.names, [f"f{i}" for i in range(pages.rows.shape[1])]
        chosen = self.chosen if chosen is None else chosen
        booster = train.train_trees(pages, self.weights if weights is None else weights, chosen, rounds, **parameters)
        scores = booster.predict(pages.rows.astype(np.float32), raw_score=True)
        pages.rows, pages.names = kept, names
        return scores

    def tell(self, name, scores):
        """Prints recall and loss of each level, with thresholds chosen as in training."""
        pages = self.pages
        scores = np.where(pages.plain, train.NEVER, np.round(scores * train.SCALE)).astype(np.int64)
        cells = []
        for level, budget in enumerate(train.BUDGET.values()):
            thresholds = [train.at_loss(train.curve(pages, kind, scores, level), share)[0] for kind, share in zip(self.kinds, budget)]
            for which, documents in self.sets.items():
                if which == "articles" or level > 0:
                    recall, loss, _ = train.measure(pages, documents, scores, level, thresholds)
                    cells.append(f"{recall:.3f} / {100 * loss:.2f}")
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
    print("| | articles, precise | articles, balanced | whole | human | articles, thorough | whole | human |\n|---|---|---|---|---|---|---|---|")
    base = c.fit()
    c.tell("as it is", base)
    for seed in (1, 2, 3):
        c.tell(f"seed {seed}", c.fit(seed=seed))
    c.tell("700 trees, 0.05", c.fit(rounds=700, learning_rate=0.05))
    c.tell("150 trees, 0.2", c.fit(rounds=150, learning_rate=0.2))
    c.tell("24 leaves of any depth", c.fit(num_leaves=24, max_depth=-1))
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
