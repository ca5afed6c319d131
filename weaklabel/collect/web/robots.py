"""What the robots.txt of a host allows (RFC 9309), and how long to wait between two requests to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from protego import Protego

MOST_BYTES = 500 * 1024
"""How much of a robots.txt is read, as RFC 9309 has it; the rest is ignored."""

NO_ROBOTS = "none"
"""Rule of the page of a host that has no robots.txt."""

LONGEST_DELAY = 300.0
"""Seconds between two requests; a host that asks for more is not fetched from."""


@dataclass(frozen=True)
class Robots:
    """The rules of a host for one user agent.

    Attributes
    ----------
    refusal
        Why nothing of the host may be fetched; "" where the rules decide.
    delay
        Seconds that it asks for between two requests.
    """

    refusal: str = ""
    delay: float = 0.0
    rules: Protego | None = None
    agent: str = ""

    def reason_against(self, url: str) -> str:
        """Return why an address may not be fetched, or "" if it may."""
        if self.refusal:
            return self.refusal
        if self.rules is None or self.rules.can_fetch(url, self.agent):
            return ""
        return f"the robots.txt of its host does not allow it for {self.agent}"


def read_robots(text: str, user_agent: str) -> Robots:
    """Read a robots.txt.

    Parameters
    ----------
    text
        Its content.
    user_agent
        The header of that name; the rules are for what stands before its first ``/``.

    Examples
    --------
    >>> robots = read_robots("User-agent: *\\nDisallow: /private/\\nAllow: /private/open", "weaklabel/1")
    >>> [bool(robots.reason_against(f"http://h/private/{page}")) for page in ("open", "closed")]
    [False, True]
    """
    from protego import Protego

    agent = product(user_agent)
    rules = Protego.parse(text)
    delay = float(rules.crawl_delay(agent) or 0)
    rate = rules.request_rate(agent)
    if rate is not None and rate.requests:
        delay = max(delay, rate.seconds / rate.requests)
    if delay > LONGEST_DELAY:
        return Robots(f"the robots.txt of its host asks for {delay:,.0f} seconds between requests")
    return Robots(delay=delay, rules=rules, agent=agent)


def says_there_is_none(status: int) -> bool:
    """Return whether an answer means that a host has no robots.txt: 4xx, except for that of a busy host."""
    return 400 <= status < 500 and status != 429


def without_robots(rule: str, fault: str) -> Robots:
    """Return the rules of a host whose robots.txt cannot be had.

    Where there is none, all may be fetched; where it cannot be reached, or the host is busy, nothing may.

    Parameters
    ----------
    rule
        `NO_ROBOTS`, or the kind of fault.
    fault
        What went wrong.
    """
    if rule == NO_ROBOTS:
        return Robots()
    return Robots(f"the robots.txt of its host cannot be fetched ({fault}), so nothing of it is fetched")


def product(user_agent: str) -> str:
    """Return the product token of a user agent, by which robots.txt names it.

    Examples
    --------
    >>> product("weaklabel/0.1 (+mailto:ann@example.org)")
    'weaklabel'
    """
    return user_agent.split("/")[0].split()[0]
