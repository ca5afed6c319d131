"""Times of sources as text: ISO 8601 in UTC, to the second."""

from __future__ import annotations

from datetime import UTC, datetime


def utc(time: float | datetime | None) -> str | None:
    """Return a time as text.

    Parameters
    ----------
    time
        Seconds since 1970, or a date and time; without a time zone it is taken for UTC.

    Examples
    --------
    >>> utc(0), utc(datetime(2024, 5, 1, 12, 30)), utc(None)
    ('1970-01-01T00:00:00Z', '2024-05-01T12:30:00Z', None)
    """
    if time is None:
        return None
    if isinstance(time, datetime):
        at = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    else:
        try:
            at = datetime.fromtimestamp(time, UTC)
        except (OverflowError, OSError, ValueError):
            return None
    return at.replace(microsecond=0, tzinfo=None).isoformat() + "Z"
