"""How many planted near-duplicates are found, and how many pairs are flagged that are none, beside other tools.

    OMP_NUM_THREADS=1 POLARS_MAX_THREADS=1 python -m benchmarks.quality.dedup --peers-folder PEERS [--rows N] [--seed S]

Texts are made of invented words, frequent and rare ones: short ones of about 100 characters, and documents of about 1,500.
A fifth of them are copies of the text before, with 1 to 12 (documents: up to 24) characters replaced, inserted or removed, or
some words exchanged. True pairs are the text and its copy, if the Jaccard similarity of their sets of five characters is .7
or more; a flagged pair is right if its own similarity is. Documents, of 500 characters or more, are compared by sets of three
words, by all tools that can be told so. Every arm gets the same texts and
runs in a process of its own; CPU time is of that process, without making texts and counting, and includes every step from
text to pairs. Each peer has its documented defaults for a threshold of .7, or, where it has none, those named beside it; no
peer checks its candidates. Peers are installed in a folder of their own:
``pip install --target PEERS -r benchmarks/quality/dedup_peers.txt``.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import time
from itertools import combinations, product

from benchmarks.common import save

THRESHOLD = 0.7
SHORT, DOCUMENTS = "short texts", "documents"
Pairs = set[tuple[int, int]]


def planted(n, kind, seed):
    """Return texts, and the number of the text that each is a copy of, or None."""
    rng = random.Random(seed)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(rng.choice(letters) for _ in range(rng.randrange(3, 9))) for _ in range(20_000)]
    length, most_edits = (100, 12) if kind == SHORT else (1_500, 24)
    texts, copy_of = [], []

    def new_text():
        text = ""
        while len(text) < length:
            text += words[int(len(words) * rng.random() ** 2)] + " "
        return text[: rng.randrange(length * 4 // 5, length * 6 // 5)].strip()

    def edited(text):
        if rng.random() < 0.3:
            of_text = text.split(" ")
            for _ in range(rng.randrange(1, max(2, len(of_text) // 8))):
                of_text[rng.randrange(len(of_text))] = rng.choice(words)
            return " ".join(of_text)
        characters = list(text)
        for _ in range(rng.randrange(1, most_edits + 1)):
            at, what = rng.randrange(len(characters)), rng.randrange(3)
            characters[at : at + (what != 1)] = [rng.choice(letters)] if what < 2 else []
        return "".join(characters)

    while len(texts) < n:
        texts.append(new_text())
        copy_of.append(None)
        if rng.random() < 0.25 and len(texts) < n:
            texts.append(edited(texts[-1]))
            copy_of.append(len(texts) - 2)
    return texts, copy_of


def jaccard(left, right, by_words):
    def shingles(text):
        of_text = text.split() if by_words else text
        size = 3 if by_words else 5
        return {tuple(of_text[at : at + size]) for at in range(len(of_text) - size + 1)}

    one, other = shingles(left), shingles(right)
    return len(one & other) / max(1, len(one | other))


def weaklabel_pairs(texts) -> Pairs:
    from weaklabel.dedup.minhash import bands_for
    from weaklabel.dedup.pairs import PairFinder
    from weaklabel.dedup.sketches import Sketches, sketch
    from weaklabel.dedup.survivors import preference

    bands = bands_for(THRESHOLD)
    parts = [sketch(texts[at : at + 10_000], bands, THRESHOLD) for at in range(0, len(texts), 10_000)]
    preferred = preference(Sketches(parts), "first")
    pairs = PairFinder(preferred.nodes, bands.count, THRESHOLD).pairs()
    rows_of = [[] for _ in range(len(preferred.nodes))]  # rows whose normalised texts are equal are one node
    for row, node in enumerate(preferred.node_of.tolist()):
        rows_of[node].append(row)
    equal = {pair for rows in rows_of for pair in combinations(rows, 2)}
    near = zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)
    return equal | {tuple(sorted(pair)) for left, right in near for pair in product(rows_of[left], rows_of[right])}


def pieces(text):
    """Return the shingles that tools get which take any."""
    if len(text) < 500:
        return [text[at : at + 5] for at in range(len(text) - 4)]
    words = text.split()
    return [" ".join(words[at : at + 3]) for at in range(len(words) - 2)]


def datasketch_pairs(texts) -> Pairs:
    from datasketch import MinHash, MinHashLSH

    index, pairs = MinHashLSH(threshold=THRESHOLD, num_perm=128), set()
    for row, text in enumerate(texts):
        signature = MinHash(num_perm=128)
        signature.update_batch([piece.encode() for piece in pieces(text)])
        pairs |= {(other, row) for other in index.query(signature)}
        index.insert(row, signature)
    return pairs


def gaoya_pairs(texts) -> Pairs:
    from gaoya.minhash import MinHashStringIndex

    kind, size = ("char", 5) if len(texts[0]) < 500 else ("word", 3)
    index = MinHashStringIndex(32, THRESHOLD, 42, 3, 42 * 3, analyzer=kind, lowercase=True, ngram_range=(size, size))
    for row, text in enumerate(texts):
        index.insert_document(row, text)
    return {
        tuple(sorted((row, other))) for row, text in enumerate(texts) for other in index.query(text) if other != row
    }


def rensa_pairs(texts) -> Pairs:
    from rensa import RMinHash, RMinHashLSH

    index, pairs = RMinHashLSH(THRESHOLD, 128, 32), set()
    for row, text in enumerate(texts):
        signature = RMinHash(128, 42)
        signature.update(pieces(text))
        pairs |= {(other, row) for other in index.query(signature)}
        index.insert(row, signature)
    return pairs


def datatrove_pairs(texts) -> Pairs:
    from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupSignature
    from datatrove.utils.hashing import HashConfig

    step = MinhashDedupSignature("unused", MinhashConfig(hash_config=HashConfig(hash_fc="sha1")))
    step.word_tokenizer = type("Blanks", (), {"word_tokenize": staticmethod(str.split)})()
    buckets, pairs = {}, set()
    for row, text in enumerate(texts):
        shingles = step.get_shingles(text)
        if not len(shingles):
            continue
        for bucket, values in enumerate(step.get_signature(shingles)):
            same = buckets.setdefault((bucket, *values), [])
            pairs |= {(other, row) for other in same}
            same.append(row)
    return pairs


ARMS = {
    "weaklabel": (weaklabel_pairs, "checked exactly"),
    "datasketch": (datasketch_pairs, "MinHashLSH, 128 permutations"),
    "gaoya": (gaoya_pairs, "42 bands of 3"),
    "rensa": (rensa_pairs, "RMinHashLSH, 128 permutations, 32 bands"),
    "datatrove": (datatrove_pairs, "words of 5, 14 buckets of 8, its defaults; SHA-1, split at blanks"),
}


def run_arm(arm, kind, rows, seed):
    """Return what an arm finds, with its time and the memory that it adds."""
    ARMS[arm][0](planted(20, kind, seed + 1)[0])  # imports are not timed
    texts, copy_of = planted(rows, kind, seed)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    pairs = ARMS[arm][0](texts)
    seconds = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    by_words = kind == DOCUMENTS
    true = {}
    for row, source in enumerate(copy_of):
        if source is not None and (value := jaccard(texts[source], texts[row], by_words)) >= THRESHOLD:
            true[source, row] = value
    low = {pair for pair, value in true.items() if value < 0.75}
    right = sum(pair in true or jaccard(texts[pair[0]], texts[pair[1]], by_words) >= THRESHOLD for pair in pairs)
    return {
        "true_pairs": len(true),
        "flagged": len(pairs),
        "recall": round(len(pairs & true.keys()) / len(true), 4),
        "recall_70_to_75": round(len(pairs & low) / len(low), 4),
        "precision": round(right / max(1, len(pairs)), 4),
        "cpu_seconds": round(seconds, 2),
        "rows_per_cpu_second": round(rows / seconds),
        "added_mb": round((peak - before) / 1024),
    }


def table(result):
    lines = []
    for kind, arms in result["kinds"].items():
        lines += [
            f"| {kind} ({arms['weaklabel']['rows']:,}) | recall | recall, .70 to .75 | precision | rows per CPU second |",
            "| --- | ---: | ---: | ---: | ---: |",
        ]
        for arm, of_arm in arms.items():
            name = f"**{arm}**" if arm == "weaklabel" else arm
            figures = [f"{of_arm[name]:.4f}" for name in ("recall", "recall_70_to_75", "precision")]
            lines.append(f"| {name}: {ARMS[arm][1]} | {' | '.join(figures)} | {of_arm['rows_per_cpu_second']:,} |")
        lines.append("")
    return "\n".join(lines).rstrip()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=40_000)
    parser.add_argument("--documents", type=int, default=8_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--peers-folder", required=True, help="where peers are installed")
    parser.add_argument("--arm", help=argparse.SUPPRESS)
    parser.add_argument("--kind", help=argparse.SUPPRESS)
    options = parser.parse_args()
    sys.path.append(options.peers_folder)
    rows = {SHORT: options.rows, DOCUMENTS: options.documents}
    if options.arm:
        print(json.dumps(run_arm(options.arm, options.kind, rows[options.kind], options.seed)))
        return
    kinds = {kind: {} for kind in rows}
    for kind in kinds:
        for arm in ARMS:
            command = [sys.executable, "-m", "benchmarks.quality.dedup", *sys.argv[1:], "--arm", arm, "--kind", kind]
            done = subprocess.run(command, capture_output=True, text=True, env=os.environ)
            if done.returncode:
                raise SystemExit(f"{arm}: {done.stderr}")
            kinds[kind][arm] = {"rows": rows[kind]} | json.loads(done.stdout.splitlines()[-1])
            print(f"{kind}, {arm}: {kinds[kind][arm]}", file=sys.stderr)
    result = {"setting": {"seed": options.seed, "threshold": THRESHOLD}, "kinds": kinds}
    save("quality_dedup", ["numpy", "datasketch", "gaoya", "rensa", "datatrove"], result)
    print(table(result))


if __name__ == "__main__":
    main()
