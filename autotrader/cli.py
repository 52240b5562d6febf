"""The ``autotrader`` command: arguments in, exit code out. Each verb is a function that is imported when it is called."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from autotrader.errors import AutotraderError, ConfigError, JournalError, StartError

__all__ = ["main"]

DONE, ERROR, USAGE, KILLED, NOT_CLEAN, CANNOT_CONNECT = range(6)
"""Exit codes: done and clean · unexpected error · bad usage or configuration · stopped by the kill switch · ended not clean ·
cannot connect."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; errors go to stderr as one line each."""
    arguments = _parser().parse_args(argv)
    try:
        code: int = arguments.verb(arguments)
    except (ConfigError, JournalError) as error:
        return _say(error, USAGE)
    except StartError as error:
        return _say(error, CANNOT_CONNECT)
    except AutotraderError as error:
        return _say(error, ERROR)
    except BrokenPipeError:
        sys.stderr.close()
        return DONE
    except OSError as error:
        return _say(error, ERROR)
    return code


def _say(error: Exception, code: int) -> int:
    print(f"autotrader: {error}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="autotrader", description="Live order execution on threads and queues.")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    _add_run(verbs)
    for name, text in _READ_ONLY.items():
        verb = _verb(verbs, name, text)
        if name == "orders":
            verb.add_argument("--open", action="store_true", help="only those that are not done")
        if name == "doctor":
            _add_simulator(verb)
    _add_dead_letters(verbs)
    _add_kill_switch(verbs)
    _add_simulate(verbs)
    return parser


_READ_ONLY = {
    "status": "mode, kill level, orders by state, journal",
    "orders": "every order on record, oldest first",
    "fills": "every fill on record, oldest first",
    "positions": "every position on record",
    "ledger": "the paper venue's own books",
    "verify": "check the journal: integrity, chain, head, tables against events",
    "doctor": "check the configuration, the journal, the latch and the disk, and say what to fix",
}


def _verb(verbs: argparse._SubParsersAction[argparse.ArgumentParser], name: str, text: str) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, help=text, description=text)
    _add_place(parser)
    parser.set_defaults(verb=_command(name))
    return parser


def _add_place(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--journal", metavar="FILE", help="the journal (default: that of the configuration)")
    parser.add_argument("--config", action="append", default=[], metavar="FILE", help="TOML overlay; may be repeated")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="sets", help="one setting, repeatable")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def _command(name: str) -> object:
    def run(arguments: argparse.Namespace) -> int:
        from autotrader.console import commands

        code: int = getattr(commands, name)(arguments)
        return code

    return run


def _add_run(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verbs.add_parser("run", help="trade until a limit, the end of the tape, or Ctrl-C")
    parser.add_argument("--config", action="append", default=[], metavar="FILE", help="TOML overlay; may be repeated")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="sets", help="one setting, repeatable")
    _add_simulator(parser)
    parser.add_argument("--strategy", metavar="module:Class", help="also path/to/file.py:Class")
    parser.add_argument("--replay", metavar="FILE", help="trade on a recorded tape")
    parser.add_argument("--speed", metavar="N|max", help="replay N times as fast, or as fast as the strategy follows (max)")
    parser.add_argument("--duration", type=float, metavar="S", help="end after so many seconds")
    parser.add_argument("--until-fills", type=int, metavar="N", help="end after so many fills")
    parser.add_argument("--journal", metavar="FILE")
    parser.add_argument("--summary-json", metavar="FILE", help="write the summary to a file")
    parser.add_argument("--arm", action="store_true", help="needed, beside mode = LIVE, to trade real money")
    parser.set_defaults(verb=_run)


def _add_simulator(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--simulator", action="append", default=[], metavar="READY_FILE",
        help="a simulated venue that runs already, by its ready file; one per venue",
    )


def _run(arguments: argparse.Namespace) -> int:
    from autotrader.console.launch import launch

    return launch(arguments)


def _add_dead_letters(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verbs.add_parser("dlq", help="dead letters: list, show")
    inner = parser.add_subparsers(required=True, metavar="list|show")
    listed = inner.add_parser("list", help="all of them, oldest first")
    shown = inner.add_parser("show", help="one, whole")
    shown.add_argument("id")
    for one, name in ((listed, "dlq_list"), (shown, "dlq_show")):
        _add_place(one)
        one.set_defaults(verb=_command(name))


def _add_kill_switch(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    kill = verbs.add_parser("kill", help="stop trading now: close the latch, and cancel at the venues over own connections")
    _add_simulator(kill)
    kill.add_argument("--level", choices=("HALT", "CANCEL", "FLATTEN"), default="CANCEL", type=str.upper)
    rearm = verbs.add_parser("rearm", help="ask the engine to lift the kill level")
    for one, name in ((kill, "kill"), (rearm, "rearm")):
        asked = one is rearm  # a pull never waits for words
        one.add_argument("--reason", required=asked, default="pulled by hand", help="why; goes on record")
        one.add_argument("--scope", default="all", metavar="all|VENUE")
        one.add_argument("--by", default="", help="who (default: the system's user)")
        wait_s, what = (5.0, "for the engine's answer") if asked else (30.0, "until every venue is swept clean")
        one.add_argument("--wait", type=float, default=wait_s, metavar="S", help=f"wait at most so long {what}")
        _add_place(one)
        one.set_defaults(verb=_command(name))


def _add_simulate(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "serve a simulated venue on loopback until SIGTERM"
    parser = verbs.add_parser("simulate", help=text, description=text)
    parser.add_argument("venue", metavar="VENUE", help="binance, ibkr")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 (the default): any that is free")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the market that moves by itself")
    parser.add_argument("--tape", metavar="FILE", help="move the market along a recorded tape")
    parser.add_argument("--faults", metavar="FILE", help="a fault script, JSON or TOML; its time begins when the port listens")
    parser.add_argument("--latency-ms", type=float, default=0.0, metavar="X", help="round trip, half of it each way")
    parser.add_argument("--ledger", metavar="FILE", help="keep the truth ledger there; it survives a restart")
    parser.add_argument("--ready-file", metavar="FILE", help="appears, complete, once the port listens")
    parser.add_argument("--manual", action="store_true", help="the market stands until it is set or stepped")
    parser.add_argument(
        "--limit", action="append", default=[], metavar="NAME=N",
        help="another limit than the venue's own, such as orders_10s=5000; may be given several times",
    )  # fmt: skip
    parser.set_defaults(verb=_simulate)


def _simulate(arguments: argparse.Namespace) -> int:
    from autotrader.console.simulate import simulate

    return simulate(arguments)


if __name__ == "__main__":
    sys.exit(main())
