"""Types of the public names, for editors and type checkers; at run time they are loaded on first use."""

from weaklabel.augment import (
    augment_corpus as augment_corpus,
    transformation_function as transformation_function,
)
from weaklabel.classifier import (
    BertClassifier as BertClassifier,
    LinearClassifier as LinearClassifier,
    load_classifier as load_classifier,
)
from weaklabel.clean import clean_corpus as clean_corpus
from weaklabel.collect.collect import collect_corpus as collect_corpus
from weaklabel.corpus import Corpus as Corpus, read_corpus as read_corpus
from weaklabel.dedup import dedup_corpus as dedup_corpus
from weaklabel.errors import WeakLabelError as WeakLabelError, WeakLabelWarning as WeakLabelWarning
from weaklabel.explain import explain_lf as explain_lf, explain_row as explain_row
from weaklabel.generator import CausalFineTuner as CausalFineTuner, GeneratorClassifier as GeneratorClassifier
from weaklabel.job import label_file as label_file, predict_file as predict_file
from weaklabel.label_model import (
    AutoLabelModel as AutoLabelModel,
    LabelModel as LabelModel,
    MajorityVote as MajorityVote,
)
from weaklabel.labels import ABSTAIN as ABSTAIN
from weaklabel.lf import (
    LabelingFunction as LabelingFunction,
    column_spans as column_spans,
    column_votes as column_votes,
    consistent_lf as consistent_lf,
    count_lf as count_lf,
    edit_spans_lf as edit_spans_lf,
    entity_lf as entity_lf,
    gazetteer_lf as gazetteer_lf,
    keyword_lf as keyword_lf,
    labeling_function as labeling_function,
    length_lf as length_lf,
    lexicon_lf as lexicon_lf,
    llm_lf as llm_lf,
    llm_lfs as llm_lfs,
    load_lfs as load_lfs,
    lookup_lf as lookup_lf,
    matcher_lf as matcher_lf,
    matcher_spans_lf as matcher_spans_lf,
    negative_lf as negative_lf,
    ner_lf as ner_lf,
    phrase_lf as phrase_lf,
    preprocessor as preprocessor,
    prototype_lf as prototype_lf,
    regex_lf as regex_lf,
    regex_spans_lf as regex_spans_lf,
    sentiment_lf as sentiment_lf,
    sklearn_lf as sklearn_lf,
    spacy_lf as spacy_lf,
    span_lf as span_lf,
    spans_from_jsonl as spans_from_jsonl,
    stem_lf as stem_lf,
    transformers_lf as transformers_lf,
    transformers_ner_lf as transformers_ner_lf,
    vader_lexicon as vader_lexicon,
    votes_from_csv as votes_from_csv,
    zero_shot_lf as zero_shot_lf,
)
from weaklabel.project.export import export_corpus as export_corpus, open_labeled as open_labeled
from weaklabel.project.run import run_project as run_project
from weaklabel.protect import protect_corpus as protect_corpus
from weaklabel.report.show import show_spans as show_spans
from weaklabel.review import open_review as open_review
from weaklabel.scoring import score as score
from weaklabel.select import select_corpus as select_corpus
from weaklabel.split import split_corpus as split_corpus
from weaklabel.suggest import suggest_lfs as suggest_lfs
from weaklabel.tagger import (
    LinearTagger as LinearTagger,
    TokenClassifier as TokenClassifier,
    load_tagger as load_tagger,
)
from weaklabel.votes import LFAnalysis as LFAnalysis, Votes as Votes, apply_lfs as apply_lfs

__version__: str
__all__: list[str]
