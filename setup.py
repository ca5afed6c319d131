"""What setup.cfg cannot say: packages are found, and the ready packs of labeling_functions/ are one of them.

They ship inside weaklabel, since a top-level package of that name would be shadowed by a user's own folder of the
same name.
"""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["weaklabel", "weaklabel.*"]), "weaklabel.packs"],
    package_dir={"weaklabel.packs": "labeling_functions"},
)
