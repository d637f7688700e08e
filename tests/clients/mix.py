"""Has Dolma's mixer cut what dechaff marks, and compares that with what dechaff removes."""

import glob
import gzip
import json
import os
import subprocess
import sys

DECHAFF, DOLMA = sys.argv[1], sys.argv[2]
STORY = "Es regnete süß \U0001d11e in day {}.\nAdvertisement\nThe bridge stayed closed.\nShare this article\nFacebook\nTwitter\nEnde."

os.makedirs("corpus/documents")
with gzip.open("corpus/documents/a.jsonl.gz", "wt") as file:
    for number in range(20_000):
        row = {"id": str(number) if number % 2 else number, "text": STORY.format(number) if number % 3 else "Fine.", "source": "x"}
        file.write(json.dumps(row, ensure_ascii=number % 5 == 0) + "\n")
subprocess.run([DECHAFF, "clean", "-q", "corpus/documents", "-o", "corpus/attributes/dechaff", "--annotate", "dolma"], check=True)
subprocess.run([DECHAFF, "clean", "-q", "corpus/documents/a.jsonl.gz", "-o", "cleaned.jsonl"], check=True)
stream = {
    "name": "mixed",
    "documents": [os.path.abspath("corpus/documents/*.jsonl.gz")],
    "output": {"path": "mixed", "max_size_in_bytes": 1_000_000_000},
    "attributes": ["dechaff"],
    "span_replacement": [{"span": "$.attributes.dechaff__all", "min_score": 0.0, "replacement": ""}],
}
with open("mix.json", "w") as file:
    json.dump({"streams": [stream], "processes": 1, "work_dir": {"input": "in", "output": "out"}}, file)
subprocess.run([DOLMA, "-c", "mix.json", "mix"], check=True)
mixed = [json.loads(line)["text"] for name in glob.glob("mixed/*.gz") for line in gzip.open(name, "rt")]
cleaned = [json.loads(line)["text"] for line in open("cleaned.jsonl")]
assert len(mixed) == 20_000 and mixed == cleaned
assert any(text != "Fine." for text in cleaned) and not any("Advertisement" in text for text in cleaned)
print("all alike")
