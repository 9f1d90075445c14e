"""zpool list, get and set."""

from __future__ import annotations

from chyves_core.lab.zfs.errors import UsageError, ZfsError
from chyves_core.lab.zfs.human import table
from chyves_core.lab.zfs.model import Pool
from chyves_core.lab.zfs.numbers import nice
from chyves_core.lab.zfs.options import Options, parse
from chyves_core.lab.zfs.properties import TEXTS
from chyves_core.lab.zfs.session import Session

USUAL = (
    "name,size,allocated,free,checkpoint,expandsize,fragmentation,capacity,dedupratio,"
    "health,altroot"
)
HEADS = {
    "allocated": "ALLOC",
    "checkpoint": "CKPOINT",
    "expandsize": "EXPANDSZ",
    "fragmentation": "FRAG",
    "capacity": "CAP",
    "dedupratio": "DEDUP",
}
LEFT = ("name", "altroot", "health", "guid", "comment", "bootfs", "cachefile")
WIDTHS = {"size": 5, "allocated": 5, "free": 5, "checkpoint": 7, "expandsize": 8,
          "fragmentation": 5, "capacity": 5, "dedupratio": 5, "health": 8}  # fmt: skip
SHORT_NAMES = {
    "alloc": "allocated",
    "cap": "capacity",
    "frag": "fragmentation",
    "dedup": "dedupratio",
}
DEFAULTS = {
    "altroot": "-", "ashift": "0", "autoexpand": "off", "autoreplace": "off", "autotrim": "off",
    "bootfs": "-", "cachefile": "-", "comment": "-", "compatibility": "off", "delegation": "on",
    "failmode": "wait", "listsnapshots": "off", "multihost": "off", "version": "-",
}  # fmt: skip
FIXED = {
    "checkpoint": "-", "dedupratio": "1.00", "expandsize": "-", "fragmentation": "0",
    "freeing": "0", "leaked": "0",
}  # fmt: skip
SIZES = ("size", "allocated", "free", "freeing", "leaked")


def known_properties() -> dict[str, bool]:
    """Return the pool properties, and whether each can be set, as zpool's usage lists them."""
    text = (TEXTS / "pool_properties.txt").read_text()
    lines = [line.split() for line in text.splitlines() if line.startswith("\t")][1:]
    return {words[0]: words[1] == "YES" for words in lines if words[0].isidentifier()}


def wanted(text: str) -> list[str]:
    """Return the properties that -o or the words of `zpool get` name, by full name."""
    names = [SHORT_NAMES.get(word, word) for word in text.split(",")]
    for name, word in zip(names, text.split(","), strict=True):
        if name not in known_properties() and name != "name" and not name.startswith("feature@"):
            raise UsageError(f"bad property list: invalid property '{word}'")
    return names


def health(pool: Pool) -> str:
    """Return ONLINE, or DEGRADED where a device is offline."""
    states = [part["state"] for each in pool.devices for part in each.get("parts", [each])]
    return "ONLINE" if all(state == "ONLINE" for state in states) else "DEGRADED"


def value_of(session: Session, pool: Pool, name: str, exact: bool) -> tuple[str, str]:
    """Return value and source of a pool's property."""
    if name in ("allocated", "free", "capacity"):
        taken = session.view(pool).space.allocated()
        number = {
            "allocated": taken,
            "free": pool.size - taken,
            "capacity": taken * 100 // pool.size,
        }[name]
        if name == "capacity":
            return str(number) if exact else f"{number}%", "-"
        return str(number) if exact else nice(number), "-"
    if name == "size":
        return str(pool.size) if exact else nice(pool.size), "-"
    if name in ("name", "guid", "load_guid"):
        return pool.name if name == "name" else str(pool.guid), "-"
    if name == "health":
        return health(pool), "-"
    if name == "readonly":
        return ("on" if pool.readonly else "off"), "-"
    if name in pool.properties:
        return pool.properties[name], "local"
    if name in FIXED:
        suffix = {"dedupratio": "x", "fragmentation": "%"}.get(name, "")
        return FIXED[name] + ("" if exact else suffix), "-"
    if name.startswith("feature@"):
        return "enabled", "local"
    return DEFAULTS[name], "default"


def pools_named(
    session: Session, names: list[str], text: str = "cannot open '{}': no such pool"
) -> list[Pool]:
    """Return the named pools, all where none is named, sorted; missing ones are reported."""
    pools = []
    for name in sorted(set(names)) or session.store.pool_names():
        pool = session.store.pool(name)
        if pool is None:
            session.fail(text.format(name))
        else:
            pools.append(pool)
    return pools


def list_pools(session: Session, arguments: list[str]) -> None:
    """zpool list [-gHLpPv] [-o properties] [POOL…]."""
    json_too = "j" if session.lab.freebsd >= (15, 0) else ""
    options = parse(arguments, ":gHLo:pPT:v" + json_too)
    columns = wanted(options.last("o") or USUAL)
    with session.store.reading():
        if not session.store.pool_names() and not options.words:
            # Not with -H: cb_scripted in zpool_do_list, zpool_main.c.
            if "H" not in options:
                session.say("no pools available")
            return
        rows = []
        for pool in pools_named(session, options.words):
            rows.append([value_of(session, pool, name, "p" in options)[0] for name in columns])
        if "j" in options:
            from chyves_core.lab.zfs.json_output import show_pools

            show_pools(session, columns, rows)
        else:
            show_list(session, columns, rows, options)


def show_list(
    session: Session, columns: list[str], rows: list[list[str]], options: Options
) -> None:
    """Print the rows of zpool list."""
    if "H" in options:
        session.lines += ["\t".join(row) for row in rows]
        return
    if not rows:
        return
    right = {place for place, name in enumerate(columns) if name not in LEFT or name == "health"}
    heads = [HEADS.get(name, name.upper()).rjust(WIDTHS.get(name, 0)) for name in columns]
    session.lines += table([heads, *rows], right)


def get(session: Session, arguments: list[str]) -> None:
    """zpool get [-Hp] [-o fields] PROPERTIES [POOL…]."""
    options = parse(arguments, ":Hpo:")
    if not options.words:
        raise UsageError("missing property argument")
    if options.words[0] == "all":
        names = [name for name in known_properties() if name != "feature"]
    else:
        names = wanted(options.words[0])
    fields = (options.last("o") or "name,property,value,source").split(",")
    if fields == ["all"]:
        fields = ["name", "property", "value", "source"]
    for field in fields:
        if field not in ("name", "property", "value", "source"):
            raise UsageError(f"invalid column name '{field}'")
    with session.store.reading():
        rows = []
        text = "cannot open '{}': no such pool"
        if session.lab.freebsd >= (15, 0):
            text = "Cannot get properties of {}: no such pool available."
        for pool in pools_named(session, options.words[1:], text):
            for name in names:
                value, source = value_of(session, pool, name, "p" in options)
                cells = {"name": pool.name, "property": name, "value": value, "source": source}
                rows.append([cells[field] for field in fields])
        show_get(session, fields, rows, "H" in options)


def show_get(session: Session, fields: list[str], rows: list[list[str]], bare: bool) -> None:
    """Print the rows of zpool get; the value column is not padded (capture zpool-get-guid-all)."""
    if bare:
        session.lines += ["\t".join(row) for row in rows]
    elif rows:
        heads = [field.upper() for field in fields]
        numbers = any(row[fields.index("value")].isdigit() for row in rows if "value" in fields)
        widths = (
            {fields.index("value"): 5} if numbers and len({row[1] for row in rows}) == 1 else {}
        )
        session.lines += table([heads, *rows], given=widths)


def set_property(session: Session, arguments: list[str]) -> None:
    """zpool set PROPERTY=VALUE POOL."""
    options = parse(arguments, "")
    if not options.words:
        raise UsageError("missing property=value argument")
    if len(options.words) == 1:
        raise UsageError("missing pool name")
    if len(options.words) > 2:
        raise UsageError("too many pool names")
    name, equals, value = options.words[0].partition("=")
    if not equals:
        raise UsageError("missing value in property=value argument")
    with session.store.writing():
        pool = session.store.pool(options.words[1])
        if pool is None:
            raise ZfsError(f"cannot open '{options.words[1]}': no such pool")
        refuse_set(session, pool, name)
        pool.properties[name] = value
        session.commit(pool, [])


def refuse_set(session: Session, pool: Pool, name: str) -> None:
    """Raise ZfsError where a pool property can't be set."""
    head = f"cannot set property for '{pool.name}': "
    user = ":" in name and session.lab.freebsd >= (14, 0)
    if not user and name not in known_properties():
        raise ZfsError(f"{head}invalid property '{name}'")
    if not user and not known_properties()[name]:
        raise ZfsError(f"{head}'{name}' is readonly")
    refused = session.refusal(pool)
    if refused:
        raise ZfsError(head + refused)
