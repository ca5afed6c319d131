"""One registry a kind: what users choose by name, and installed plugins add to.

A new label model is one file and one line here; that of a plugin is one entry point of the group. Project files, the
command line, benchmarks and saved models take the names from here. Nothing is imported before it is used.
"""

from __future__ import annotations

from typing import Any

from weaklabel.errors import AugmentError, ClassifierError, ExportError, LabelModelError, SelectionError
from weaklabel.support.plugins import Entry, Registries, Registry

LABEL_MODELS: Registry[Any] = Registry(
    "label model",
    "weaklabel.label_models",
    "weaklabel.label_model.base:BaseLabelModel",
    {
        "auto": Entry("weaklabel.label_model.auto:AutoLabelModel", "chooses between committee and text"),
        "majority": Entry("weaklabel.label_model.majority:MajorityVote", "majority vote; needs no fit"),
        "weighted": Entry(
            "weaklabel.label_model.weighted:WeightedMajorityVote", "majority vote with weights by agreement"
        ),
        "snorkel": Entry("weaklabel.label_model.snorkel:LabelModel", "Snorkel's label model"),
        "dawid-skene": Entry(
            "weaklabel.label_model.dawid_skene:DawidSkene", "a confusion matrix for each labeling function, by EM"
        ),
        "triplets": Entry(
            "weaklabel.label_model.triplets:TripletLabelModel",
            "accuracies from triplets of labeling functions, in closed form",
        ),
        "structured": Entry(
            "weaklabel.label_model.structured.model:StructuredLabelModel", "Dawid-Skene with copied votes and hard rows"
        ),
        "hyper": Entry(
            "weaklabel.label_model.hyper.model:HyperLabelModel", "a graph network trained on synthetic votes"
        ),
        "committee": Entry(
            "weaklabel.label_model.committee:CommitteeLabelModel",
            "the structured model where it fits the votes, otherwise the mean of eight models",
        ),
        "text": Entry("weaklabel.label_model.text.model:TextLabelModel", "votes and text embeddings together"),
    },
    LabelModelError,
)

SPAN_LABEL_MODELS: Registry[Any] = Registry(
    "label model for spans",
    "weaklabel.span_label_models",
    "weaklabel.label_model.sequence.base:SpanLabelModel",
    {
        "auto": Entry("weaklabel.label_model.sequence.auto:AutoSpanModel", "votes and texts, or votes alone"),
        "span-vote": Entry(
            "weaklabel.label_model.sequence.vote:SpanVote", "majority vote on whole spans; needs no fit"
        ),
        "word-vote": Entry("weaklabel.label_model.sequence.vote:WordVote", "majority vote word by word; needs no fit"),
        "weighted": Entry(
            "weaklabel.label_model.sequence.weighted:WeightedSpanVote", "majority vote on spans, weighted by agreement"
        ),
        "hmm": Entry("weaklabel.label_model.sequence.hmm:SpanHMM", "a hidden Markov model of tags, by few steps of EM"),
        "text": Entry(
            "weaklabel.label_model.sequence.text:SpanTextModel", "votes and word vectors of the texts together"
        ),
    },
    LabelModelError,
)

CLASSIFIERS: Registry[Any] = Registry(
    "classifier",
    "weaklabel.classifiers",
    "weaklabel.classifier.base:Classifier",
    {
        "bert": Entry("weaklabel.classifier.bert:BertClassifier", "a fine-tuned BERT model"),
        "robust": Entry(
            "weaklabel.classifier.robust:RobustClassifier", "BERT on labels that are denoised by the texts"
        ),
        "linear": Entry("weaklabel.classifier.linear:LinearClassifier", "TF-IDF and logistic regression"),
        "hybrid": Entry(
            "weaklabel.classifier.hybrid:HybridClassifier", "logistic regression on TF-IDF and a frozen encoder"
        ),
        "generator": Entry("weaklabel.generator.classifier:GeneratorClassifier", "a fine-tuned causal language model"),
        "majority": Entry("weaklabel.classifier.majority:MajorityClassifier", "the class shares, whatever the text"),
    },
    ClassifierError,
)

TAGGERS: Registry[Any] = Registry(
    "tagger",
    "weaklabel.taggers",
    "weaklabel.tagger.base:Tagger",
    {
        "bert": Entry("weaklabel.tagger.tokens:TokenClassifier", "a fine-tuned BERT model that tags words"),
        "linear": Entry("weaklabel.tagger.linear:LinearTagger", "logistic regression on features of words"),
    },
    ClassifierError,
)

SELECTORS: Registry[Any] = Registry(
    "selector",
    "weaklabel.selectors",
    "weaklabel.select.base:Selector",
    {
        "random": Entry("weaklabel.select.confidence:RandomRows", "rows at random: the baseline"),
        "confidence": Entry("weaklabel.select.confidence:Confidence", "the most probable labels"),
        "margin": Entry("weaklabel.select.confidence:Margin", "labels far more probable than the next class"),
        "cut": Entry("weaklabel.select.neighbors:CutStatistic", "labels that agree with those of similar texts"),
        "loss": Entry("weaklabel.select.opinion:SmallLoss", "labels that a classifier predicts, fitted on other rows"),
        "agreement": Entry("weaklabel.select.opinion:Agreement", "labels that label model and classifier agree on"),
        "forgetting": Entry("weaklabel.select.opinion:Forgetting", "labels that training learns early and keeps"),
        "k-center": Entry("weaklabel.select.diversity:KCenter", "texts unlike each other"),
        "clusters": Entry("weaklabel.select.diversity:Clusters", "typical texts of every cluster"),
        "density": Entry("weaklabel.select.diversity:Density", "texts like many others"),
        "length": Entry("weaklabel.select.combined:TypicalLength", "texts of usual length"),
        "combined": Entry("weaklabel.select.combined:Combined", "the mean rank of confidence, cut and loss"),
        "counting": Entry("weaklabel.select.gold:Counting", "labels of labeling functions that are right on gold"),
        "verified": Entry("weaklabel.select.gold:Verified", "labels that are right by a model fitted on gold"),
        "shapley": Entry("weaklabel.select.valuation:KnnShapley", "rows of the highest Shapley value on gold"),
        "influence": Entry("weaklabel.select.valuation:Influence", "rows whose influence lowers the loss on gold"),
        "rl-lfs": Entry("weaklabel.select.reinforced:ReinforcedLFs", "reinforcement learning over labeling functions"),
        "rl-groups": Entry("weaklabel.select.reinforced:ReinforcedGroups", "reinforcement learning over groups"),
        "rl-rows": Entry("weaklabel.select.reinforced:ReinforcedRows", "reinforcement learning over rows"),
    },
    SelectionError,
)

TRANSFORMATION_FUNCTIONS: Registry[Any] = Registry(
    "transformation function",
    "weaklabel.transformation_functions",
    "weaklabel.augment.core:TransformationFunction",
    {
        "typos": Entry("weaklabel.augment.words:Typos", "spelling noise: letters swapped, doubled, left out, mistyped"),
        "case": Entry("weaklabel.augment.words:Case", "small letters, capitals, or a capital for each word"),
        "drop-words": Entry("weaklabel.augment.words:DropWords", "words left out"),
        "swap-words": Entry("weaklabel.augment.words:SwapWords", "neighboring words swapped"),
        "synonyms": Entry("weaklabel.augment.synonyms:Synonyms", "synonyms of WordNet, or of a lexicon of your own"),
        "entities": Entry(
            "weaklabel.augment.entities:Entities", "named entities swapped for others of the training rows"
        ),
        "numbers": Entry("weaklabel.augment.numbers:Numbers", "other numbers and dates of the same form"),
        "rewrite": Entry("weaklabel.augment.rewrite:Rewrite", "templates, from the special to the general one"),
        "paraphrase": Entry("weaklabel.augment.paraphrase:Paraphrase", "a paraphrase by a language model"),
    },
    AugmentError,
)

CLASSIFIER, CORPUS = "classifier", "corpus"
"""What exporters are for."""

EXPORTERS: Registry[Any] = Registry(
    "exporter",
    "weaklabel.exporters",
    "weaklabel.classifier.exporter:Exporter",
    {
        "onnx": Entry(
            "weaklabel.classifier.onnx:OnnxExporter",
            "BERT with 8-bit weights, fast on a CPU without torch",
            CLASSIFIER,
        ),
        "messages": Entry(
            "weaklabel.export.conversations:MessagesExporter",
            "conversations of role and content, for instruction tuning",
            CORPUS,
        ),
        "prompt-completion": Entry(
            "weaklabel.export.conversations:PromptCompletionExporter",
            "prompt and completion, with the loss on the answer for every model",
            CORPUS,
        ),
        "alpaca": Entry("weaklabel.export.conversations:AlpacaExporter", "instruction, input and output", CORPUS),
        "sharegpt": Entry("weaklabel.export.conversations:ShareGptExporter", "conversations of from and value", CORPUS),
        "preference": Entry(
            "weaklabel.export.preferences:PreferenceExporter",
            "prompt, chosen and rejected, for DPO and reward models",
            CORPUS,
        ),
        "kto": Entry(
            "weaklabel.export.preferences:KtoExporter", "prompt, completion and whether it is good, for KTO", CORPUS
        ),
        "jsonl": Entry(
            "weaklabel.export.tables:JsonlExporter", "lines of JSON with all columns, labels and probabilities", CORPUS
        ),
        "csv": Entry(
            "weaklabel.export.tables:CsvExporter", "a table with all columns, labels and probabilities", CORPUS
        ),
        "tsv": Entry("weaklabel.export.tables:TsvExporter", "the same with tabs", CORPUS),
        "parquet": Entry("weaklabel.export.tables:ParquetExporter", "the same with types, compressed", CORPUS),
        "datasets": Entry(
            "weaklabel.export.dataset_folder:DatasetExporter",
            "a data set of the package datasets: ClassLabel, lists of probabilities, splits",
            CORPUS,
        ),
        "conll": Entry("weaklabel.export.conll:ConllExporter", "words with IOB2 tags of spans", CORPUS),
        "docbin": Entry(
            "weaklabel.export.docbin:DocBinExporter", "spaCy documents with categories or entities", CORPUS
        ),
        "sklearn": Entry(
            "weaklabel.export.arrays:SklearnExporter", "texts, y and sample_weight for scikit-learn", CORPUS
        ),
        "tfrecord": Entry(
            "weaklabel.export.tfrecord:TfRecordExporter", "tf.train.Example records for TensorFlow", CORPUS
        ),
        "cleanlab": Entry("weaklabel.export.arrays:CleanlabExporter", "labels and pred_probs for cleanlab", CORPUS),
        "label-studio": Entry(
            "weaklabel.export.review_tools:LabelStudioExporter",
            "tasks with predictions, to be labeled by people",
            CORPUS,
        ),
        "argilla": Entry(
            "weaklabel.export.review_tools:ArgillaExporter", "records with suggestions, to be labeled by people", CORPUS
        ),
        "doccano": Entry("weaklabel.export.review_tools:DoccanoExporter", "rows to be labeled by people", CORPUS),
        "prodigy": Entry("weaklabel.export.span_tools:ProdigyExporter", "tasks with spans, to be corrected", CORPUS),
        "brat": Entry("weaklabel.export.span_tools:BratExporter", "documents with spans, to be corrected", CORPUS),
    },
    ExportError,
)

TEXTS, SPANS = "texts", "spans"
"""What labels are of: whole texts, or spans of them."""

CHOOSABLE_LABEL_MODELS = Registries("label model", {TEXTS: LABEL_MODELS, SPANS: SPAN_LABEL_MODELS}, LabelModelError)
CHOOSABLE_CLASSIFIERS = Registries("classifier", {TEXTS: CLASSIFIERS, SPANS: TAGGERS}, ClassifierError)
