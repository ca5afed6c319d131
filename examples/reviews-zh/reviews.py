"""The ready pack ``sentiment_zh``, with its classes named as the folders of reviews are."""

from weaklabel.packs.sentiment_zh import *  # noqa: F403

LABELS = ("差评", "好评")
