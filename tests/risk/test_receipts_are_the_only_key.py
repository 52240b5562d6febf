"""Promise 32: the only code able to write order bytes demands a receipt, and only the limits issue one. Shown on the source."""

import ast
from pathlib import Path

import autotrader

ROOT = Path(autotrader.__file__).parent
ISSUER = "risk/receipts.py"
PURE_RISK_IMPORTS = {"pykka", "threading", "time", "loguru", "requests", "websocket", "ibapi", "socket", "asyncio"}


def modules():
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text()) for path in sorted(ROOT.rglob("*.py"))}


def calls(tree):
    """Yield (what is called, the last name of it) for every call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            yield node, called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def test_no_module_but_the_receipt_book_makes_a_receipt():
    makers = {name for name, tree in modules().items() for _, called in calls(tree) if called == "Receipt"}
    assert makers == {ISSUER}


def test_a_receipt_is_never_changed_but_to_take_its_seal_away():
    for name, tree in modules().items():
        for node, called in calls(tree):
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            if name != ISSUER and called == "replace" and "seal" in given:
                assert isinstance(given["seal"], ast.Constant), f"{name}: line {node.lineno} gives a receipt a seal"
                assert given["seal"].value is None, f"{name}: line {node.lineno} gives a receipt a seal"


def test_nobody_reaches_for_the_seal():
    for name, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in ("seal", "_seal"):
                assert name == ISSUER, f"{name}: line {node.lineno} touches the seal of receipts"


def test_receipts_are_issued_by_the_limits_and_for_the_flattening_of_a_kill_alone():
    issuers = set()
    for name, tree in modules().items():
        for node, called in calls(tree):
            target = node.func.value if isinstance(node.func, ast.Attribute) else None
            words = ast.unparse(target) if target is not None else ""
            if called == "issue" and "receipt" in words.lower():
                issuers.add(name)
    assert "risk/limits.py" in issuers
    assert issuers <= {"risk/limits.py", "oms/kill_desk.py"}


def test_the_words_that_place_an_order_stand_in_adapters_and_simulator_alone():
    verbs = {"placeOrder", "create_order", "create_test_order", "order_limit", "order_market"}
    for name, tree in modules().items():
        if name.startswith(("execution/adapters/", "simulator/")):
            continue
        for node, called in calls(tree):
            assert called not in verbs, f"{name}: line {node.lineno} places an order itself"


def test_wires_are_opened_by_adapters_simulator_and_what_serves_people_alone():
    wires = {"requests", "websocket", "ibapi", "binance", "urllib3", "httpx"}
    for name, tree in modules().items():
        if name.startswith(("execution/adapters/", "simulator/", "console/")):
            continue
        assert not wires & set(imported(tree)), f"{name} opens a wire of its own"


def test_the_limits_are_pure():
    for name, tree in modules().items():
        if name.startswith("risk/"):
            assert not PURE_RISK_IMPORTS & set(imported(tree)), f"{name} is not pure"
