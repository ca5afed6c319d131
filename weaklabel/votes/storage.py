"""Votes in a file: an .npz archive of L and a JSON header, without pickle."""

from __future__ import annotations

import json
import os
import zlib
from typing import Any
from zipfile import BadZipFile

import numpy as np

from weaklabel.errors import VoteError
from weaklabel.support.files import atomic_path
from weaklabel.votes.matrix import Problem, Problems, Votes

FORMAT = "weaklabel votes 1"


def save_votes(path: str | os.PathLike[str], votes: Votes) -> None:
    """Write votes to an ``.npz`` file, atomically.

    Raises
    ------
    WeakLabelError
        The file cannot be written.
    """
    header = {
        "format": FORMAT,
        "lf_names": votes.lf_names,
        "labels": votes.labels,
        "problems": {
            name: {"count": found.count, "first": [[problem.row, problem.message] for problem in found.first]}
            for name, found in votes.problems.items()
        },
    }
    coded = np.frombuffer(json.dumps(header).encode("utf-8"), dtype=np.uint8)
    with atomic_path(path) as part, part.open("wb") as handle:
        np.savez_compressed(handle, header=coded, L=votes.L)


def load_votes(path: str | os.PathLike[str]) -> Votes:
    """Read what `save_votes` wrote.

    Raises
    ------
    VoteError
        The file is missing, damaged, or no file of votes.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            header = json.loads(archive["header"].tobytes())
            if header["format"] != FORMAT:
                raise VoteError(f"{path} has the format {header['format']!r}, not {FORMAT!r}")
            problems = {name: _problems(found) for name, found in header["problems"].items()}
            return Votes(archive["L"], header["lf_names"], header["labels"], problems)
    except VoteError:
        raise
    except OSError as error:
        raise VoteError(f"cannot read votes from {path}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, EOFError, BadZipFile, zlib.error) as error:
        raise VoteError(f"{path} is damaged, or no file that save_votes wrote: {error}") from error


def _problems(found: dict[str, Any]) -> Problems:
    return Problems(found["count"], tuple(Problem(row, message) for row, message in found["first"]))
