"""bhyve_config(5): the tree of variables that every bhyve option is turned into."""

from __future__ import annotations

import re
from collections.abc import Iterator

from chyves_core.lab.bhyve.refused import Refused

Node = dict[str, "str | Node"]

TRUE_WORDS = ("true", "on", "yes", "1")
FALSE_WORDS = ("false", "off", "no", "0")


class Config:
    """The variables of one virtual machine, in the order in which they were set last.

    `warnings` are what bhyve says of references to variables that are missing. `written` holds the
    words behind the model of each device for releases whose devices read them by themselves.

    A value that is set again moves behind its siblings, as in bhyve's own name-value list
    (captures bhyve d-flags).
    """

    def __init__(self) -> None:
        self.root: Node = {}
        self.warnings: list[str] = []
        self.written: dict[str, str | None] = {}

    def set(self, path: str, value: str) -> None:
        """Set one variable; raises Refused where the path runs through a value."""
        parent, _, name = path.rpartition(".")
        node = self.node(parent) if "." in path else self.root
        if isinstance(node.get(name), dict):
            raise Refused(f"bhyve: Attempting to add value {value} to existing node {path}", 4)
        set_value(node, name, value)

    def unset(self, name: str) -> None:
        """Forget a variable at the top of the tree."""
        self.root.pop(name, None)

    def node(self, path: str) -> Node:
        """Return the node of that path, made where it is missing."""
        node = self.root
        done: list[str] = []
        for name in path.split("."):
            done.append(name)
            if not name:
                raise _no_node(path, f"Invalid configuration node: {path}")
            child = node.setdefault(name, {})
            if not isinstance(child, dict):
                variable = ".".join(done)
                text = f"Configuration node {path} is a child of existing variable {variable}"
                raise _no_node(path, text)
            node = child
        return node

    def find_node(self, path: str) -> Node | None:
        """Return the node of that path, or None."""
        node: str | Node | None = self.root
        for name in path.split("."):
            node = node.get(name) if isinstance(node, dict) else None
        return node if isinstance(node, dict) else None

    def set_option(self, text: str) -> bool:
        """Set `name=value`; return False where the text has no name or no value."""
        path, equals, value = text.partition("=")
        if not equals or not value:
            return False
        self.set(path, value)
        return True

    def get(self, path: str) -> str | None:
        """Return the value of that path with `%(name)` replaced, or None."""
        parent, _, name = path.rpartition(".")
        node = self.find_node(parent) if parent else self.root
        value = node.get(name) if node else None
        return self.expand(value) if isinstance(value, str) else None

    def get_bool(self, path: str, default: bool) -> bool:
        """Return a boolean variable; raises Refused for a word that is none."""
        value = self.get(path)
        if value is None:
            return default
        if value.lower() in TRUE_WORDS:
            return True
        if value.lower() in FALSE_WORDS:
            return False
        text = f"bhyve: Invalid value {value} for boolean variable {path}"
        raise Refused(f"{text}: No such file or directory", 4)

    def expand(self, value: str) -> str:
        """Return the value with every `%(name)` replaced by that variable, `%%` by `%`."""
        if "%" not in value:
            return value
        return re.sub(r"%(%|\(([^)]*)\))", self._expansion, value)

    def _expansion(self, found: re.Match[str]) -> str:
        if found[1] == "%":
            return "%"
        value = self.get(found[2])
        text = f"bhyve: Failed to fetch referenced configuration variable {found[2]}"
        if value is None and text not in self.warnings:
            self.warnings.append(text)
        return value or ""

    def lines(self) -> Iterator[tuple[str, str]]:
        """Yield every variable as (path, value as it was given), as config.dump lists them."""
        return _lines(self.root, "")


def set_value(node: Node, name: str, value: str) -> None:
    """Set a value of a node; it moves behind its siblings."""
    node.pop(name, None)
    node[name] = value


def child_node(node: Node, name: str) -> Node:
    """Return the node below `node`, made where it is missing; the name may have dots."""
    for part in name.split("."):
        child = node.setdefault(part, {})
        assert isinstance(child, dict), f"{part} holds a value"
        node = child
    return node


def values(node: Node) -> dict[str, str]:
    """Return the values that stand directly in a node."""
    return {name: value for name, value in node.items() if isinstance(value, str)}


def _lines(node: Node, prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in node.items():
        if isinstance(value, dict):
            yield from _lines(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _no_node(path: str, reason: str) -> Refused:
    return Refused(f"bhyve: {reason}\nbhyve: Failed to create configuration node {path}", 4)
