"""``python -m weaklabel``."""

from weaklabel.cli import main

if __name__ == "__main__":
    main()
