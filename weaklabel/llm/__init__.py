"""Language models: endpoints and local ones, asked within a budget, with every reply kept."""

from weaklabel.llm.account import Estimate, ModelSpent, Spent
from weaklabel.llm.asking import NOT_ASKED, Asking, asking, asking_with
from weaklabel.llm.endpoint import Endpoint
from weaklabel.llm.local import LocalModel
from weaklabel.llm.model import LanguageModel, PromptRefused, Reading, Received, Request, TryAgain, packed
from weaklabel.llm.prompt import Answer, Message, Prompt, Reply, Usage

__all__ = [
    "NOT_ASKED",
    "Answer",
    "Asking",
    "Endpoint",
    "Estimate",
    "LanguageModel",
    "LocalModel",
    "Message",
    "ModelSpent",
    "Prompt",
    "PromptRefused",
    "Reading",
    "Received",
    "Reply",
    "Request",
    "Spent",
    "TryAgain",
    "Usage",
    "asking",
    "asking_with",
    "packed",
]
