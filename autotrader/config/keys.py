"""The keys that the configuration knows, and the one that was probably meant (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import get_args

from pydantic import BaseModel

from autotrader.config.settings import Settings
from autotrader.config.venues import KNOWN_VENUES, PaperVenueSection, WireVenueSection

__all__ = ["known_keys", "meant"]


def known_keys() -> tuple[str, ...]:
    """Return every key, dotted, in the order of the sections; those of a list's tables follow the list's own."""
    return tuple(_walk(Settings, ""))


def _walk(model: type[BaseModel], above: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        key = f"{above}{field.alias or name}"
        below = next((kind for kind in (field.annotation, *get_args(field.annotation)) if _is_model(kind)), None)
        if key == "venues":
            for venue in KNOWN_VENUES:
                yield from _walk(PaperVenueSection if venue == "paper" else WireVenueSection, f"venues.{venue}.")
            continue
        if not _is_model(field.annotation):
            yield key
        if below is not None:
            yield from _walk(below, f"{key}.")


def _is_model(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def meant(path: Sequence[str]) -> str:
    """Return the known key that ``path`` is closest to, empty when none is near."""
    keys = known_keys()
    dotted, last = ".".join(path), path[-1]
    above = f"{'.'.join(path[:-1])}." if path[:-1] else ""
    siblings = {key[len(above) :].split(".")[0] for key in keys if key.startswith(above)}
    near = get_close_matches(last, sorted(siblings), n=1, cutoff=0.6)
    if near:
        return f"{above}{near[0]}"
    same = [key for key in keys if key.rpartition(".")[2] == last and not key.startswith("venues.")]
    return (same or get_close_matches(dotted, keys, n=1, cutoff=0.6) or [""])[0]
