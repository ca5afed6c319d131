"""A language model behind an endpoint that speaks the OpenAI chat protocol: vLLM, Ollama, llama.cpp, hosted ones."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Mapping, MutableMapping, Sequence
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from weaklabel.errors import LanguageModelError, require
from weaklabel.llm.address import Key, chat_url, is_loopback, models_url
from weaklabel.llm.forms import Forms
from weaklabel.llm.model import LanguageModel, PromptRefused, Reading, Received, Request, TryAgain, canonical
from weaklabel.llm.prompt import Prompt, Usage
from weaklabel.llm.tokenizer import Tokenizer
from weaklabel.llm.wire import Form, read_reply, request_body, upper_bound
from weaklabel.support.files import StrPath

if TYPE_CHECKING:
    import httpx

_SHOWN = 300
"""Characters of a server's message that an error shows."""

_MOST_BYTES = 64 * 2**20
"""Bytes of a reply that are read."""

_MODELS_TIMEOUT = 5.0
"""Seconds to wait for the list of models."""

_RESERVED_FIELDS = (
    "model",
    "messages",
    "stream",
    "n",
    "logit_bias",
    "response_format",
    "max_tokens",
    "max_completion_tokens",
)


class Endpoint(LanguageModel):
    """A model behind an OpenAI-compatible chat endpoint.

    Parameters
    ----------
    url
        ``http://host:8000``, ``https://host/v1``, or the whole URL up to ``/chat/completions``.
    model
        Its name there.
    key_variable
        The environment variable that has the key; by default ``OPENAI_API_KEY``, if it is set and the endpoint is on
        this machine or encrypted.
    key_header
        The header that carries the key, such as ``api-key`` for Azure.
    name
        What the price table calls it; ``model`` if not given.
    parameters
        Further fields of the request, such as ``{"top_p": 0.9}``.
    tokenizer
        The model's ``tokenizer.json``, or a folder with it: estimates then count tokens, and a server that cannot keep
        answers to the choices is given a bias for them, if each is one token.

    Raises
    ------
    LanguageModelError
        The URL or the tokenizer is wrong; a wrong key shows when the model is asked.
    MissingPackageError
        httpx is not installed.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        key_variable: str | None = None,
        key_header: str = "Authorization",
        name: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        tokenizer: StrPath | None = None,
    ) -> None:
        require("httpx", "weaklabel[llm]", "asking a language model by its URL")
        self.url: str = chat_url(url)
        self.model = model
        self.name: str = name or model
        self.server: str = urlsplit(self.url).netloc
        self.parameters: dict[str, Any] = dict(parameters or {})
        wrong = next((field for field in self.parameters if field in _RESERVED_FIELDS), None)
        if wrong is not None:
            raise LanguageModelError(
                f"the parameter '{wrong}' of the endpoint {self.server} is set by weaklabel: leave it out"
            )
        self._key = Key(key_variable, self.url)
        self._key_header = key_header
        self._tokenizer = None if tokenizer is None else Tokenizer(tokenizer)
        self._forms = Forms(self.url, model, lambda prompt: bool(self._bias(prompt)))
        self._making = threading.Lock()
        self._client: httpx.Client | None = None

    def identity(self) -> Any:
        """Return URL, model and parameters."""
        return {"url": self.url, "model": self.model, "parameters": self.parameters}

    def body(self, prompt: Prompt) -> dict[str, Any]:
        """Return the request as a server that takes everything gets it, whatever is left out for this one."""
        return request_body(self.model, self.parameters, prompt, Form())

    def tokens(self, prompt: Prompt) -> Usage:
        """Return an upper bound: every byte may be a token."""
        return upper_bound(prompt)

    def likely_tokens(self, prompt: Prompt) -> Usage | None:
        """Return the tokens of messages and choices by the tokenizer, if it is there."""
        return None if self._tokenizer is None else self._tokenizer.usage(prompt)

    @property
    def gives_samples_apart(self) -> bool:
        """Whether the server was seen to give one answer only, however many are wanted."""
        return self._forms.gives_samples_apart

    def _bias(self, prompt: Prompt) -> dict[str, int]:
        return {} if self._tokenizer is None else self._tokenizer.bias(prompt.choices)

    def read(self, prompt: Prompt, text: str) -> Reading:
        """Read the body of a reply."""
        return read_reply(prompt, text)

    def prepare(self, memory: MutableMapping[str, str]) -> None:
        """Ask the server, once, which models it has; that costs nothing, and shows a wrong key or certificate."""
        if self.recall(memory):
            return
        _, owners = self._list_models()
        self._forms.expect(owners)

    def recall(self, memory: MutableMapping[str, str]) -> bool:
        """Take up in which form the server takes requests."""
        return self._forms.recall(memory)

    def _list_models(self) -> tuple[list[str], list[str]]:
        """Ask the server which models it has, and who it says owns them; both empty if it does not tell.

        Raises
        ------
        LanguageModelError
            The key or the certificate is wrong.
        """
        import httpx

        try:
            response = self._http().get(
                models_url(self.url), headers=self._key.header(self._key_header), timeout=_MODELS_TIMEOUT
            )
        except httpx.TransportError as error:
            self._check_certificate(error)
            return [], []
        text = self._key.without(response.text)
        if response.status_code in (401, 403):
            raise self._refusal(response.status_code, text)
        return _listed(text) if response.status_code == 200 else ([], [])

    def batch_request(self, prompt: Prompt) -> dict[str, Any]:
        """Return path and body of a request, in the form that the server is known to take."""
        form = self._forms.form
        bias = self._bias(prompt) if form.constraint == "logit_bias" else None
        return {"url": urlsplit(self.url).path, "body": request_body(self.model, self.parameters, prompt, form, bias)}

    def send(self, requests: Sequence[Request], timeout: float) -> list[Received]:
        """Send one request."""
        (request,) = requests
        with self._forms.chosen(request.prompt) as form:
            bias = self._bias(request.prompt) if form.constraint == "logit_bias" else None
            body = request_body(self.model, self.parameters, request.prompt, form, bias)
            status, headers, text = self._post(canonical(body).encode(), request.key, timeout)
            if status in (400, 413, 415, 422):
                sentence = f"{self.server} refuses the request ({status}: {self._message(text)})"
                if status != 413 and self._forms.change(request.prompt, form, text):
                    raise TryAgain(sentence, is_changed=True)
                raise PromptRefused(sentence)
            if status != 200:
                raise self._failure(status, headers, text)
            self._check(text)
            self._forms.accepted(request.prompt, form, text)
            return [Received(text, "idempotent-replayed" in headers)]

    def _post(self, data: bytes, key: str, timeout: float) -> tuple[int, httpx.Headers, str]:
        """Send a body and read the whole reply, for as long as ``timeout``."""
        import httpx

        end = time.monotonic() + timeout
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Idempotency-Key": key,
            **self._key.header(self._key_header),
        }
        try:
            with self._http().stream("POST", self.url, content=data, headers=headers, timeout=timeout) as response:
                content = bytearray()
                for chunk in response.iter_bytes():
                    content += chunk
                    if time.monotonic() > end:
                        raise httpx.ReadTimeout("the reply takes too long")
                    if len(content) > _MOST_BYTES:
                        raise TryAgain(f"the reply of {self.server} has no end", may_be_billed=True)
        except (
            httpx.ConnectError,
            httpx.ConnectTimeout,
            httpx.PoolTimeout,
            httpx.UnsupportedProtocol,
            httpx.ProxyError,
        ) as error:
            self._check_certificate(error)
            raise TryAgain(f"cannot connect to {self.server} ({_reason(error)})") from None
        except httpx.TimeoutException:
            raise TryAgain(f"no reply of {self.server} in {timeout:g} seconds", may_be_billed=True) from None
        except (httpx.TransportError, httpx.DecodingError) as error:
            self._check_certificate(error)
            raise TryAgain(f"the reply of {self.server} was cut off ({_reason(error)})", may_be_billed=True) from None
        text = bytes(content).decode("utf-8", "replace")
        return response.status_code, response.headers, self._key.without(text)

    def _http(self) -> httpx.Client:
        """Return the client, which follows no redirects, and takes no proxy that could read the key."""
        with self._making:
            if self._client is None:
                import httpx

                trust = self.url.startswith("https:") or not (self._key or is_loopback(self.url))
                limits = httpx.Limits(max_connections=None, max_keepalive_connections=64)
                try:
                    self._client = httpx.Client(trust_env=trust, follow_redirects=False, limits=limits)
                except (OSError, ValueError) as error:
                    raise LanguageModelError(
                        f"cannot connect to {self.server}: a proxy or a certificate file in the environment is wrong ({error})"
                    ) from None
            return self._client

    def _check(self, text: str) -> None:
        """Refuse a reply that is none, so that it is asked for again."""
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            raise TryAgain(f"the reply of {self.server} is not JSON", may_be_billed=True) from None
        if not isinstance(value, dict):
            raise TryAgain(f"the reply of {self.server} is not a JSON object", may_be_billed=True)
        if "choices" not in value:
            raise TryAgain(
                f"{self.server} replies without an answer: {self._message(text)}", may_be_billed="error" not in value
            )

    def _failure(self, status: int, headers: httpx.Headers, text: str) -> LanguageModelError:
        message = self._message(text)
        if status == 429 and "insufficient_quota" in text:
            return LanguageModelError(
                f"the account at {self.server} has no credit left (429: {message}): top it up, and run again"
            )
        if status in (408, 409, 425, 429) or status >= 500:
            what = "is busy" if status in (429, 503, 529) else "fails"
            return TryAgain(
                f"{self.server} {what} ({status}{': ' if message else ''}{message})",
                seconds=_retry_after(headers),
                may_be_billed=status in (408, 504, 524),
            )
        if 300 <= status < 400:
            where = urlsplit(headers.get("location", "")).netloc or "another address"
            return LanguageModelError(
                f"{self.server} redirects to {where}, which the key is not sent to: give the URL of the endpoint itself"
            )
        return self._refusal(status, text)

    def _refusal(self, status: int, text: str) -> LanguageModelError:
        message = self._message(text)
        shown = f"({status}{': ' if message else ''}{message})"
        if status in (401, 403):
            what = (
                f"the key in {self._key.variable} is wrong, or may not use '{self.model}'"
                if self._key
                else "it needs a key"
            )
            return LanguageModelError(
                f"{self.server} does not let us in {shown}: {what}; name the environment variable with the key (key_variable)"
            )
        if status == 402:
            return LanguageModelError(
                f"{self.server} wants to be paid first {shown}: top the account up, and run again"
            )
        if status in (404, 405):
            models, _ = self._list_models()
            has = f"; it has {', '.join(models[:10])}" if models else ""
            return LanguageModelError(
                f"{self.server} has no model '{self.model}', or nothing at {self.url} {shown}: check both{has}"
            )
        return LanguageModelError(f"{self.server} does not take requests {shown}")

    def _message(self, text: str) -> str:
        """Return what a server says in an error."""
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return "" if "<" in text else " ".join(text.split())[:_SHOWN]
        for name in ("error", "message", "detail"):
            value = value.get(name, value) if isinstance(value, dict) else value
        return " ".join(str(value).split())[:_SHOWN]

    def _check_certificate(self, error: BaseException) -> None:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, ssl.SSLCertVerificationError):
                raise LanguageModelError(
                    f"the certificate of {self.server} cannot be verified ({cause.verify_message}): if it is your own, name "
                    "the file with its authority in the environment variable SSL_CERT_FILE"
                ) from None
            if isinstance(cause, ssl.SSLError):
                raise LanguageModelError(
                    f"no encrypted connection to {self.server} ({cause.reason or cause}): does the URL begin with http:// "
                    "rather than https://?"
                ) from None
            cause = cause.__cause__ or cause.__context__


def _reason(error: BaseException) -> str:
    return str(error).strip() or type(error).__name__


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that ``Retry-After`` asks to wait, given as a number or a date."""
    given = headers.get("retry-after", "").strip()
    try:
        return max(float(headers["retry-after-ms"]) / 1000, 0.0)
    except (KeyError, ValueError):
        pass
    try:
        return max(float(given), 0.0)
    except ValueError:
        pass
    try:
        return max(parsedate_to_datetime(given).timestamp() - time.time(), 0.0)
    except (ValueError, TypeError):
        return None


def _listed(text: str) -> tuple[list[str], list[str]]:
    """Return the models that a server has, and who it says owns them."""
    try:
        rows = json.loads(text)["data"]
        models = [row for row in rows if isinstance(row, dict)]
    except (ValueError, KeyError, TypeError, RecursionError):
        return [], []
    return [str(row.get("id", "")) for row in models], [str(row.get("owned_by", "")) for row in models]
