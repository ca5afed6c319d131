"""A local server that speaks the OpenAI chat protocol, with every fault, and keeps its own bill.

    with LLMServer() as server:
        server.script = ["429", "cut"]         # what happens to the next requests; then `faults`, then good answers
        endpoint = Endpoint(server.url, "tiny")
        ...
        assert server.bill.tokens == asking.spent().tokens

A request whose `Idempotency-Key` was answered before gets the same answer and is not billed again; replies say that it is
a server that does so.
What it costs is counted by `count_tokens`, as simple as that of a real server is not.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

FAULTS = (
    "429", "429-date", "500", "502", "503", "529", "slow", "cut", "not-json", "html", "empty", "off-list", "hang-up",
    "error-in-200", "no-usage",
)  # fmt: skip

REFUSALS = {"429": 429, "429-date": 429, "500": 500, "502": 502, "503": 503, "529": 529}
"""Faults that come before the model is asked: nothing is billed."""


def count_tokens(text: str) -> int:
    """Return the tokens of a text: its words and signs."""
    return len(re.findall(r"\w+|[^\w\s]", text))


@dataclass
class Bill:
    """What the server would be paid for."""

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    by_body: dict[str, int] = field(default_factory=dict)
    """How often each body was billed."""

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens


def answer_by_hash(text: str, choices: list[str]) -> str:
    """Return one of the choices, the same for the same text."""
    return choices[hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[0] % len(choices)]


class LLMServer:
    """The server, on a free port of this machine.

    Parameters
    ----------
    answer
        From a body to the text of the answer; by default one of the choices, by a hash of the last message.
    faults
        The share of requests that meet each of `FAULTS`.
    seed
        Of the faults: the n-th request meets the same fault in every run.
    slow
        Seconds that a slow reply takes.
    wait
        Seconds that every reply takes.
    retry_after
        Seconds that a 429 asks to wait.
    refuses
        Fields of a request that are answered by 400; ``system`` for system messages.
    ignores
        Fields of a request without effect, such as ``n``.
    owned_by
        What the list of models says; ``vllm`` makes it take ``structured_outputs``.
    key
        The key that it wants.
    certificate
        A PEM file with key and certificate: it speaks TLS.
    overhead
        Tokens that it adds to every prompt.
    redirect
        A URL that every request is sent to instead.
    bills_twice
        Whether it does not know `Idempotency-Key`.
    """

    def __init__(
        self,
        answer: Callable[[dict[str, Any]], str] | None = None,
        *,
        faults: Mapping[str, float] | None = None,
        seed: int = 0,
        slow: float = 0.5,
        wait: float = 0.0,
        retry_after: float = 0.0,
        refuses: tuple[str, ...] = (),
        ignores: tuple[str, ...] = (),
        owned_by: str = "tests",
        models: tuple[str, ...] = ("tiny",),
        key: str = "",
        certificate: Path | None = None,
        bills_twice: bool = False,
        overhead: int = 3,
        redirect: str = "",
    ) -> None:
        self.answer = answer
        self.faults = dict(faults or {})
        self.seed = seed
        self.slow, self.wait, self.retry_after = slow, wait, retry_after
        self.refuses, self.ignores = set(refuses), set(ignores)
        self.owned_by, self.models, self.key = owned_by, models, key
        self.certificate = certificate
        self.bills_twice = bills_twice
        self.overhead = overhead
        self.redirect = redirect
        self.hint = ""
        """What a 400 adds to its message."""
        self.script: list[str] = []
        self.poison = ""
        """Messages with this in them are refused as too long."""
        self.times: list[float] = []
        self.bill = Bill()
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.met: dict[str, int] = {}
        """How often each fault was met."""
        self.at_once = self.most_at_once = 0
        self._answered: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None
        self._connections: set[socket.socket] = set()
        self.port = 0

    @property
    def url(self) -> str:
        return f"{'https' if self.certificate else 'http'}://127.0.0.1:{self.port}"

    @property
    def requests(self) -> int:
        """How many requests came."""
        return len(self.bodies)

    def __enter__(self) -> LLMServer:
        self.revive()
        return self

    def __exit__(self, *_: object) -> None:
        self.die()

    def revive(self) -> None:
        """Listen, on the same port as before."""
        handler = type("Handler", (_Handler,), {"owner": self})
        self._server = _Server(("127.0.0.1", self.port), handler)
        self.port = self._server.server_address[1]
        if self.certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def die(self) -> None:
        """Stop listening, and cut every connection; what was answered and billed is remembered."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()
        with self._lock:
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._connections.clear()

    def fault_of_next(self, number: int) -> str:
        """Return what the request with this number meets; empty for nothing."""
        if self.script:
            return self.script.pop(0)
        draw = random.Random(f"{self.seed} {number}").random()
        for fault, share in self.faults.items():
            draw -= share
            if draw < 0:
                return fault
        return ""

    def reply_to(self, body: dict[str, Any], key: str, fault: str) -> tuple[dict[str, Any], bool]:
        """Return the reply, and whether it was sent before; it is billed if not."""
        with self._lock:
            if key in self._answered and not self.bills_twice:
                return self._answered[key], True
            reply = self._new_reply(body, fault)
            self._answered[key] = reply
            usage = reply.get("usage") or self._usage(body, reply)
            self.bill.requests += 1
            self.bill.prompt_tokens += usage["prompt_tokens"]
            self.bill.completion_tokens += usage["completion_tokens"]
            text = json.dumps(body, sort_keys=True)
            self.bill.by_body[text] = self.bill.by_body.get(text, 0) + 1
            return reply, False

    def _new_reply(self, body: dict[str, Any], fault: str) -> dict[str, Any]:
        n = 1 if "n" in self.ignores else body.get("n", 1)
        choices = [] if fault == "empty" else [self._choice(body, index, fault) for index in range(n)]
        reply: dict[str, Any] = {
            "id": "chat-1",
            "object": "chat.completion",
            "model": body["model"],
            "choices": choices,
        }
        if fault != "no-usage":
            reply["usage"] = self._usage(body, reply)
        return reply

    def _usage(self, body: dict[str, Any], reply: dict[str, Any]) -> dict[str, int]:
        sent = sum(count_tokens(message["content"]) + 4 for message in body["messages"]) + self.overhead
        told = sum(count_tokens(choice["message"]["content"]) + 1 for choice in reply["choices"])
        return {"prompt_tokens": sent, "completion_tokens": told, "total_tokens": sent + told}

    def _choice(self, body: dict[str, Any], index: int, fault: str) -> dict[str, Any]:
        choices, is_json = self._choices(body)
        if self.answer is not None:
            text = self.answer(body)
        elif fault == "off-list" or not choices:
            text = "I would rather not say."
        else:
            text = answer_by_hash(body["messages"][-1]["content"], choices)
        if is_json and text in choices:
            text = json.dumps({"answer": text}, ensure_ascii=False)
        return {"index": index, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}

    def _choices(self, body: dict[str, Any]) -> tuple[list[str], bool]:
        """Return the choices that a body has, where a server of this kind heeds them."""
        if "structured_outputs" in body and self.owned_by == "vllm":
            return body["structured_outputs"]["choice"], False
        if "guided_choice" in body and self.owned_by == "vllm":
            return body["guided_choice"], False
        if "response_format" in body and "response_format" not in self.ignores:
            properties = body["response_format"]["json_schema"]["schema"].get("properties", {})
            return properties.get("answer", {}).get("enum", []), True
        return ["spam", "ham"], False


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing where a client went away."""


class _Handler(BaseHTTPRequestHandler):
    owner: LLMServer
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        with self.owner._lock:
            self.owner._connections.add(self.connection)

    def finish(self) -> None:
        with self.owner._lock:
            self.owner._connections.discard(self.connection)
        super().finish()

    def log_message(self, *_: Any) -> None:
        """Write nothing to standard error."""

    def do_GET(self) -> None:
        if not self._may_enter():
            return
        if self.path.endswith("/models"):
            rows = [{"id": name, "object": "model", "owned_by": self.owner.owned_by} for name in self.owner.models]
            self._send(200, {"object": "list", "data": rows})
        else:
            self._send(404, {"error": {"message": "not found"}})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server = self.owner
        with server._lock:
            number = len(server.bodies)
            server.bodies.append(body)
            server.times.append(time.monotonic())
            server.headers.append({name.lower(): value for name, value in self.headers.items()})
            fault = server.fault_of_next(number)
            server.met[fault] = server.met.get(fault, 0) + 1
            server.at_once += 1
            server.most_at_once = max(server.most_at_once, server.at_once)
        try:
            self._answer(body, fault)
        finally:
            with server._lock:
                server.at_once -= 1

    def _answer(self, body: dict[str, Any], fault: str) -> None:
        server = self.owner
        if server.redirect:
            self._raw(307, b"", headers={"Location": server.redirect})
            return
        if not self._may_enter():
            return
        if not self.path.endswith("/chat/completions") or body["model"] not in server.models:
            self._send(
                404, {"error": {"message": f"The model `{body['model']}` does not exist", "code": "model_not_found"}}
            )
            return
        if "system" in server.refuses and any(message["role"] == "system" for message in body["messages"]):
            self._send(400, {"error": {"message": "System role not supported"}})
            return
        refused = next((name for name in body if name in server.refuses), None)
        if refused is not None:
            self._send(
                400,
                {
                    "error": {
                        "message": f"Unrecognized request argument supplied: {refused}. {self.owner.hint}",
                        "param": refused,
                    }
                },
            )
            return
        if server.poison and server.poison in body["messages"][-1]["content"]:
            self._send(400, {"error": {"message": "the message is too long", "code": "context_length_exceeded"}})
            return
        if fault in REFUSALS:
            wait = server.retry_after
            after = formatdate(time.time() + wait, usegmt=True) if fault.endswith("date") else f"{wait:g}"
            self._send(
                REFUSALS[fault],
                {"error": {"message": "try again"}},
                {"Retry-After": after} if fault[:3] == "429" else {},
            )
            return
        if fault == "error-in-200":
            self._send(200, {"error": {"message": "upstream is overloaded", "code": 503}})
            return
        if fault.isdigit():
            self._send(int(fault), {"error": {"message": f"status {fault}"}})
            return
        time.sleep(server.wait)
        reply, replayed = server.reply_to(body, self.headers.get("Idempotency-Key", ""), fault)
        data = json.dumps(reply, ensure_ascii=False).encode()
        if fault == "slow":
            time.sleep(server.slow)
        if fault == "hang-up":
            self.close_connection = True
        elif fault == "cut":
            self._start(200, len(data), {})
            self.wfile.write(data[: len(data) // 2])
            self.close_connection = True
        elif fault == "not-json":
            self._raw(200, data[:-7])
        elif fault == "html":
            self._raw(200, b"<html><body>Sign in to the wireless network</body></html>", "text/html")
        else:
            self._send(200, reply, {} if server.bills_twice else {"Idempotent-Replayed": str(replayed).lower()})

    def _may_enter(self) -> bool:
        if self.owner.key and self.headers.get("Authorization") != f"Bearer {self.owner.key}":
            given = self.headers.get("Authorization", "").removeprefix("Bearer ")
            self._send(401, {"error": {"message": f"Incorrect API key provided: {given}"}})
            return False
        return True

    def _send(self, status: int, value: Any, headers: Mapping[str, str] | None = None) -> None:
        self._raw(status, json.dumps(value, ensure_ascii=False).encode(), headers=headers)

    def _raw(
        self, status: int, data: bytes, kind: str = "application/json", headers: Mapping[str, str] | None = None
    ) -> None:
        self._start(status, len(data), headers or {}, kind)
        self.wfile.write(data)

    def _start(self, status: int, size: int, headers: Mapping[str, str], kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(size))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


def self_signed(folder: Path) -> Path:
    """Make a certificate for 127.0.0.1 that no authority has signed, with its key; needs openssl."""
    path = folder / "server.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(path), "-out", f"{path}.crt",
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
    return path
