"""Finds a user's strategy by ``package.module:Class`` or ``path/to/file.py:Class``."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import cast

from autotrader.errors import ConfigError
from autotrader.strategy.base import StrategyLike

__all__ = ["load_strategy", "strategy_class", "strategy_maker"]


def load_strategy(spec: str, options: Mapping[str, object] | None = None) -> StrategyLike:
    """Import, find, check and make a strategy; the options reach its constructor as keyword arguments.

    Raises ConfigError that says what is wrong and what would be right. Runs the module's code, as any import does.
    """
    return strategy_maker(spec, options)()


def strategy_maker(spec: str, options: Mapping[str, object] | None = None) -> Callable[[], StrategyLike]:
    """Return what makes a fresh strategy each time; all that can be checked without making one is checked now."""
    found, given = strategy_class(spec), dict(options or {})
    _check_options(spec, found, given)

    def make() -> StrategyLike:
        try:
            return cast(StrategyLike, found(**given))
        except Exception as e:
            shown = ", ".join(f"{name}={value!r}" for name, value in given.items()) or "no options"
            raise ConfigError(f"strategy {spec} could not be made with {shown}: {type(e).__name__}: {e}") from e

    return make


def strategy_class(spec: str) -> type:
    """Return the class that the text names; raises ConfigError."""
    where, colon, name = spec.rpartition(":")
    if not colon or not where or not name:
        raise ConfigError(f"strategy {spec!r} must be package.module:Class or path/to/file.py:Class")
    module = _file_module(spec, Path(where)) if where.endswith(".py") or "/" in where else _named_module(spec, where)
    found = getattr(module, name, None)
    if not inspect.isclass(found):
        raise ConfigError(f"strategy {spec}: {where} has no class {name}{_suggestion(name, module)}")
    lacking = [method for method in ("decide", "record_execution") if not callable(getattr(found, method, None))]
    if lacking:
        raise ConfigError(f"strategy {spec}: {name} lacks {' and '.join(lacking)}; derive it from autotrader.strategy.Strategy")
    if inspect.isabstract(found):
        lacking = sorted(vars(found)["__abstractmethods__"])
        raise ConfigError(f"strategy {spec}: {name} is abstract, it lacks {', '.join(lacking)}")
    return found


def _file_module(spec: str, path: Path) -> ModuleType:
    path = path.expanduser().resolve()
    if not path.is_file():
        raise ConfigError(f"strategy {spec}: there is no file {path}")
    name = f"autotrader_strategy_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}_{path.stem}"
    module_spec = importlib.util.spec_from_file_location(name, path)
    if module_spec is None or module_spec.loader is None:
        raise ConfigError(f"strategy {spec}: {path} is not a Python file; its name must end in .py")
    module = importlib.util.module_from_spec(module_spec)
    sys.modules[name] = module
    with _import_errors(spec), _on_path(path.parent, first=True):
        module_spec.loader.exec_module(module)
    return module


def _named_module(spec: str, name: str) -> ModuleType:
    with _import_errors(spec), _on_path(Path.cwd(), first=False):
        return importlib.import_module(name)


@contextmanager
def _on_path(folder: Path, *, first: bool) -> Iterator[None]:
    """Let the import find what lies in the folder; the host's path is as it was afterwards."""
    sys.path.insert(0 if first else len(sys.path), str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


@contextmanager
def _import_errors(spec: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as e:
        raise ConfigError(f"strategy {spec}: there is no module {e.name}; install it, or name path/to/file.py:Class") from e
    except SyntaxError as e:
        raise ConfigError(f"strategy {spec}: {e.filename}, line {e.lineno}: {e.msg}") from e
    except (Exception, SystemExit) as e:
        raise ConfigError(f"strategy {spec}: its module failed to import: {type(e).__name__}: {e}") from e


def _suggestion(name: str, module: ModuleType) -> str:
    classes = {one: value for one, value in vars(module).items() if inspect.isclass(value) and hasattr(value, "decide")}
    own = [one for one, value in classes.items() if value.__module__ == module.__name__] or list(classes)
    near = get_close_matches(name, own, 1)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; it has {', '.join(sorted(own))}" if own else "; it has no class with a decide method"


def _check_options(spec: str, found: type, given: Mapping[str, object]) -> None:
    try:
        accepted = inspect.signature(found).parameters.values()
    except (TypeError, ValueError):
        return
    if any(one.kind is one.VAR_KEYWORD for one in accepted):
        return
    names = [one.name for one in accepted if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
    for name in given:
        if name not in names:
            near = get_close_matches(name, names, 1)
            hint = f"did you mean {near[0]}? " if near else ""
            takes = f"it takes {', '.join(names)}" if names else "it takes none"
            raise ConfigError(f"strategy {spec} takes no option {name!r}; {hint}{takes}")
    missing = [one.name for one in accepted if one.name in names and one.default is one.empty and one.name not in given]
    if missing:
        raise ConfigError(f"strategy {spec} needs {', '.join(missing)}: set strategy.options.{missing[0]}")
