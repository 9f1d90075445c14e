"""`chyves dev`: which functions the core has, and what one of them answers."""

from __future__ import annotations

import inspect
import json
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from importlib import import_module
from types import ModuleType
from typing import Any, get_args

import chyves_core
from chyves_core.errors import NotFound, UsageError
from chyves_core.getting import HIDDEN
from chyves_core.look import Look
from chyves_core.plan import Step
from chyves_core.properties.schema import load_schema
from chyves_core.settings import default_settings, global_settings

# What a parameter of this type is given without a word for it.
FILLED: Mapping[str, Callable[[Look], object]] = {
    "Host": lambda look: look.host,
    "Look": lambda look: look,
    "Storage": lambda look: look.inventory.storage,
    "Inventory": lambda look: look.inventory,
    "Runtime": lambda look: look.runtime,
    "HostFacts": lambda look: look.facts,
    "Settings": lambda look: global_settings(look.inventory.storage),
}
# What a word means for a parameter of this type.
READ: Mapping[str, Callable[[Look, str], object]] = {
    "str": lambda look, word: word,
    "int": lambda look, word: int(word),
    "float": lambda look, word: float(word),
    "bool": lambda look, word: {"yes": True, "no": False}[word],
    "Guest": lambda look, word: look.inventory.guest(word),
    "Pool": lambda look, word: look.inventory.storage.pool(word),
    "Settings": lambda look, word: default_settings(look.inventory.storage),
}
STEPS = get_args(Step)
LISTS = ("Sequence", "Iterable", "Collection", "list", "tuple", "set")


def find(name: str) -> ModuleType | Callable[..., object]:
    """Return the module or function of the core of that name; the core itself for no name."""
    if not name or name in modules():
        return import_module(f"chyves_core.{name}" if name else "chyves_core")
    module, _, function = name.rpartition(".")
    if module not in modules():
        raise NotFound(f"{name}: the core has no such module or function", "chyves dev")
    found = functions(import_module(f"chyves_core.{module}")).get(function)
    if found is None:
        raise NotFound(f"{name}: {module} has no such function", f"chyves dev {module}")
    return found


def modules() -> list[str]:
    """Return the names of all modules of the core, without the lab's."""
    walked = pkgutil.walk_packages(chyves_core.__path__, "chyves_core.")
    names = [each.name.removeprefix("chyves_core.") for each in walked]
    return [name for name in names if name.partition(".")[0] != "lab"]


def functions(module: ModuleType) -> dict[str, Callable[..., object]]:
    """Return the functions that a module itself defines."""
    members = inspect.getmembers(module, inspect.isfunction)
    return {name: each for name, each in members if each.__module__ == module.__name__}


def describe(module: ModuleType) -> Iterator[str]:
    """Yield a line for each function of a module, or for each module of the core."""
    if module is chyves_core:
        for name in modules():
            yield f"{name}: {promise(import_module(f'chyves_core.{name}'))}"
        return
    for function in functions(module).values():
        yield usage(function)
        yield f"    {promise(function)}"


def promise(thing: object) -> str:
    """Return the first line of a docstring."""
    return (inspect.getdoc(thing) or "").partition("\n")[0]


def call(look: Look, function: Callable[..., object], words: Sequence[str]) -> Iterator[str]:
    """Call a function with the words, and yield what it returns as lines."""
    bound = bind(look, function, words)
    yield from show(function(*bound.args, **bound.kwargs))


def bind(look: Look, function: Callable[..., object], words: Sequence[str]) -> Any:
    """Return the arguments for a call; raises UsageError where the words don't fit."""
    signature = inspect.signature(function)
    left = list(words)
    given: dict[str, object] = {}
    for name, parameter in signature.parameters.items():
        kind = str(parameter.annotation)
        if kind in FILLED:
            given[name] = FILLED[kind](look)
        elif parameter.kind is parameter.VAR_POSITIONAL:
            given[name] = tuple(read_word(look, name, kind, word) for word in left)
            left = []
        elif parameter.kind is parameter.KEYWORD_ONLY:
            named = [word for word in left if word.startswith(f"{name}=")]
            left = [word for word in left if word not in named]
            for word in named:
                given[name] = read_word(look, name, kind, word.partition("=")[2])
        elif left:
            given[name] = read_word(look, name, kind, left.pop(0))
    bound = signature.bind_partial()
    bound.arguments.update({name: given[name] for name in signature.parameters if name in given})
    check_whole(function, given, left)
    return bound


def check_whole(
    function: Callable[..., object], given: Mapping[str, object], left: Sequence[str]
) -> None:
    """Refuse words too many, and a parameter that needs a word and has none."""
    if left:
        raise UsageError(f"{left[0]}: is one word too many", usage(function))
    for name, parameter in inspect.signature(function).parameters.items():
        if name not in given and parameter.default is parameter.empty:
            raise UsageError(f"{name}: {parameter.annotation} is missing", usage(function))


def usage(function: Callable[..., object]) -> str:
    """Return a function with what it takes."""
    return f"{function.__name__}{inspect.signature(function)}".replace("'", "")


def read_word(look: Look, name: str, kind: str, word: str) -> object:
    """Return what a word means for a parameter; raises UsageError where it can't mean anything."""
    plain = kind.removesuffix(" | None")
    outer, _, inner = plain.partition("[")
    item = inner.rstrip("]").partition(",")[0]
    try:
        if outer in LISTS and item in READ:
            if item == "Guest":
                return look.inventory.select(word)
            return [READ[item](look, part) for part in word.split(",") if part]
        return READ[plain](look, word)
    except KeyError as error:
        raise UsageError(f"{name}: a word can't be a {kind}: {word}") from error
    except ValueError as error:
        raise UsageError(f"{name}: {word} is no {kind}") from error


def show(value: object) -> Iterator[str]:
    """Yield what a function has returned as lines: text as it is, plans as commands, else JSON."""
    if isinstance(value, Iterator):
        value = list(value)
    if value is None:
        return
    if isinstance(value, str):
        yield from value.splitlines()
    elif isinstance(value, list | tuple) and value and all(map(is_step, value)):
        yield from map(str, value)
    else:
        yield from json.dumps(plain(value), indent=2, ensure_ascii=False).splitlines()


def is_step(value: object) -> bool:
    """Return whether a value is a step of a plan."""
    return isinstance(value, STEPS)


def plain(value: object) -> object:
    """Return a value as JSON has it; what it does not know is written as Python does."""
    if isinstance(value, bool | int | float | str | None):
        return value
    if is_step(value):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        # A schema is a hundred declarations, and the same for every guest.
        names = [each.name for each in fields(value) if each.name != "schema"]
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        secret = load_schema("guest").is_secret
        return {
            key: HIDDEN if value[key] and secret(key.rpartition(":")[2]) else plain(value[key])
            for key in map(str, value)
        }
    if isinstance(value, list | tuple | set | frozenset | Iterator):
        return [plain(each) for each in value]
    return str(value)
