"""The results of multi-instance items, as workers store them: each worker writes a part of its own. Pure.

A part is a Json object of entries by their keys. Only one worker writes a part, so no result is overwritten; what all
parts hold together is what the process sees.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from catalyst_groq.common.json_codec import parse
from catalyst_groq.domain.outcomes import CollectedResult

PREFIX = "catalyst_collected_"
Part = Mapping[str, Mapping[str, Any]]
"""Entries by key: `{"task": activity id, "item": …, "version": 1, "value": {…}}`."""


def part_name(worker: str, variable: str) -> str:
    """Return the name of a worker's part of a variable. `worker` has no underscore."""
    return f"{PREFIX}{worker}_{variable}"


def is_part_of(name: str, variable: str) -> bool:
    """Whether a variable of that name is a part of the collected variable."""
    return name.startswith(PREFIX) and name.removeprefix(PREFIX).partition("_")[2] == variable


def parse_part(text: Any) -> Part:
    """Parse a part. One that somebody has replaced by something else is empty."""
    try:
        part = parse(text)
    except (TypeError, ValueError):
        return {}
    if not isinstance(part, dict):
        return {}
    return {key: entry for key, entry in part.items() if isinstance(entry, dict) and "value" in entry}


def make_entry(activity_id: str, collected: CollectedResult, earlier: Iterable[Part]) -> dict[str, Any]:
    """Return the entry of a result, which replaces those of earlier attempts."""
    versions = [version_of(part[collected.key]) for part in earlier if collected.key in part]
    return {
        "task": activity_id,
        "item": collected.item,
        "version": max(versions, default=0) + 1,
        "value": collected.value,
    }


def version_of(entry: Mapping[str, Any]) -> int:
    """Return how many times an item was collected."""
    version = entry.get("version")
    return version if isinstance(version, int) else 0


def other_owner(activity_id: str, collected: CollectedResult, parts: Iterable[Part]) -> Mapping[str, Any] | None:
    """Return the entry of another item, or of another task, that has the same key."""
    for part in parts:
        entry = part.get(collected.key)
        if entry is not None and (entry.get("task"), entry.get("item")) != (activity_id, collected.item):
            return entry
    return None


def merge(parts: Iterable[Part]) -> dict[str, Any]:
    """Return the results by key, in the order of the numbers that keys are, and then of the other keys."""
    latest: dict[str, Mapping[str, Any]] = {}
    for part in parts:
        for key, entry in part.items():
            if key not in latest or version_of(entry) > version_of(latest[key]):
                latest[key] = entry
    return {key: latest[key]["value"] for key in sorted(latest, key=_order)}


def _order(key: str) -> tuple[bool, int, str]:
    is_number = key.isdecimal() and len(key) < len(str(2**63))
    return (not is_number, int(key) if is_number else 0, key)
