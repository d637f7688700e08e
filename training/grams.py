"""Counts byte n-grams of one to four bytes in normalized text. The prefilter indexes each literal
under its rarest n-gram.

    grams.py PAGES OUTPUT

Reads the texts of the train split of PAGES and writes 65,536 bytes: at the hash of an n-gram (the
upper 16 bits of its 32-bit FNV-1a), 8 times the binary logarithm of its count in 16 MiB.
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
