"""Types of the public names, for editors and type checkers; at run time they are loaded on first use."""

from weaklabel.classifier import (
    BertClassifier as BertClassifier,
    LinearClassifier as LinearClassifier,
    RobustClassifier as RobustClassifier,
    load_classifier as load_classifier,
)
from weaklabel.corpus import Corpus as Corpus, read_corpus as read_corpus
from weaklabel.decisions import DecisionLog as DecisionLog
from weaklabel.errors import WeakLabelError as WeakLabelError, WeakLabelWarning as WeakLabelWarning
from weaklabel.explain import explain_lf as explain_lf, explain_row as explain_row
from weaklabel.job import LabelOptions as LabelOptions, label_file as label_file, predict_file as predict_file
from weaklabel.label_model import (
    AutoLabelModel as AutoLabelModel,
    DawidSkene as DawidSkene,
    LabelModel as LabelModel,
    MajorityVote as MajorityVote,
    WeightedMajorityVote as WeightedMajorityVote,
    filter_unlabeled_dataframe as filter_unlabeled_dataframe,
    find_dependencies as find_dependencies,
    preds_to_probs as preds_to_probs,
    probs_to_preds as probs_to_preds,
    validate_label_models as validate_label_models,
)
from weaklabel.labels import ABSTAIN as ABSTAIN
from weaklabel.lf.core import LabelingFunction as LabelingFunction, labeling_function as labeling_function
from weaklabel.lf.external import column_votes as column_votes, votes_from_csv as votes_from_csv
from weaklabel.lf.lexicon import lexicon_lf as lexicon_lf
from weaklabel.lf.models import (
    sklearn_lf as sklearn_lf,
    transformers_lf as transformers_lf,
    zero_shot_lf as zero_shot_lf,
)
from weaklabel.lf.nlp import (
    entity_lf as entity_lf,
    matcher_lf as matcher_lf,
    phrase_lf as phrase_lf,
    spacy_lf as spacy_lf,
)
from weaklabel.lf.packs import LFCollection as LFCollection, load_lfs as load_lfs
from weaklabel.lf.patterns import (
    count_lf as count_lf,
    keyword_lf as keyword_lf,
    length_lf as length_lf,
    lookup_lf as lookup_lf,
    regex_lf as regex_lf,
)
from weaklabel.lf.preprocess import preprocessor as preprocessor
from weaklabel.lf.prototype import prototype_lf as prototype_lf
from weaklabel.project.run import run_project as run_project
from weaklabel.review import open_review as open_review
from weaklabel.scoring import (
    Scores as Scores,
    get_label_buckets as get_label_buckets,
    get_label_instances as get_label_instances,
    score as score,
)
from weaklabel.suggest import Suggestions as Suggestions, suggest_lfs as suggest_lfs
from weaklabel.votes import (
    LFAnalysis as LFAnalysis,
    Votes as Votes,
    apply_lfs as apply_lfs,
    vote_patterns as vote_patterns,
)

__version__: str
__all__: list[str]
