"""A local model behind the OpenAI chat protocol, for tests and for trying endpoints out.

    python -m tests.llm.model_server smollm2 --port 8000

It takes what servers such as vLLM take: messages, n, seed, temperature, max_tokens, choices (``structured_outputs``,
``guided_choice``, or a JSON Schema with an enum), and log-probabilities of tokens. Answers and counts of tokens are those of
`weaklabel.llm.LocalModel`. Log-probabilities are those among the choices: at each token, of all ways that go on to one.
"""

from __future__ import annotations

import argparse
import json
import math
import threading
from collections import defaultdict
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from weaklabel.llm import Answer, LocalModel, Message, Prompt, PromptRefused
from weaklabel.llm.model import Request

TOP = 20


class ModelServer:
    """The server, on a port of this machine; ``with`` starts and ends it."""

    def __init__(self, model: LocalModel, port: int = 0, *, owned_by: str = "vllm") -> None:
        handler = type("Handler", (_Handler,), {"model": model, "owned_by": owned_by})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> ModelServer:
        threading.Thread(target=self.run, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def run(self) -> None:
        """Answer until it is ended."""
        self._server.serve_forever(poll_interval=0.02)


def prompt_of(body: dict[str, Any]) -> tuple[Prompt, bool]:
    """Return what a request asks for, and whether the answer is to be JSON."""
    messages = tuple(Message(row["role"], row["content"]) for row in body["messages"])
    choices, schema = body.get("structured_outputs", {}).get("choice") or body.get("guided_choice"), {}
    is_json = False
    if not choices and body.get("response_format", {}).get("type") == "json_schema":
        schema = body["response_format"]["json_schema"]["schema"]
        choices = schema.get("properties", {}).get("answer", {}).get("enum")
        is_json = bool(choices)
    prompt = Prompt(
        messages,
        tuple(choices or ()),
        json.dumps(schema) if schema and not choices else "",
        body.get("max_tokens", body.get("max_completion_tokens", 256)),
        body.get("temperature", 1.0),
        body.get("n", 1),
        body.get("seed", 0),
        body.get("logprobs", False),
    )
    return prompt, is_json


def reply_to(model: LocalModel, body: dict[str, Any]) -> dict[str, Any]:
    """Return the reply to a request.

    Raises
    ------
    PromptRefused
        The prompt is too long.
    """
    prompt, is_json = prompt_of(body)
    (received,) = model.send([Request(prompt, "")], 60.0)
    if isinstance(received, PromptRefused):
        raise received
    reading = model.read(prompt, received.text)
    rows = []
    for index, answer in enumerate(reading.answers):
        text = json.dumps({"answer": answer.text}, ensure_ascii=False) if is_json else answer.text
        row: dict[str, Any] = {"index": index, "message": {"role": "assistant", "content": text}}
        row["finish_reason"] = "stop" if answer.finished else "length"
        if prompt.logprobs and prompt.choices and not is_json:
            row["logprobs"] = {"content": logprobs_of(model, prompt.choices, answer)}
        rows.append(row)
    assert reading.usage is not None
    usage = {"prompt_tokens": reading.usage.prompt_tokens, "completion_tokens": reading.usage.completion_tokens}
    return {
        "id": "chat",
        "object": "chat.completion",
        "model": model.name,
        "choices": rows,
        "usage": usage | {"total_tokens": reading.usage.tokens},
    }


def logprobs_of(model: LocalModel, choices: Sequence[str], answer: Answer) -> list[dict[str, Any]]:
    """Return the tokens of an answer with their alternatives, by the probabilities of the choices."""
    assert answer.probs is not None
    tokens = {choice: tuple(model.answer_tokens(choice)) for choice in choices}
    rows = []
    for place, token in enumerate(tokens[answer.text]):
        begun = tokens[answer.text][:place]
        mass: dict[int, float] = defaultdict(float)
        for choice in choices:
            if tokens[choice][:place] == begun and len(tokens[choice]) > place:
                mass[tokens[choice][place]] += answer.probs[choice]
        if token in model._chat.stops:
            break
        total = sum(mass.values())
        best = sorted(mass, key=lambda other: (other != token, -mass[other]))[:TOP]
        top = [_token(model, other, mass[other] / total) for other in best]
        rows.append(_token(model, token, mass[token] / total) | {"top_logprobs": top})
    return rows


def _token(model: LocalModel, number: int, prob: float) -> dict[str, Any]:
    data = token_bytes(model._tokenizer.convert_ids_to_tokens(number))
    return {
        "token": data.decode("utf-8", "replace"),
        "bytes": list(data),
        "logprob": math.log(max(prob, 1e-30)),
    }


def token_bytes(token: str) -> bytes:
    """Return the bytes of a token of a byte-level vocabulary, which writes each byte as a letter of its own."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    byte_of = {chr(byte): byte for byte in plain} | {chr(256 + place): byte for place, byte in enumerate(others)}
    return bytes(byte_of[letter] for letter in token)


class _Handler(BaseHTTPRequestHandler):
    model: LocalModel
    owned_by: str
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Write nothing to standard error."""

    def do_GET(self) -> None:
        self._send(200, {"data": [{"id": self.model.name, "object": "model", "owned_by": self.owned_by}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            self._send(200, reply_to(self.model, body))
        except PromptRefused as refusal:
            self._send(400, {"error": {"message": str(refusal), "code": "context_length_exceeded"}})

    def _send(self, status: int, value: Any) -> None:
        data = json.dumps(value, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a folder, a hub name, or smollm2")
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()
    server = ModelServer(LocalModel(options.model), options.port)
    print(f"{options.model} answers at {server.url}", flush=True)
    server.run()


if __name__ == "__main__":
    main()
