"""Trains the line model on labelled pages and writes the model file, its report and its curve.

    training/run            (sets up the virtual environment and calls this)

`dechaff-train` computes features and word n-grams, so that training and use see the same values.
The weights of words are fitted by logistic regression, out of fold by publisher. Trees are trained
on these scores and all other features. Thresholds are chosen on the valid pages. All steps are
seeded, and run on one thread where the order of sums could change the result.
"""

import argparse
import gzip
import json
import struct
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import augment
import lightgbm as lgb
import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

BITS = 18
FOLDS = 5
SCALE = 4096
# The score of units that the trees do not evaluate.
NEVER = -(2**31)
# The numbers of trees after which evaluation stops for units that will hardly exceed the threshold any
# more: later trees would have to add more than they did to this share of the units that exceed one.
CHECKS = range(16, 1000, 16)
SHARE = 0.9998
HEADLINE = {"fundus", "fundus_eval", "scrapinghub", "aef"}
LEAKY = {"trafilatura_recall", "readability_lxml", "resiliparse_main", "newspaper4k"}
LEVELS = ["precise", "balanced", "thorough"]
# Numbers of pages that augment.py makes, and the weight of one relative to a real page.
LISTS, ENDINGS, PLAIN, WEIGHT = 1000, 500, 1500, 0.3
# The kinds of pages for which levels have separate thresholds, by thousandths of words in prose and by
# number of blocks (as in the Rust code).
PROSE, SIZES = [500, 800], [15, 40, 120]
KINDS = (len(PROSE) + 1) * (len(SIZES) + 1)
# How much higher thresholds are on pages on which no rule matches (as in the Rust code), and the
# thousandths of blocks with the number of a section from which on a page is a law.
NO_HITS_MARGIN, LAW = 9216, 30
# Maximum loss of prose that each level promises, rules and model together, as a share of words, by
# group of pages. The report judges each half of the publishers by thresholds that were chosen on the
# other half.
PROMISES = {
    "news, leaky": (0.0005, 0.0015, 0.008),
    "web, leaky": (0.0006, 0.0025, 0.012),
    "web, whole": (0.0015, 0.005, 0.015),
    "web, bs4_lines": (0.002, 0.008, 0.025),
    "labelled by people": (0.0008, 0.003, 0.012),
    "treebanks": (0.0001, 0.00016, 0.001),
    "other prose": (0.00004, 0.0002, 0.0015),
}
# Number of thresholds that are considered for each kind of page, and the lowest of them at each level,
# as log-odds: kinds with few labelled pages could get lower ones by chance. Pages of mostly prose have
# lower ones, since what looks like chaff there is not beside menus.
CANDIDATES, LOWEST, LOWEST_IN_PROSE = 80, (2.5, 0.5, -1.0), (1.0, 0.25, -1.25)
# How many times the promised loss a kind of page may lose of the words of each group.
CAP = 8
# Weight of a title relative to other lines: a page has only one, and its loss is obvious.
OWN = 2.0
# Weight of pages labelled by people relative to others: they are few.
HUMAN = 3.0


class Pages:
    """The output of one run of `dechaff-train`: arrays by unit and line, and documents."""

    def __init__(self, directory):
        head = json.loads((directory / "features.json").read_text())
        arrays = head["arrays"]
        load = lambda name: np.fromfile(directory / f"{name}.bin", arrays[name]["type"]).reshape(arrays[name]["shape"])
        self.names, self.version = head["names"], head["version"]
        self.rows, self.units, self.lines = load("features"), load("units"), load("lines")
        self.ends, self.grams = load("offsets"), load("grams")
        # The trees do not evaluate obvious prose.
        self.plain = self.units[:, 2] == 1
        self.documents = [json.loads(line) for line in (directory / "documents.jsonl").read_text().splitlines()]
        self.document = self.units[:, 0]
        of = lambda key: np.array([document[key] for document in self.documents])
        self.split, self.publisher, self.extractor, self.dataset = of("split"), of("publisher"), of("extractor"), of("dataset")
        self.lang, self.fold, self.file = of("lang"), of("fold"), of("file")
        self.page_type = np.array([document.get("page_type") or "-" for document in self.documents])
        leaky, web = np.isin(self.extractor, list(LEAKY)), self.dataset == "wcxb"
        self.headline = np.isin(self.dataset, list(HEADLINE)) & leaky
        self.groups = {
            "news, leaky": self.headline,
            "news, whole": np.isin(self.dataset, list(HEADLINE)) & (self.extractor == "resiliparse_all"),
            "web, leaky": web & leaky,
            "web, whole": web & (self.extractor == "resiliparse_all"),
            "web, bs4_lines": web & (self.extractor == "bs4_lines"),
            "labelled by people": self.dataset == "turku_lines",
            "treebanks": (self.dataset == "prose") & np.char.startswith(self.publisher, "UD "),
            "other prose": (self.dataset == "prose") & ~np.char.startswith(self.publisher, "UD "),
        }
        # The half of the publishers that a page belongs to.
        self.half = np.array([fnv(publisher.encode()) >> 8 & 1 for publisher in self.publisher])
        first = np.searchsorted(self.document, np.arange(len(self.documents)))
        feature = lambda name: self.rows[first, self.names.index(name)]
        self.kind = np.digitize(feature("page_prose"), PROSE) * (len(SIZES) + 1) + np.digitize(feature("units"), SIZES)
        self.no_hits = feature("found_share") == 0
        self.law = feature("page_sections") >= LAW
        # A unit is chaff if most words of its labelled lines are. Units without labelled lines are
        # not used. Titles and similar lines are not measured, but count as prose in training.
        unit, label, words = self.lines[:, 1], np.where(self.lines[:, 2] == 3, 0, self.lines[:, 2]), self.lines[:, 3]
        count = len(self.units)
        kept = np.bincount(unit[label == 0], words[label == 0], count)
        dropped = np.bincount(unit[label == 1], words[label == 1], count)
        self.own = np.bincount(unit[self.lines[:, 2] == 3], minlength=count) > 0
        self.known = kept + dropped > 0
        self.chaff = dropped > kept
        self.words = kept + dropped

    def weights(self):
        """Returns the weights of units.

        Long pages, and large publishers, weigh less than their number of lines or pages; outputs of
        the leaky extractors weigh more than full pages.
        """
        texts = len(self.documents)
        lines = np.bincount(self.document, minlength=texts)
        publishers, which = np.unique(self.publisher, return_inverse=True)
        per_publisher = np.bincount(which)[which]
        text = np.where(np.isin(self.extractor, list(LEAKY)), 2.0, 1.0) / np.sqrt(per_publisher)
        text *= np.where(self.dataset == "turku_lines", HUMAN, 1.0)
        unit = (text / np.maximum(lines, 8) ** 0.5)[self.document]
        # Loss of prose is measured in words.
        unit *= np.where(self.chaff, 1.0, np.clip(self.words / 15, 0.2, 8.0))
        unit *= np.where(self.own & ~self.chaff, OWN, 1.0)
        return unit / unit.mean()


def fit_words(pages, chosen, weights, c):
    """Fits the weights of the hashed word n-grams, from -127 to 127, on the units in `chosen`."""
    starts = np.concatenate([[0], pages.ends[:-1]])
    counts = (pages.ends - starts).astype(np.int64)
    values = np.repeat(1 / np.sqrt(np.maximum(counts, 1)), counts).astype(np.float32)
    matrix = csr_matrix((values, pages.grams.astype(np.int32), np.concatenate([[0], pages.ends]).astype(np.int64)), shape=(len(counts), 1 << BITS))
    model = LogisticRegression(solver="liblinear", C=c, max_iter=60, random_state=1)
    model.fit(matrix[chosen], pages.chaff[chosen], sample_weight=weights[chosen])
    return np.clip(np.round(model.coef_[0] * 24), -127, 127).astype(np.int8)


def quantize(booster):
    """Returns the nodes and leaves of each tree, as integers.

    A node is (feature, threshold, left, right, mean). A negative child -n is leaf n - 1.
    """
    trees = []
    for tree in booster.dump_model()["tree_info"]:
        nodes, leaves = [], []

        def number(value):
            return int(np.clip(round(value * SCALE), -32768, 32767))

        def walk(node):
            if "split_index" not in node:
                leaves.append(number(node["leaf_value"]))
                return -len(leaves)
            place = len(nodes)
            nodes.append(None)
            threshold = int(np.clip(np.floor(node["threshold"]), -32768, 32767))
            left = walk(node["left_child"])
            right = walk(node["right_child"])
            nodes[place] = (node["split_feature"], threshold, left, right, number(node["internal_value"]))
            return place

        walk(tree["tree_structure"])
        trees.append((nodes, leaves))
    return trees


def raw_scores(trees, rows):
    """Returns the scores of `rows` by the integer trees after each tree, computed as in the Rust code."""
    sums = np.zeros((len(trees) + 1, len(rows)), np.int32)
    for place, (nodes, leaves) in enumerate(trees):
        leaf, at = np.array(leaves), np.zeros(len(rows), np.int64) - (not nodes)
        table, active = np.array(nodes), np.flatnonzero(at >= 0)
        while len(active):
            node = table[at[active]]
            right = rows[active, node[:, 0]] > node[:, 1]
            at[active] = np.where(right, node[:, 3], node[:, 2])
            active = active[at[active] >= 0]
        sums[place + 1] = sums[place] + leaf[-1 - at]
    return sums


def final_scores(pages, scores):
    """Returns scores as thresholds see them: lower where no rule matches, and none on laws."""
    scores = np.where(pages.no_hits[pages.document] & (scores != NEVER), scores - NO_HITS_MARGIN, scores)
    return np.where(pages.plain | pages.law[pages.document], NEVER, scores)


def measure(pages, documents, scores, level, halves):
    """Returns recall, loss, precision and the share of damaged texts of a level's rules and the
    model on `documents`.

    `halves` has the thresholds by which each half of the publishers is judged.
    """
    lines = pages.lines[documents[pages.lines[:, 0]]]
    label, words = lines[:, 2], lines[:, 3]
    threshold = np.array([half[level] for half in halves])[pages.half[lines[:, 0]], pages.kind[lines[:, 0]]]
    gone = (lines[:, 4] >> level & 1).astype(bool) | (scores[lines[:, 1]] > threshold)
    taken, lost = gone & (label == 1), gone & (label == 0)
    recall = taken.sum() / max(1, (label == 1).sum())
    loss = words[lost].sum() / max(1, words[label == 0].sum())
    damaged = len(np.unique(lines[lost, 0])) / max(1, documents.sum())
    return recall, loss, taken.sum() / max(1, taken.sum() + lost.sum()), damaged


def curve(pages, documents, scores, level):
    """Returns points (threshold, loss, recall, precision) of a level, by falling threshold."""
    lines = pages.lines[documents[pages.lines[:, 0]]]
    label, words = lines[:, 2], lines[:, 3]
    score = np.where(lines[:, 4] >> level & 1, np.iinfo(np.int64).max, scores[lines[:, 1]])
    order = np.argsort(-score, kind="stable")
    lost = np.cumsum(np.where(label == 0, words, 0)[order]) / words[label == 0].sum()
    kept, taken = np.cumsum((label == 0)[order]), np.cumsum((label == 1)[order])
    last = np.flatnonzero(np.diff(score[order], append=score[order][-1] - 1))
    last = last[score[order][last] < np.iinfo(np.int64).max]
    recall, precision = taken / (label == 1).sum(), taken / np.maximum(1, taken + kept)
    return [(int(score[order][i]) - 1, lost[i], recall[i], precision[i]) for i in last]


def candidates(pages, documents, scores, level, most, lowest):
    """Returns thresholds for `documents`, which are of one kind, and for each the numbers of lines of
    chaff that it removes and of words of prose that it loses, by group. The first one is `most`. The
    others are between it and `lowest` (as log-odds), and lose at most `CAP` times what the level
    promises, or what its rules lose.
    """
    groups = [pages.groups[name] for name in PROMISES]
    lines = pages.lines[documents[pages.lines[:, 0]]]
    score = np.where(lines[:, 4] >> level & 1, np.iinfo(np.int64).max, scores[lines[:, 1]])
    order = np.argsort(-score, kind="stable")
    lines, score = lines[order], score[order]
    member = np.array([group[lines[:, 0]] for group in groups])
    taken = np.cumsum(member & (lines[:, 2] == 1), 1)
    lost = np.cumsum(np.where(member & (lines[:, 2] == 0), lines[:, 3], 0), 1)
    own = score[(score <= most) & (score > lowest * SCALE)]
    chosen = own[np.unique(np.geomspace(1, max(1, len(own)), CANDIDATES).round().astype(int)) - 1] - 1 if len(own) else []
    thresholds = [most, *map(int, chosen)]
    at = np.searchsorted(-score, [-threshold for threshold in thresholds])
    pick = lambda sums: np.concatenate([np.zeros((len(groups), 1)), sums], 1)[:, at].T
    taken, lost = pick(taken), pick(lost)
    words = (member & (lines[:, 2] == 0)) @ lines[:, 3]
    most_lost = np.maximum(lost[0], CAP * words * np.array([promise[level] for promise in PROMISES.values()]))
    count = np.argmin(np.append((lost <= most_lost).all(1), False))
    return thresholds[:count], taken[:count], lost[:count]


def choose_level(pages, documents, scores, level, most):
    """Returns for each kind of page the threshold, at most `most`, with which the recall of all groups
    is highest while their loss is what the level promises, or what its rules lose. This is an integer
    program: one threshold is chosen for each kind.
    """
    lines = pages.lines[documents[pages.lines[:, 0]]]
    member = [pages.groups[name][lines[:, 0]] for name in PROMISES]
    chaff = np.array([(group & (lines[:, 2] == 1)).sum() for group in member])
    allowed = np.array([PROMISES[name][level] * lines[group & (lines[:, 2] == 0), 3].sum() for name, group in zip(PROMISES, member)])
    lowest = lambda kind: (LOWEST_IN_PROSE if kind >= len(PROSE) * (len(SIZES) + 1) else LOWEST)[level]
    tables = [candidates(pages, documents & (pages.kind == kind), scores, level, most[kind], lowest(kind)) for kind in range(KINDS)]
    kinds = np.concatenate([[kind] * len(table[0]) for kind, table in enumerate(tables)])
    taken, lost = (np.concatenate([table[part] for table in tables]) for part in (1, 2))
    least = sum(table[2][0] for table in tables)
    one_of_each = LinearConstraint(np.array([kinds == kind for kind in range(KINDS)]).astype(float), 1, 1)
    promises = LinearConstraint(lost.T / allowed[:, None], -np.inf, np.maximum(1, least / allowed + 1e-6))
    result = milp(-(taken / np.maximum(1, chaff)).sum(1), constraints=[one_of_each, promises], integrality=np.ones(len(kinds)), bounds=Bounds(0, 1), options={"mip_rel_gap": 1e-4})
    return [tables[kind][0][int(result.x[kinds == kind].argmax())] for kind in range(KINDS)]


def choose(pages, documents, scores):
    """Returns the thresholds of each level, by kind of page, for `documents`. A level removes
    everything that a lower one removes.
    """
    thresholds = []
    most = [2**31 - 1] * KINDS
    for level in range(len(LEVELS)):
        most = choose_level(pages, documents, scores, level, most)
        thresholds.append(most)
    return thresholds


def at_loss(points, budget):
    """Returns the last point before the loss exceeds `budget`, or else the first point."""
    best = None
    for point in points:
        if point[1] > budget:
            break
        best = point
    return best or points[0]


def fnv(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


def write_model(path, pages, words, trees, early, steps, thresholds, curves):
    out = bytearray()
    out += struct.pack("<Q", fnv(" ".join(pages.names).encode()))
    out += words.tobytes()
    out += struct.pack("<H", len(early))
    for place, bound in early:
        out += struct.pack("<Hi", place, bound)
    out += struct.pack("<H", len(trees))
    for nodes, leaves in trees:
        out += struct.pack("<H", len(nodes))
        for feature, threshold, left, right, mean in nodes:
            out += struct.pack("<Hhhhh", feature, threshold, left, right, mean)
        for leaf in leaves:
            out += struct.pack("<h", leaf)
    out += struct.pack(f"<H{len(steps)}i", len(steps), *steps)
    for level in range(len(LEVELS)):
        for threshold, points in zip(thresholds[level], curves[level]):
            points = thin(points)
            out += struct.pack("<iH", threshold, len(points))
            for at, loss, *_ in points:
                out += struct.pack("<iI", at, round(loss * 1e6))
    path.write_bytes(b"DCLM" + struct.pack("<HHQ", 3, pages.version, fnv(bytes(out))) + bytes(out))


def thin(points, most=60):
    """Returns up to `most` points of a curve, about evenly spaced in the logarithm of the loss."""
    chosen, last = [], -1.0
    for point in points:
        if point[1] > 0.05:
            break
        if last < 0 or point[1] > last * 1.12 + 1e-6:
            chosen.append(point)
            last = point[1]
    return chosen[:most]


def train_trees(pages, weights, chosen, rounds, **parameters):
    settings = dict(objective="binary", learning_rate=0.13, num_leaves=32, max_depth=6, min_data_in_leaf=120, feature_fraction=0.5, bagging_fraction=0.7, bagging_freq=1,
                    lambda_l2=5.0, max_bin=255, num_threads=2, seed=7, deterministic=True, force_row_wise=True, verbose=-1, use_missing=False)
    settings.update(parameters)
    data = lgb.Dataset(pages.rows[chosen].astype(np.float32), pages.chaff[chosen].astype(int), weight=weights[chosen], feature_name=pages.names, free_raw_data=False)
    return lgb.train(settings, data, rounds)


def features(binary, files, output, *more):
    subprocess.run([binary, *files, "--output", output, "--folds", str(FOLDS), *more], check=True)
    return Pages(output)


def label_prose(path, output):
    """Writes texts that are all prose as pages, as they are and hard-wrapped. Only thresholds are
    chosen on them.
    """
    with gzip.open(path, "rt") as file, output.open("w") as pages:
        for row in map(json.loads, file):
            wrapped = "\n".join(part for line in row["text"].split("\n") for part in textwrap.wrap(line, 78) or [""])
            for extractor, text in [("none", row["text"]), ("wrapped", wrapped)]:
                labels = "k" * len(text.split("\n"))
                page = dict(text=text, labels=labels, split="valid", publisher=row["source"], dataset="prose", extractor=extractor, lang="")
                pages.write(json.dumps(page) + "\n")


def compute_arrays(arguments, made, say):
    """Makes pages, fits word weights, and computes the features of all pages."""
    augment.augment(arguments.pages[0], made, LISTS, ENDINGS, PLAIN)
    others = [made]
    if arguments.prose:
        others.append(arguments.work / "prose.jsonl")
        label_prose(arguments.prose, others[-1])
    # Words are fitted on real pages only: augmented pages have words of prose in the wrong places.
    pages = features(arguments.features, arguments.pages, arguments.work / "grams")
    say(f"{len(pages.documents)} texts, {len(pages.units)} units")
    weights = pages.weights()
    train = pages.known & ~pages.plain & ((pages.split == "train") & (pages.file == pages.file[0]))[pages.document]
    fold = pages.fold[pages.document]
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(fit_words, pages, np.flatnonzero(train & (fold != k)), weights, 1.0) for k in range(FOLDS + 1)]
        tables = [job.result() for job in jobs]
    (arguments.work / "words.bin").write_bytes(b"".join(table.tobytes() for table in tables))
    say("words have weights")

    features(arguments.features, [*arguments.pages, *others], arguments.work / "rows", "--words", arguments.work / "words.bin")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=Path, nargs="+", required=True, help="labelled pages; the first file is trained on, where its split is train, others are measured only")
    parser.add_argument("--prose", type=Path, help="texts that are all prose, on which thresholds are chosen too")
    parser.add_argument("--features", type=Path, required=True, help="the binary of dechaff-train, which computes features")
    parser.add_argument("--work", type=Path, required=True, help="where arrays are kept")
    parser.add_argument("--model", type=Path, required=True, help="the model file to write")
    parser.add_argument("--report", type=Path, required=True, help="the table to write")
    parser.add_argument("--curve", type=Path, required=True, help="the picture to write")
    parser.add_argument("--reuse", action="store_true", help="use the arrays that an earlier run left")
    parser.add_argument("--rounds", type=int, default=160)
    arguments = parser.parse_args()
    begun = time.time()
    say = lambda text: print(f"{time.time() - begun:6.0f} s  {text}", file=sys.stderr)

    made = arguments.work / "augmented.jsonl"
    if not arguments.reuse:
        compute_arrays(arguments, made, say)
    tables = np.fromfile(arguments.work / "words.bin", np.int8).reshape(FOLDS + 1, -1)
    pages = Pages(arguments.work / "rows")
    own = np.isin(pages.file, [arguments.pages[0].name, made.name])
    train = pages.known & ~pages.plain & ((pages.split == "train") & own)[pages.document]
    weights = pages.weights() * np.where(pages.dataset == "augmented", WEIGHT, 1.0)[pages.document]
    booster = train_trees(pages, weights, np.flatnonzero(train), arguments.rounds)
    trees = quantize(booster)
    say(f"{len(trees)} trees")

    valid = (pages.split == "valid") & (pages.file == pages.file[0])
    promised = valid & np.any([pages.groups[name] for name in PROMISES], 0)
    prose = pages.dataset == "prose"
    scores = np.full(len(pages.rows), NEVER, np.int64)
    added = {place: [] for place in CHECKS if place < len(trees)}
    judged = np.flatnonzero(~pages.plain & np.isin(pages.split, ["train", "valid"])[pages.document])
    for part in np.array_split(judged, max(1, len(judged) // 50000)):
        sums = raw_scores(trees, pages.rows[part])
        scores[part] = sums[-1]
        for place in added:
            added[place].append(sums[-1] - sums[place])
    raw = scores[judged]
    scores = final_scores(pages, scores)
    curves = [[curve(pages, promised & (pages.kind == kind), scores, level) for kind in range(KINDS)] for level in range(len(LEVELS))]
    thresholds = choose(pages, valid | prose, scores)
    halves = [choose(pages, (valid | prose) & (pages.half != half), scores) for half in (0, 1)]
    say(f"halves {halves}")
    say(f"thresholds {thresholds}")
    # An early exit is wrong only for units that exceed a threshold in the end.
    exceeding = raw > np.min(thresholds)
    early = [(place, int(np.quantile(np.concatenate(sums)[exceeding], SHARE))) for place, sums in added.items()]
    say(f"early exits {early}")

    # Scores at which the probability reaches each thousandth: trees are trained on the logit.
    steps = [round(SCALE * np.log(k / (1000 - k))) for k in range(1, 1000)]
    write_model(arguments.model, pages, tables[-1], trees, early, steps, thresholds, curves)
    report(arguments.report, pages, scores, halves, booster)
    picture(arguments.curve, pages, scores, thresholds)
    say(f"{arguments.model} has {arguments.model.stat().st_size} bytes")


def report(path, pages, scores, halves, booster):
    valid, ours = pages.split == "valid", pages.file == pages.file[0]
    reported = valid & ours
    groups = [(name, (reported | (pages.dataset == "prose")) & group) for name, group in pages.groups.items()]
    groups.append(("wrapped pages", reported & (pages.extractor == "html2text_wrap")))
    for kind in sorted(set(pages.page_type[reported]) - {"-"}):
        groups.append((f"web, leaky, {kind}", reported & pages.groups["web, leaky"] & (pages.page_type == kind)))
    for lang in sorted(set(pages.lang[reported & pages.headline])):
        groups.append((f"news, leaky, {lang}", reported & pages.headline & (pages.lang == lang)))
    if not ours.all():
        groups.append(("extra", valid & ~ours & ~np.isin(pages.dataset, ["augmented", "prose"])))
    lines = ["# Figures of the line model", "", "Recall / prose loss in % / texts damaged in %, rules and model together, by the training command (`dechaff eval` measures whole runs).", "Each half of the valid publishers is judged by thresholds that were chosen on the other half.", "", "| texts | n | precise | balanced | thorough |", "|---|---|---|---|---|"]
    for name, documents in groups:
        if documents.any():
            cells = [measure(pages, documents, scores, level, halves) for level in range(3)]
            lines.append(f"| {name} | {documents.sum()} | " + " | ".join(f"{r:.3f} / {100 * l:.3f} / {100 * d:.0f}" for r, l, _, d in cells) + " |")
    gain = sorted(zip(booster.feature_importance("gain"), pages.names), reverse=True)
    total = sum(value for value, _ in gain)
    lines += ["", "The features that gained most: " + ", ".join(f"`{name}` {100 * value / total:.0f} %" for value, name in gain[:16]) + ".", ""]
    path.write_text("\n".join(lines))
    print("\n".join(lines), file=sys.stderr)


def picture(path, pages, scores, thresholds):
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "dechaff"
    from matplotlib import pyplot as plot

    figure, axes = plot.subplots(figsize=(7, 4.5))
    valid = (pages.split == "valid") & (pages.file == pages.file[0])
    for name in ["news, leaky", "web, leaky", "web, whole", "labelled by people"]:
        documents = pages.groups[name]
        points = curve(pages, valid & documents, scores, 1)
        line = axes.plot([100 * point[1] for point in points], [point[2] for point in points], label=name)[0]
        for level, sign in enumerate("^os"):
            recall, loss, *_ = measure(pages, valid & documents, scores, level, [thresholds, thresholds])
            axes.plot([100 * loss], [recall], sign, color=line.get_color(), label=LEVELS[level] if name == "news, leaky" else None)
    axes.set(xscale="log", xlim=(0.01, 10), ylim=(0, 1), xlabel="words of prose lost, %", ylabel="lines of chaff removed", title="Rules and line model on publishers kept apart")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main()
