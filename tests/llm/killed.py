"""A process that asks, to be killed: python -m tests.llm.killed URL LEDGER ROWS AT_ONCE [SETTINGS]."""

import json
import sys
from pathlib import Path

from weaklabel.config import LLMSettings
from weaklabel.errors import WeakLabelError
from weaklabel.llm import Asking, Endpoint, Message, Prompt, sending


def rows(n):
    return [Prompt((Message("user", f"Is this spam? Text number {i}"),), ("spam", "ham")) for i in range(n)]


def main(url, ledger, n, at_once, settings="{}"):
    sending.FIRST_WAIT, sending.MOST_WAIT = 0.01, 0.05
    asking = Asking(LLMSettings(at_once=int(at_once), tries=20, **json.loads(settings)), ledger=Path(ledger))
    print("ready", flush=True)
    try:
        replies = asking.ask(Endpoint(url, "tiny"), rows(int(n)))
    except KeyboardInterrupt:
        sys.exit(130)
    except WeakLabelError as error:
        sys.exit(str(error))
    print(json.dumps([reply.answers[0].text if reply.answers else reply.failure for reply in replies]))


if __name__ == "__main__":
    main(*sys.argv[1:])
