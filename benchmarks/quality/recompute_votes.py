"""Write a copy of a set in WRENCH's format with the votes recomputed from the rules that its meta.json publishes.

``python -m benchmarks.quality.recompute_votes SET OUT``

Needed for sms: the votes that are distributed for its valid and test split are not those of their texts. Of the rules
that are published with it, all votes of train follow from the texts, of valid and test under a fifth.
"""

import argparse
import json
import re
import sys
from pathlib import Path

SPLITS = ("train", "valid", "test")


def recompute(source: Path, out: Path) -> dict[str, float]:
    """Write the copy, and return by split the share of old votes (abstains apart) that the rules give, too."""
    rules = json.loads((source / "meta.json").read_text(encoding="utf-8"))["lf_rules"]
    names = json.loads((source / "label.json").read_text(encoding="utf-8"))
    number = {name: int(key) for key, name in names.items()}
    compiled = [(re.compile(rule["regex"], re.IGNORECASE), number[rule["label"]]) for rule in rules]
    out.mkdir(parents=True, exist_ok=True)
    agreed = {}
    for split in SPLITS:
        rows = json.loads((source / f"{split}.json").read_text(encoding="utf-8"))
        kept = voted = 0
        for row in rows.values():
            votes = [label if rule.search(row["data"]["text"]) else -1 for rule, label in compiled]
            for old, new in zip(row["weak_labels"], votes, strict=True):
                voted += old != -1
                kept += old != -1 and old == new
            row["weak_labels"] = votes
        agreed[split] = kept / max(1, voted)
        (out / f"{split}.json").write_text(json.dumps(rows), encoding="utf-8")
    (out / "label.json").write_text(json.dumps(names), encoding="utf-8")
    return agreed


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    for split, share in recompute(options.set, options.out).items():
        print(f"{split}: {share:.1%} of the votes there were follow from the rules", file=sys.stderr)
