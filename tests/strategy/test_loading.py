"""Strategies found by name or by file."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from autotrader.errors import ConfigError
from autotrader.strategy.examples import MovingAverageCross
from autotrader.strategy.loading import load_strategy, strategy_maker

GOOD = """
from autotrader.strategy import Strategy
class Mine(Strategy):
    def __init__(self, size=1, *, name="x"):
        if size == 0:
            raise ValueError("size must not be zero")
        self.size, self.name = size, name
    def decide(self, snapshot):
        return []
class Needy(Mine):
    def __init__(self, threshold):
        self.threshold = threshold
class Loose(Mine):
    def __init__(self, **options):
        self.options = options
class Plain:
    def decide(self, snapshot): ...
    def record_execution(self, fill): ...
class Half:
    def decide(self, snapshot): ...
number = 5
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "mine.py"
    path.write_text(GOOD)
    return str(path)


def test_by_module_and_by_file_with_options(file: str) -> None:
    named = load_strategy("autotrader.strategy.examples:MovingAverageCross", {"fast": 3, "slow": 9})
    assert isinstance(named, MovingAverageCross)
    mine = load_strategy(f"{file}:Mine", {"size": 2, "name": "y"})
    assert (mine.size, mine.name) == (2, "y")  # type: ignore[attr-defined]
    assert load_strategy(f"{file}:Loose", {"any": 1}).options == {"any": 1}  # type: ignore[attr-defined]


def test_a_class_with_the_two_methods_will_do(file: str) -> None:
    assert type(load_strategy(f"{file}:Plain")).__name__ == "Plain"


def test_a_maker_makes_a_fresh_one_each_time(file: str) -> None:
    make = strategy_maker(f"{file}:Mine")
    assert make() is not make()


def test_what_lies_beside_the_file_can_be_imported_and_the_path_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "beside_it.py").write_text("SIZE = 9\n")
    (tmp_path / "two.py").write_text("from beside_it import SIZE\n" + GOOD + "class Two(Mine):\n    size = SIZE\n")
    before = list(sys.path)
    assert type(load_strategy(f"{tmp_path}/two.py:Two")).size == 9  # type: ignore[attr-defined]
    assert sys.path == before


def test_a_module_in_the_working_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_own_strategy_module.py").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    assert load_strategy("my_own_strategy_module:Mine")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("Mine", "must be package.module:Class or path/to/file.py:Class"),
        (":Mine", "must be package.module:Class"),
        ("module:", "must be package.module:Class"),
        ("no.such.module:Mine", "there is no module no"),
        ("nowhere/mine.py:Mine", "there is no file"),
        ("{file}:Mnie", "has no class Mnie; did you mean Mine"),
        ("{file}:Something", "has no class Something; it has Half, Loose, Mine, Needy, Plain"),
        ("{file}:number", "has no class number"),
        ("{file}:Half", "Half lacks record_execution; derive it from autotrader.strategy.Strategy"),
        ("autotrader.strategy.examples:MovingAverage", "did you mean MovingAverageCross"),
    ],
)
def test_what_is_not_there_is_said_with_what_would_be_right(file: str, spec: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_strategy(spec.format(file=file))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("Mine", {"sise": 1}, "takes no option 'sise'; did you mean size? it takes size, name"),
        ("Plain", {"size": 1}, "takes no option 'size'; it takes none"),
        ("Needy", {}, "needs threshold: set strategy.options.threshold"),
        ("Mine", {"size": 0}, "could not be made with size=0: ValueError: size must not be zero"),
    ],
)
def test_wrong_options_are_named_beside_those_that_are_taken(
    file: str, name: str, options: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_strategy(f"{file}:{name}", options)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("class Mine(:\n", "bad.py, line 1: invalid syntax"),
        ("import no_such_package_anywhere\n", "there is no module no_such_package_anywhere"),
        ("1 / 0\n", "its module failed to import: ZeroDivisionError"),
        ("raise SystemExit(3)\n", "its module failed to import: SystemExit"),
        ("import abc\nclass Mine(abc.ABC):\n    @abc.abstractmethod\n    def decide(self, s): ...\n"
         "    def record_execution(self, f): ...\n", "Mine is abstract, it lacks decide"),
    ],
)
def test_a_module_that_fails_is_a_configuration_error(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "bad.py").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_strategy(f"{tmp_path / 'bad.py'}:Mine")
    assert message in str(caught.value)


def test_a_file_that_is_no_python_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text(GOOD)
    with pytest.raises(ConfigError, match=r"must end in \.py"):
        load_strategy(f"{tmp_path}/mine.txt:Mine")
