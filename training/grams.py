"""Counts how often runs of one to four bytes stand in folded text, so that rules are looked for under their rarest run.

    grams.py PAGES OUTPUT     the texts of the train split; 65,536 bytes: 8 times the binary logarithm of the count in
                              16 MiB, at the hash (FNV-1a, 32 bits, the upper 16) of the run
"""

import gzip
import json
import sys
import unicodedata
from pathlib import Path

import numpy as np

BITS = 16


def main(pages, output):
    with gzip.open(pages, "rt", encoding="utf-8") as file:
        rows = (json.loads(line) for line in file)
        texts = [row["text"] for row in rows if row["split"] == "train"]
    folded = " ".join(unicodedata.normalize("NFKD", " ".join(text.split())).casefold() for text in texts)
    data = np.frombuffer(folded.encode(), np.uint8).astype(np.uint32)
    counts = np.zeros(1 << BITS)
    state = np.full(len(data), 0x811C9DC5, np.uint32)
    for length in range(4):
        state = (state[: len(data) - length] ^ data[length:]) * np.uint32(0x01000193)
        counts += np.bincount(state >> np.uint32(32 - BITS), minlength=1 << BITS)
    scaled = counts * (1 << 24) / len(data)
    Path(output).write_bytes(np.minimum(255, np.round(8 * np.log2(1 + scaled))).astype(np.uint8).tobytes())


if __name__ == "__main__":
    main(*sys.argv[1:])
