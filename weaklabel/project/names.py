"""Names of the files and folders in the folder of a run."""

MANIFEST = "manifest.json"
"""Written last: settings, versions, input hashes, timings."""

LABELED = "labeled.csv"
VOTES = "votes.npz"
LABEL_MODEL = "label_model.json"
REJECTS = "rejects.jsonl"
MODELS = "models"
TRAINING = "training"
LF_TABLE = "lf_table.csv"
SCORES = "scores.json"
AUGMENTED = "augmented.parquet"
REFUSED = "augment.rejects.jsonl"
QUALITY, TO_CHECK = "quality.json", "to_check.csv"
EXPORT = "export"
"""Folder of the labeled rows for other tools."""

REPORT, PAGE = "report.md", "report.html"

PREPARED = "corpus"
"""Folder of the corpus as the steps before labeling left it: collected, cleaned, and so on."""

KEPT = "steps"
"""Folder for what only later steps read."""

COUNTS = f"{KEPT}/read.json"
TRAINED = f"{KEPT}/trained-{{}}.json"
"""For the name of a classifier."""

COVERED = f"{KEPT}/vote.json"
VOTED = f"{KEPT}/votes"
"""Folder of the votes part by part."""

DROPPED = f"{KEPT}/dropped.npy"
"""Of each row, whether it is a train row that was not chosen to be trained on; there only with ``[select]``."""

SELECTION, CURVE = "selection.json", f"{KEPT}/reward.json"
"""What was chosen, and the curve of the reward."""

PROBS = f"{KEPT}/probs.npy"
PREDS = f"{KEPT}/preds.npy"
GOLD = f"{KEPT}/gold.npz"
GOLD_SPANS = f"{KEPT}/gold.json"
AUGMENT_COUNTS = f"{KEPT}/augment.json"
LABEL_COUNTS = f"{KEPT}/labels.json"
