"""``python -m weaklabel``, and the command ``weaklabel``."""

from __future__ import annotations

import sys

from weaklabel.support.warn import show_instead_of_raising


def main() -> None:
    """Run the command line; Ctrl-C is answered in one sentence even while that is still being imported."""
    show_instead_of_raising()
    try:
        from weaklabel import cli
    except KeyboardInterrupt:
        print("weaklabel: interrupted", file=sys.stderr)
        sys.exit(130)
    cli.main()


if __name__ == "__main__":
    main()
