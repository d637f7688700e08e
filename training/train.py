"""Trains the line model on labelled pages and writes the model file, its report and its curve.

    training/run            (sets up the virtual environment and calls this)

`dechaff-train` computes features and word n-grams, so that training and use see the same values.
The weights of words are fitted by logistic regression, out of fold by publisher. Trees are trained
on these scores and all other features. Thresholds are chosen on the valid pages. All steps are
seeded, and run on one thread where the order of sums could change the result.
"""

import argparse
import json
import struct
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import augment
import lightgbm as lgb
import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

BITS = 18
FOLDS = 5
SCALE = 4096
# The score of units that the trees do not evaluate, and the numbers of trees after which evaluation
# stops for units with a low enough score.
NEVER = -(2**31)
CHECKS = [24, 60, 110]
HEADLINE = {"fundus", "fundus_eval", "scrapinghub", "aef"}
LEAKY = {"trafilatura_recall", "readability_lxml", "resiliparse_main", "newspaper4k"}
LEVELS = ["precise", "balanced", "thorough"]
# Numbers of pages that augment.py makes, and the weight of one relative to a real page.
LISTS, ENDINGS, PLAIN, WEIGHT = 1000, 500, 1500, 0.3
# Thousandths of words in prose below which a page counts as a whole page, for which levels have
# separate thresholds (as in the Rust code).
WHOLE = 700
# How much higher thresholds are on pages on which no rule matches (as in the Rust code), and the
# thousandths of blocks with the number of a section from which on a page is a law.
NO_HITS_MARGIN, LAW = 5325, 30
# Maximum loss of prose that each level promises, rules and model together, as a share of words, by
# group of pages.
PROMISES = {
    "news, leaky": (0.0005, 0.0015, 0.008),
    "web, leaky": (0.0006, 0.0025, 0.012),
    "web, whole": (0.0015, 0.005, 0.015),
    "web, bs4_lines": (0.002, 0.008, 0.025),
    "labelled by people": (0.0008, 0.003, 0.012),
}
# The groups whose promises choose the thresholds: the lowest that keep all of them on the valid
# publishers. The report judges each half of the publishers by thresholds that were chosen on the
# other half.
BUDGET = {name: PROMISES[name] for name in list(PROMISES)[:4]}
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
        }
        # The half of the publishers that a page belongs to.
        self.half = np.array([fnv(publisher.encode()) >> 8 & 1 for publisher in self.publisher])
        first = np.searchsorted(self.document, np.arange(len(self.documents)))
        feature = lambda name: self.rows[first, self.names.index(name)]
        self.whole = feature("page_prose") < WHOLE
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


def raw_scores(trees, rows, early=()):
    """Returns the scores of `rows` by the integer trees, computed as in the Rust code.

    `early` has pairs of a tree and a score: rows that score less before that tree get `NEVER`.
    """
    scores = np.zeros(len(rows), np.int64)
    stopped = np.zeros(len(rows), bool)
    early = dict(early)
    for place, (nodes, leaves) in enumerate(trees):
        if place in early:
            stopped |= scores < early[place]
        if not nodes:
            scores[~stopped] += leaves[0]
            continue
        table, leaf = np.array(nodes), np.array(leaves)
        at = np.zeros(len(rows), np.int64)
        active = np.flatnonzero(~stopped)
        while len(active):
            node = table[at[active]]
            right = rows[active, node[:, 0]] > node[:, 1]
            at[active] = np.where(right, node[:, 3], node[:, 2])
            active = active[at[active] >= 0]
        scores[~stopped] += leaf[-1 - at[~stopped]]
    scores[stopped] = NEVER
    return scores


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
    threshold = np.array([half[level] for half in halves])[pages.half[lines[:, 0]], pages.whole[lines[:, 0]].astype(int)]
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


def lowest_threshold(pages, documents, scores, level, whole):
    """Returns the lowest threshold that keeps the promise of each group on `documents`: of extracted
    texts for articles, and of whole pages if `whole` is true. The pages of that kind may lose what is
    their share of the words of the group.
    """
    lowest = NEVER
    for name, budgets in BUDGET.items():
        if name.endswith("leaky") == whole:
            continue
        chosen = documents & pages.groups[name] & (pages.whole == whole)
        lines = pages.lines[chosen[pages.lines[:, 0]]]
        lines = lines[lines[:, 2] == 0]
        ruled = (lines[:, 4] >> level & 1).astype(bool)
        allowed = budgets[level] * lines[:, 3].sum() - lines[ruled, 3].sum()
        score, words = scores[lines[~ruled, 1]], lines[~ruled, 3]
        order = np.argsort(-score, kind="stable")
        over = np.flatnonzero(np.cumsum(words[order]) > allowed)
        if len(over):
            lowest = max(lowest, score[order][over[0]])
    return int(lowest)


def choose(pages, documents, scores):
    """Returns the thresholds of each level, for articles and for whole pages, by `documents`."""
    thresholds = []
    for level in range(len(LEVELS)):
        thresholds.append([lowest_threshold(pages, documents, scores, level, whole) for whole in (False, True)])
    # A higher level must remove everything that a lower one removes.
    for level in (1, 2):
        thresholds[level] = [min(pair) for pair in zip(thresholds[level], thresholds[level - 1])]
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
    for place, least in early:
        out += struct.pack("<Hi", place, least)
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
    path.write_bytes(b"DCLM" + struct.pack("<HHQ", 2, pages.version, fnv(bytes(out))) + bytes(out))


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


def compute_arrays(arguments, made, say):
    """Makes pages, fits word weights, and computes the features of all pages."""
    augment.augment(arguments.pages[0], made, LISTS, ENDINGS, PLAIN)
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

    features(arguments.features, [*arguments.pages, made], arguments.work / "rows", "--words", arguments.work / "words.bin")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=Path, nargs="+", required=True, help="labelled pages; the first file is trained on, where its split is train, others are measured only")
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

    # Evaluation stops early below a score that 99.8 % of the train units near or above a threshold
    # have reached by then.
    valid = (pages.split == "valid") & (pages.file == pages.file[0])
    kinds = [valid & (pages.groups["news, leaky"] | pages.groups["web, leaky"]) & ~pages.whole, valid & pages.whole & ((pages.extractor == "resiliparse_all") | (pages.extractor == "bs4_lines") | (pages.dataset == "turku_lines"))]
    scores = np.round(booster.predict(pages.rows.astype(np.float32), raw_score=True) * SCALE).astype(np.int64)
    scores[pages.plain] = NEVER
    lowest = min(point[0] for kind in kinds for point in curve(pages, kind, scores, 2) if point[1] < 0.03)
    near = train & ~pages.plain & (scores > lowest)
    early = [(place, int(np.quantile(raw_scores(trees[:place], pages.rows[near]), 0.002))) for place in CHECKS]
    judged = np.flatnonzero((pages.split == "valid")[pages.document] & ~pages.plain)
    scores[judged] = raw_scores(trees, pages.rows[judged], early)
    say(f"early: {np.mean(scores[judged] == NEVER):.2f} of the units that are judged")
    scores = final_scores(pages, scores)
    curves = [[curve(pages, kind, scores, level) for kind in kinds] for level in range(len(LEVELS))]
    thresholds = choose(pages, valid, scores)
    halves = [choose(pages, valid & (pages.half != half), scores) for half in (0, 1)]
    say(f"halves {halves}")
    say(f"thresholds {thresholds}")

    # Scores at which the probability reaches each thousandth: trees are trained on the logit.
    steps = [round(SCALE * np.log(k / (1000 - k))) for k in range(1, 1000)]
    write_model(arguments.model, pages, tables[-1], trees, early, steps, thresholds, curves)
    report(arguments.report, pages, scores, halves, booster)
    picture(arguments.curve, pages, scores, thresholds)
    say(f"{arguments.model} has {arguments.model.stat().st_size} bytes")


def report(path, pages, scores, halves, booster):
    valid, ours = pages.split == "valid", pages.file == pages.file[0]
    reported = valid & ours
    groups = [(name, reported & group) for name, group in pages.groups.items()]
    groups.append(("wrapped pages", reported & (pages.extractor == "html2text_wrap")))
    for kind in sorted(set(pages.page_type[reported]) - {"-"}):
        groups.append((f"web, leaky, {kind}", reported & pages.groups["web, leaky"] & (pages.page_type == kind)))
    for lang in sorted(set(pages.lang[reported & pages.headline])):
        groups.append((f"news, leaky, {lang}", reported & pages.headline & (pages.lang == lang)))
    if not ours.all():
        groups.append(("extra", valid & ~ours & (pages.dataset != "augmented")))
    lines = ["Recall / prose loss in % / texts damaged in %, rules and model together, by the training command (`dechaff eval` measures whole runs).", "Each half of the valid publishers is judged by thresholds that were chosen on the other half.", "", "| texts | n | precise | balanced | thorough |", "|---|---|---|---|---|"]
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
