"""The ready pack ``topic``, with its classes named as the folders of articles are."""

from weaklabel.packs.topic import *  # noqa: F403

LABELS = ("business", "entertainment", "politics", "sports", "tech")
