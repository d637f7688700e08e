"""Trains the models of verdicts, the kind of page and the risk of damage, and measures them.

    training/run            (sets up the virtual environment and calls this)

`dechaff-train --verdicts` cleans the pages at each level and computes the features. The kind is told
by multinomial logistic regression, the risk by boosted trees; both are fitted on the train pages. The
line model was trained on these too, so it is more certain there than elsewhere: the log-odds of the
risk are therefore calibrated on the valid pages, by a straight line for each level and an offset for
each kind.

Everything is computed with the integers of the model file, as in the Rust code.
"""

import argparse
import json
import struct
import subprocess
import sys
from pathlib import Path

import lightgbm as lgb
import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from train import HEADLINE, LEAKY, LEVELS, SCALE, fnv, quantize, raw_scores

KINDS = ["article", "list", "forum", "product", "documentation", "other"]
# The kind of each page type of WCXB. Pages of news are articles.
TYPES = {"article": 0, "listing": 1, "collection": 1, "forum": 2, "product": 3, "documentation": 4, "service": 5}
# Weight of a page of news relative to others, and of the means relative to the stems.
NEWS, MEANS = 0.25, 0.1
# Number of hashes of stems, and of those that have a weight.
HASHES, STEMS = 1 << 15, 3000
# What is removed and by what: each level, and its rules alone.
CLEANERS = [*LEVELS, *(f"{level}, rules alone" for level in LEVELS)]
BINS = [0.001, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.01]
# Versions of the format and of the features, as in the Rust code.
FORMAT, FEATURES = 1, 1


class Texts:
    """The output of one run of `dechaff-train --verdicts`."""

    def __init__(self, directory):
        head = json.loads((directory / "verdicts.json").read_text())
        arrays = head["arrays"]
        load = lambda name: np.fromfile(directory / f"{name}.bin", arrays[name]["type"]).reshape(arrays[name]["shape"])
        self.sum_names, self.risk_names = head["sums"], head["risk"][:-1]
        self.sums, self.damaged = load("sums"), load("damaged").astype(bool)
        count = len(self.sums)
        risk = load("risk").reshape(count, len(CLEANERS), -1)
        self.risk, self.changed = risk[:, :, :-1], risk[:, :, -1].astype(bool)
        starts = np.concatenate([[0], load("ends")]).astype(np.int64)
        stems = load("stems").astype(np.int32)
        self.stems = csr_matrix((np.ones(len(stems), np.int64), stems, starts), shape=(count, HASHES))
        documents = [json.loads(line) for line in (directory / "documents.jsonl").read_text().splitlines()]
        of = lambda name: np.array([document.get(name) or "-" for document in documents])
        self.split, self.publisher, self.extractor, self.dataset = of("split"), of("publisher"), of("extractor"), of("dataset")
        self.file, self.page_type = of("file"), of("page_type")
        self.leaky = np.isin(self.extractor, list(LEAKY))
        news = np.isin(self.dataset, list(HEADLINE))
        self.kind = np.array([TYPES.get(name, -1) if data == "wcxb" else -1 for name, data in zip(self.page_type, self.dataset)])
        self.kind[news] = 0
        self.half = np.array([fnv(name.encode()) >> 8 & 1 for name in self.publisher])
        _, which = np.unique(self.publisher, return_inverse=True)
        self.weight = 1 / np.sqrt(np.bincount(which)[which])


def log2(values):
    """Returns the binary logarithms of 1 plus the absolute values, with their signs, in 256ths."""
    number = np.abs(values) + 1
    whole = np.frexp(number.astype(np.float64))[1].astype(np.int64) - 1
    return np.sign(values) * (whole * 256 + (number * 256 >> whole) - 256)


def kind_features(texts):
    """Returns the features of the kind: logarithms of means over the blocks of each text."""
    means = texts.sums * 1000 // np.maximum(texts.sums[:, :1], 1)
    means[:, 0] = texts.sums[:, 0]
    return log2(means)


def train_kinds(texts, chosen):
    """Fits the kind on the texts `chosen`. Returns integer biases and weights, the scale of the
    weights of stems, the stems that have any, and these weights.
    """
    kind, logs = texts.kind[chosen], kind_features(texts)[chosen]
    weight = texts.weight[chosen] * np.where(texts.dataset[chosen] == "wcxb", 1, NEWS)
    per_kind = np.bincount(kind, weight, len(KINDS))
    weight *= np.sqrt(per_kind.sum() / per_kind)[kind]
    scaler = StandardScaler().fit(logs)
    means = csr_matrix(scaler.transform(logs) * MEANS)

    def fit(places):
        present = texts.stems[chosen][:, places]
        roots = np.sqrt(np.maximum(1, np.asarray(present.sum(1))[:, 0]))
        rows = hstack([means, present.multiply(1 / roots[:, None])]).tocsr()
        return LogisticRegression(C=3, max_iter=300).fit(rows, kind, sample_weight=weight)

    count = logs.shape[1]
    stems = fit(np.arange(HASHES)).coef_[:, count:]
    spread = ((stems - stems.mean(0)) ** 2).sum(0) * np.asarray(texts.stems[chosen].sum(0))[0]
    places = np.sort(np.argsort(-spread, kind="stable")[:STEMS])
    model = fit(places)
    per_log = model.coef_[:, :count] * MEANS / scaler.scale_
    biases = np.round(SCALE * (model.intercept_ - per_log @ scaler.mean_)).astype(np.int64)
    step = np.abs(model.coef_[:, count:]).max() / 127
    weights = np.round(per_log.T * SCALE * 65536).astype(np.int64)
    return biases, weights, round(step * SCALE * 256), places, np.round(model.coef_[:, count:].T / step).astype(np.int64)


def score_kinds(texts, model):
    """Returns the score of each kind for each text, computed as in the Rust code."""
    biases, weights, scale, places, stem_weights = model
    present = texts.stems[:, places]
    count = np.maximum(1, np.asarray(present.sum(1))[:, 0])
    roots = np.array([int(np.sqrt(float(n << 16))) for n in count.tolist()])
    return biases + (kind_features(texts) @ weights >> 16) + (present @ stem_weights) * scale // roots[:, None]


def risk_rows(texts, documents):
    """Returns the features, the damage, the text and the cleaner of all removals from `documents`."""
    text, cleaner = np.nonzero(texts.changed & documents[:, None])
    return texts.risk[text, cleaner], texts.damaged[text, cleaner], text, cleaner


def train_risk(texts, chosen, rounds):
    rows, damaged, text, _ = risk_rows(texts, chosen)
    settings = dict(objective="binary", learning_rate=0.08, num_leaves=12, min_data_in_leaf=60, feature_fraction=0.4, bagging_fraction=0.7, bagging_freq=1,
                    lambda_l2=5.0, num_threads=2, seed=7, deterministic=True, force_row_wise=True, verbose=-1)
    data = lgb.Dataset(rows.astype(np.float32), damaged.astype(int), weight=texts.weight[text], feature_name=texts.risk_names)
    return lgb.train(settings, data, rounds)


def score_risk(texts, trees):
    """Returns the score of the trees for each text and each cleaner."""
    rows = texts.risk.reshape(-1, texts.risk.shape[-1])
    parts = np.array_split(rows, max(1, len(rows) // 50000))
    return np.concatenate([raw_scores(trees, part)[-1] for part in parts]).reshape(texts.changed.shape)


def calibrate(texts, scores, found, chosen):
    """Returns what makes scores log-odds of damage on the texts `chosen`: for each cleaner a slope, in
    4096ths, and an intercept; and for each estimated kind what is added to the intercept.
    """
    text, cleaner = np.nonzero(texts.changed & chosen[:, None])
    own = np.eye(len(CLEANERS))[cleaner]
    kinds = np.eye(len(KINDS))[found[text]]
    rows = np.concatenate([own * scores[text, cleaner, None] / SCALE, own, kinds], 1)
    # A kind of which there are few texts stays near the others.
    model = LogisticRegression(C=1.0, fit_intercept=False, max_iter=1000).fit(rows, texts.damaged[text, cleaner])
    slopes, intercepts, offsets = np.split(np.round(model.coef_[0] * SCALE).astype(np.int64), [len(CLEANERS), 2 * len(CLEANERS)])
    return np.stack([slopes, intercepts], 1), offsets


def risks(texts, scores, found, lines, offsets):
    """Returns the risk for each text and each cleaner. It is 0 if nothing was removed."""
    odds = (scores.astype(np.int64) * lines[:, 0] >> 12) + lines[:, 1] + offsets[found, None]
    risk = np.floor(1000 / (1 + np.exp(-odds / SCALE))) / 1000
    return np.where(texts.changed, risk, 0)


def write_model(path, texts, kinds, trees, lines, offsets):
    biases, weights, scale, places, stem_weights = kinds
    out = struct.pack("<Q", fnv(" ".join([*texts.sum_names, *texts.risk_names]).encode()))
    out += biases.astype("<i4").tobytes() + weights.astype("<i4").tobytes() + struct.pack("<iH", scale, len(places))
    for place, row in zip(places, stem_weights):
        out += struct.pack("<H", place) + row.astype(np.int8).tobytes()
    # There are no early exits.
    out += struct.pack("<HH", 0, len(trees))
    for nodes, leaves in trees:
        out += struct.pack("<H", len(nodes))
        for node in nodes:
            out += struct.pack("<Hhhhh", *node)
        out += np.array(leaves, "<i2").tobytes()
    out += lines.astype("<i4").tobytes() + offsets.astype("<i4").tobytes()
    path.write_bytes(b"DCVM" + struct.pack("<HHQ", FORMAT, FEATURES, fnv(out)) + out)


def calibration(risk, damaged):
    """Returns the area under the ROC curve, the expected calibration error, and for each bin of risk
    the number of texts, their mean risk and the share that is damaged.
    """
    bins = np.digitize(risk, BINS)
    rows = [(int(chosen.sum()), float(risk[chosen].mean()), float(damaged[chosen].mean())) for chosen in (bins == b for b in range(len(BINS))) if chosen.any()]
    error = sum(count * abs(mean - share) for count, mean, share in rows) / len(risk)
    area = roc_auc_score(damaged, risk) if damaged.any() and not damaged.all() else float("nan")
    return area, error, rows


def report_kinds(texts, found, valid):
    lines = ["## Kind of page", "", "| texts | n | accuracy |", "|---|---|---|"]
    web, news = texts.dataset == "wcxb", np.isin(texts.dataset, list(HEADLINE))
    groups = [("web", web), ("web, extracted", web & texts.leaky), ("web, whole", web & (texts.extractor == "resiliparse_all")),
              ("web, bs4_lines", web & (texts.extractor == "bs4_lines")), ("news", news)]
    for name, group in groups:
        chosen = valid & group
        lines.append(f"| {name} | {chosen.sum()} | {(found == texts.kind)[chosen].mean():.3f} |")
    chosen = valid & web
    lines += ["", "Web pages by kind (rows) and estimate (columns):", "", "| | " + " | ".join(KINDS) + " | recall | precision |", "|---" * (len(KINDS) + 3) + "|"]
    for kind, name in enumerate(KINDS):
        cells = [str((chosen & (texts.kind == kind) & (found == other)).sum()) for other in range(len(KINDS))]
        hits = (chosen & (texts.kind == kind) & (found == kind)).sum()
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {hits / (chosen & (texts.kind == kind)).sum():.2f} | {hits / max(1, (chosen & (found == kind)).sum()):.2f} |")
    return lines


def report_risk(texts, risk, found, valid, title):
    """Returns a table: for each group of texts and each level the number of texts, the share that is
    damaged, the area under the ROC curve and the expected calibration error.
    """
    web, news = texts.dataset == "wcxb", np.isin(texts.dataset, list(HEADLINE))
    groups = [("all", valid), ("news, extracted", valid & news & texts.leaky), ("news, whole", valid & news & (texts.extractor == "resiliparse_all")),
              ("web, extracted", valid & web & texts.leaky), ("web, whole", valid & web & (texts.extractor == "resiliparse_all")),
              ("web, bs4_lines", valid & web & (texts.extractor == "bs4_lines")), ("labelled by people", valid & (texts.dataset == "turku_lines"))]
    groups += [(f"page type {name}", valid & web & (texts.page_type == name)) for name in sorted(set(texts.page_type[valid & web]))]
    groups += [(f"estimated {name}", valid & (found == kind)) for kind, name in enumerate(KINDS)]
    lines = [f"## {title}", "", "Damaged / mean risk / ROC / calibration error.", "", "| texts | n | " + " | ".join(CLEANERS) + " |", "|---" * (len(CLEANERS) + 2) + "|"]
    for name, group in groups:
        if not group.any():
            continue
        cells = []
        for cleaner in range(len(CLEANERS)):
            damaged = texts.damaged[group, cleaner]
            area, error, _ = calibration(risk[group, cleaner], damaged)
            cells.append(f"{damaged.mean():.2f} / {risk[group, cleaner].mean():.2f} / {area:.2f} / {error:.3f}")
        lines.append(f"| {name} | {group.sum()} | " + " | ".join(cells) + " |")
    lines += ["", "Texts by risk: number, mean risk, damaged.", "", "| level | " + " | ".join(f"from {low:g}" for low in [0, *BINS[:-1]]) + " |", "|---" * (len(BINS) + 1) + "|"]
    for cleaner, name in enumerate(CLEANERS):
        bins = np.digitize(risk[:, cleaner], BINS)
        cells = []
        for b in range(len(BINS)):
            those = valid & (bins == b)
            cells.append(f"{those.sum()}: {risk[those, cleaner].mean():.2f}, {texts.damaged[those, cleaner].mean():.2f}" if those.any() else "0")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return [*lines, ""]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=Path, nargs="+", required=True, help="labelled pages; the first file is trained on, where its split is train, others are measured only")
    parser.add_argument("--features", type=Path, required=True, help="the binary of dechaff-train, which computes features")
    parser.add_argument("--work", type=Path, required=True, help="where arrays are kept")
    parser.add_argument("--model", type=Path, required=True, help="the model file to write")
    parser.add_argument("--report", type=Path, required=True, help="the tables to write")
    parser.add_argument("--reuse", action="store_true", help="use the arrays that an earlier run left")
    parser.add_argument("--rounds", type=int, default=80)
    arguments = parser.parse_args()
    arrays = arguments.work / "verdicts"
    if not arguments.reuse:
        subprocess.run([arguments.features, *arguments.pages, "--verdicts", "--output", arrays], check=True)
    texts = Texts(arrays)
    own = texts.file == arguments.pages[0].name
    train, valid = own & (texts.split == "train"), own & (texts.split == "valid")
    kinds = train_kinds(texts, train & (texts.kind >= 0))
    found = score_kinds(texts, kinds).argmax(1)
    booster = train_risk(texts, train, arguments.rounds)
    trees = quantize(booster)
    scores = score_risk(texts, trees)
    calibrated = calibrate(texts, scores, found, valid)
    halves = [calibrate(texts, scores, found, valid & (texts.half != half)) for half in (0, 1)]
    crossed = np.where(texts.half[:, None] == 0, *(risks(texts, scores, found, *half) for half in halves))
    write_model(arguments.model, texts, kinds, trees, *calibrated)
    text = ["# Figures of verdicts", "", "Made by the training command on the valid pages. Each half of the publishers is judged by lines that were fitted on the other half.", ""]
    text += report_kinds(texts, found, valid) + [""] + report_risk(texts, crossed, found, valid, "Risk")
    if not own.all():
        text += report_risk(texts, risks(texts, scores, found, *calibrated), found, ~own, "Risk on other pages")
    arguments.report.write_text("\n".join(text))
    print("\n".join(text), file=sys.stderr)
    gain = sorted(zip(booster.feature_importance("gain"), texts.risk_names), reverse=True)
    print("gain: " + ", ".join(f"{name} {100 * value / sum(g for g, _ in gain):.0f} %" for value, name in gain[:14]), file=sys.stderr)
    print(f"calibration {calibrated}; halves {halves}; {arguments.model.stat().st_size} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
