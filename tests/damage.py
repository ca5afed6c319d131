"""Damage to saved models, one entry of their JSON at a time."""

import copy

from hypothesis import strategies as st

WRONG = [None, "x", [], {}, -5, 1e9, 2.5, True, [[1.0]], float("nan"), float("inf"), "é" * 50, [None, None]]


def damage(tree, data):
    """Make an entry of a tree of JSON wrong, missing, or one more, as Hypothesis draws it."""
    path = data.draw(st.sampled_from(list(_places(tree))))
    parent, key = at(tree, path[:-1]), path[-1]
    change = data.draw(st.sampled_from(["wrong", "missing", "more"]))
    if change == "wrong":
        parent[key] = data.draw(st.sampled_from(WRONG))
    elif change == "missing":
        del parent[key]
    elif isinstance(parent, list):
        parent.insert(key, copy.deepcopy(parent[key]))
    else:
        parent["surplus"] = 1


def at(tree, path):
    """Return what stands at a path."""
    for key in path:
        tree = tree[key]
    return tree


def _places(tree, path=()):
    """Yield the path of each entry."""
    inside = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in inside:
        yield (*path, key)
        yield from _places(value, (*path, key))
