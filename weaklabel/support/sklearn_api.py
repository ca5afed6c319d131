"""What scikit-learn's tools look for in an estimator. Importing this loads scikit-learn, so it is imported where needed."""

from __future__ import annotations

from sklearn.exceptions import NotFittedError
from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

from weaklabel.errors import ClassifierError, LabelModelError


class NotFittedClassifierError(ClassifierError, NotFittedError):
    """A classifier is used before it is fitted."""


class NotFittedLabelModelError(LabelModelError, NotFittedError):
    """A label model is used before it is fitted."""


def classifier_tags(*, reads_texts: bool) -> Tags:
    """Return the tags of a classifier of texts, or of rows of votes, which needs no labels to be fitted."""
    return Tags(
        estimator_type="classifier",
        target_tags=TargetTags(required=reads_texts),
        classifier_tags=ClassifierTags(),
        input_tags=InputTags(
            one_d_array=reads_texts, two_d_array=not reads_texts, string=reads_texts, categorical=not reads_texts
        ),
    )
