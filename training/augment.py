"""Makes pages that show the line model that short lines are not always chaff.

Labelled pages rarely contain what articles often do: lists after a colon, rankings, tables,
verse, dialogue, transcripts and codes, or a short sentence at the end. This module inserts such
blocks into pages of the train split, and moves the tail of one page to the end of another. All new
prose consists of words of the same page. Other chaff of the page keeps its place.

Pages without any chaff are made of the main texts: as they are, hard-wrapped, with a sentence on
each line, or in the form of a letter, a statute, a timeline, a list of questions, or a
specification.
"""

import gzip
import json
import random
import re
import textwrap

NAMES = re.compile(r"(?:[^\W\d_a-z]\w+[ ]?){2,5}")
SENTENCE = re.compile(r"[^.!?]+[.!?]+")
LEAKY = {"trafilatura_recall", "readability_lxml", "resiliparse_main", "newspaper4k"}


def names_of(text, rnd):
    """Returns short runs of capitalized words and other short runs of words, shuffled."""
    names = [" ".join(name.split()) for name in NAMES.findall(text)]
    words = text.split()
    runs = [" ".join(words[at : at + rnd.randint(1, 5)]).strip(".,;:()“”\"'").capitalize() for at in (rnd.randrange(len(words)) for _ in range(40))]
    names = [name for name in names + runs if name]
    rnd.shuffle(names)
    return names


def sentence(text, rnd):
    """Returns the beginning of a random sentence of `text`, at most twenty words."""
    words = rnd.choice(SENTENCE.findall(text) or [text]).split()[: rnd.randint(4, 20)]
    return " ".join(words).rstrip(".,;:") + "."


def listing(text, rnd):
    names = names_of(text, rnd)
    count = rnd.choice([3, 5, 8, 10, 12, 20, 40])
    items = [names[index % len(names)] for index in range(count)]
    style = rnd.randrange(13)
    if style == 0:
        items = [f"{index + 1}. {item}" for index, item in enumerate(items)]
    elif style == 1:
        items = [f"{rnd.choice('-•*')} {item}" for item in items]
    elif style == 2:
        items = [f"{item} – {rnd.choice(names)}" for item in items]
    elif style == 3:
        year = rnd.randint(1950, 2024)
        items = [f"{year - index}: {item}" for index, item in enumerate(items)]
    elif style == 4:
        year = rnd.randint(1990, 2024)
        items = [line for index in range(0, count, 4) for line in [str(year - index // 4), *items[index : index + 4], ""]]
    elif style == 5:
        items = [line for item in items for line in (item, "".join(rnd.choice("ABXYLR0123456789 ") for _ in range(rnd.randint(5, 14))).strip() or "X", "")]
    elif style == 6:
        items = [f"{item}: {rnd.randint(1, 999)}{rnd.choice(['', ' g', ' %', ' km'])}" for item in items]
    elif style == 8:
        hour, minute = rnd.randint(6, 20), rnd.randint(0, 59)
        stamp = rnd.choice(["{:02}:{:02}", "[{:02}:{:02}]", "{:02}.{:02}", "{:02}:{:02} GMT"])
        items = [line for index, item in enumerate(items) for line in (stamp.format(hour + (minute + 7 * index) // 60, (minute + 7 * index) % 60), sentence(text, rnd), "")]
    elif style == 9:
        items = [line for item in items for line in (item, f"{rnd.randint(1, 140)} {rnd.choice(names)}", rnd.choice([f"Open {rnd.randint(7, 11)}-{rnd.randint(4, 9)}, {rnd.choice(names)}", f"Tel. {rnd.randint(10**6, 10**8)}", sentence(text, rnd)]), "")]
    elif style == 10:
        items = [f"  --{item.split()[0].lower():<12} {sentence(text, rnd).rstrip('.').lower()}" for item in items]
    elif style == 11:
        items = [line for item in items for line in (item, sentence(text, rnd), "")]
    elif style == 12:
        items = [line for item in items[:12] for line in (sentence(text, rnd) + " " + sentence(text, rnd), item if rnd.random() < 0.5 else f"{item}, {rnd.choice(names)}", "")]
    opening = rnd.choice(SENTENCE.findall(text) or [text]).strip().rstrip(".!?") + rnd.choice([":", ":", ":", "."])
    return [opening] + [""] * rnd.randrange(2) + items


def table(text, rnd):
    names = names_of(text, rnd)
    bar = rnd.choice([" | ", "\t", " | ", "  "])
    columns = rnd.randint(2, 5)
    rows = [bar.join([name] + [str(rnd.randint(0, 9999)) if rnd.random() < 0.8 else rnd.choice(names) for _ in range(columns)]) for name in names[: rnd.randint(4, 16)]]
    return [bar.join(rnd.sample(names, min(len(names), columns + 1)))] + rows


def verse(text, rnd):
    words = re.sub(r"[“”\"()]", "", text).split()[: rnd.randint(60, 400)]
    lines, at, refrain = [], 0, None
    while at < len(words):
        take = rnd.randint(1, 9)
        line = " ".join(words[at : at + take])
        lines.append(line[:1].upper() + line[1:])
        at += take
        refrain = refrain or (lines[-1] if rnd.random() < 0.3 else None)
        if rnd.random() < 0.2:
            lines += [refrain, ""] if refrain and rnd.random() < 0.5 else [""]
    return lines


def dialogue(text, rnd):
    pieces = [piece.strip() for piece in re.split(r"(?<=[.!?,;])\s+", text) if piece.strip()]
    kind = rnd.randrange(3)
    speakers = [name.split()[0].upper() for name in names_of(text, rnd)[:4]] or ["A"]
    lines = []
    for piece in pieces[: rnd.randint(10, 60)]:
        piece = " ".join(piece.split()[: rnd.randint(1, 18)]).rstrip(",;")
        if kind == 0:
            lines.append(f"“{piece.rstrip('.!?')}{rnd.choice('.?!')}”" if rnd.random() < 0.75 else piece.capitalize())
        elif kind == 1:
            lines.append(f"{rnd.choice(speakers)}: {piece}" if rnd.random() < 0.9 else f"({piece.strip('.')})")
        else:
            lines.append(piece.rstrip(".") + rnd.choice([".", "?", ".", "?"]))
        lines += [""] * rnd.randrange(2)
    return lines


def ending(lines, labels, donor, rnd):
    """Ends the page with a short sentence on its own line.

    Cuts the page after a random paragraph of its later two thirds, and puts the end of its last
    sentence on a separate line. Nothing follows it, or the tail of the page, or `donor`, the tail
    of another page. Returns the lines and their labels.
    """
    last = [i for i, (line, label) in enumerate(zip(lines, labels)) if label == "k" and len(SENTENCE.findall(line)) >= 2]
    at = rnd.choice(last[len(last) // 3 :])
    *head, end = SENTENCE.findall(lines[at])
    end = " ".join(end.split()[-rnd.randint(3, 14) :])
    kind = rnd.randrange(3)
    tail = [] if kind == 0 else tail_of(lines, labels) if kind == 1 else donor
    gap = [("", "k")] * rnd.randrange(2)
    page = [*zip(lines[:at], labels[:at]), ("".join(head).strip(), "k"), *gap, (end[:1].upper() + end[1:], "k"), *gap, *tail]
    return [line for line, _ in page], [label for _, label in page]


def tail_of(lines, labels):
    """Returns the lines after the last line of prose, with their labels."""
    last = max((i for i, (line, label) in enumerate(zip(lines, labels)) if label == "k" and line.strip()), default=-1)
    return list(zip(lines[last + 1 :], labels[last + 1 :]))


SALUTATIONS = ["Sir,", "Dear Sir or Madam,", "Dear all,", "Dear {name},", "Sehr geehrte Damen und Herren,", "Liebe Frau {name},", "Madame, Monsieur,", "Cher {name},", "Estimado {name}:", "Gentile {name},", "Geachte heer {name},", "Hei {name},"]
CLOSINGS = ["Yours faithfully,", "Yours sincerely", "Kind regards,", "Best wishes", "Mit freundlichen Grüßen", "Herzlich", "Cordialement,", "Atentamente,", "Cordiali saluti", "Met vriendelijke groet,", "Ystävällisin terveisin", "I remain, Sir, your obedient servant"]
ARTICLES = ["Article {n}", "Art. {n}", "§ {n}", "Section {n}.", "{n} artikla", "{n} §", "Artikel {n}", "Artículo {n}", "CHAPTER {n}", "{n}.", "({n})"]


def sentences(text):
    return [" ".join(piece.split()) for piece in SENTENCE.findall(text) if piece.strip()]


def letter(text, rnd):
    name = rnd.choice(names_of(text, rnd)).split()[0]
    signature = rnd.choice([[name], [f"[Signed] {name}", "", name.upper(), rnd.choice(names_of(text, rnd))], [name, rnd.choice(names_of(text, rnd)), rnd.choice(names_of(text, rnd))]])
    return [rnd.choice(SALUTATIONS).format(name=name), "", *text.split("\n"), "", rnd.choice(CLOSINGS), "", *signature]


def statute(text, rnd):
    lines, number, style = [], rnd.randint(1, 40), rnd.choice(ARTICLES)
    titles = names_of(text, rnd)
    for at, piece in enumerate(sentences(text)[:80]):
        if at % 3 == 0:
            number += 1
            lines += [style.format(n=number)] + ([rnd.choice(titles)] if rnd.random() < 0.6 else [])
        lines.append((f"{at % 3 + 1}. " if rnd.random() < 0.5 else "") + piece)
        lines += [""] * rnd.randrange(2)
    return lines


def timeline(text, rnd):
    months = rnd.choice([["Jan.", "March", "June", "Sept.", "December"], ["Januar", "März", "Juni", "Oktober"], ["janvier", "mars", "juin"]])
    style = rnd.choice(["{m} {d}, {y}", "{d}. {m} {y}", "{d} {m} {y}", "{y}", "{d}/{n}/{y}"])
    lines, year = [], rnd.randint(1900, 2020)
    for piece in sentences(text)[: rnd.randint(8, 40)]:
        year += rnd.randrange(2)
        lines += [style.format(m=rnd.choice(months), d=rnd.randint(1, 28), n=rnd.randint(1, 12), y=year), piece] + [""] * rnd.randrange(2)
    return lines


def questions(text, rnd):
    lines = []
    for piece in sentences(text)[: rnd.randint(6, 30)]:
        words = piece.rstrip(".!?").split()
        lines += [rnd.choice(["", "Q: ", "", "Q. "]) + " ".join(words[: rnd.randint(2, 12)]).capitalize() + "?", *[""] * rnd.randrange(2), rnd.choice(["", "A: "]) + piece, *[""] * rnd.randrange(2)]
    return lines


def specification(text, rnd):
    names = [" ".join(name.split()[:4]) for name in names_of(text, rnd)]
    style, lines = rnd.randrange(4), sentences(text)[:3]
    for name in names[: rnd.randint(8, 40)]:
        value = rnd.choice([f"{rnd.randint(1, 900)} {rnd.choice(['mm', 'kg', 'g', 'W', 'ml', ''])}".strip(), rnd.choice(names)])
        lines += {0: [f"- {name}"], 1: [f"{name}: {value}"], 2: [name, value], 3: [rnd.choice(["- ", "  - "]) + name]}[style]
    return lines


def without_chaff(gold, rnd):
    """Returns the lines of a page without chaff that is made of the main text `gold`."""
    kind = rnd.randrange(10)
    if kind < 2:
        return gold.split("\n")
    if kind < 4:
        width = rnd.randint(60, 100)
        return [line for paragraph in gold.split("\n") for line in (textwrap.wrap(paragraph, width) or [""])]
    if kind == 4:
        return sentences(gold)[:150]
    if kind == 5:
        pieces = sentences(gold)
        at = rnd.randrange(len(pieces))
        return pieces[at : at + rnd.randint(6, 40)]
    return [letter, statute, timeline, questions, specification][rnd.randrange(5)](gold, rnd)


def augment(path, output, count, endings, plain=0, seed=5):
    """Writes made pages to `output`: `count` with inserted blocks, `endings` with new ends, and
    `plain` without chaff.

    They are made of the pages of the train split in `path`.
    """
    rnd = random.Random(seed)
    with (gzip.open if str(path).endswith(".gz") else open)(path, "rt", encoding="utf-8") as file:
        train = [row for row in map(json.loads, file) if row["split"] == "train"]
    rows = [row for row in train if row["extractor"] in LEAKY]
    golden = [row for row in train if len(row.get("gold") or "") > 400 and SENTENCE.search(row["gold"])]
    rnd.shuffle(rows)
    rnd.shuffle(golden)
    tails = [tail for tail in (tail_of(row["text"].split("\n"), row["labels"]) for row in rows) if any(label == "d" for _, label in tail)]
    written = 0
    with open(output, "w", encoding="utf-8") as out:
        for row in golden[:plain]:
            lines = without_chaff(row["gold"], rnd)
            write(out, row | {"extractor": "gold"}, lines, "k" * len(lines))
        for row in rows[::-1]:
            lines = row["text"].split("\n")
            if endings and sum(label == "k" and len(SENTENCE.findall(line)) >= 2 for line, label in zip(lines, row["labels"])) >= 5:
                endings -= 1
                lines, labels = ending(lines, list(row["labels"]), rnd.choice(tails), rnd)
                write(out, row, lines, labels)
        for row in rows:
            lines = row["text"].split("\n")
            prose = [i for i, (line, label) in enumerate(zip(lines, row["labels"])) if label == "k" and len(line.split()) >= 12]
            if len(prose) < 5:
                continue
            labels = list(row["labels"])
            body = " ".join(lines[i] for i in prose)
            kind = rnd.randrange(7)
            if kind < 4:
                for at in sorted(rnd.sample(prose[:-1], rnd.choice([1, 1, 2])), reverse=True):
                    block = (table if kind == 3 else listing)(body, rnd)
                    lines[at + 1 : at + 1] = block
                    labels[at + 1 : at + 1] = "k" * len(block)
            else:
                block = verse(body, rnd) if kind == 4 else dialogue(body, rnd)
                first, last = prose[0], prose[-1]
                # Chaff between the replaced paragraphs is dropped too.
                lines[first : last + 1] = block
                labels[first : last + 1] = "k" * len(block)
            write(out, row, lines, labels)
            written += 1
            if written == count:
                break


def write(out, row, lines, labels):
    assert len(labels) == len(lines) == len("\n".join(lines).split("\n"))
    made = {key: value for key, value in row.items() if key not in ("gold", "why")} | {"text": "\n".join(lines), "labels": "".join(labels), "dataset": "augmented"}
    out.write(json.dumps(made, ensure_ascii=False) + "\n")
