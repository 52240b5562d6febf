"""A run's summary for people."""

from __future__ import annotations

from autotrader.execution.summary import RunSummary

__all__ = ["summary_lines"]

ENDINGS = {
    "until_fills": "the fills that were asked for are in",
    "duration": "the time is over",
    "tape_end": "the tape is at its end",
    "interrupted": "interrupted",
    "killed": "stopped by the kill switch",
    "error": "ended by an error",
}


def summary_lines(summary: RunSummary) -> list[str]:
    """Return the lines of a summary: what ended it, orders, fills, money, positions, latencies."""
    detail = f": {summary.detail}" if summary.detail else ""
    state = "clean" if summary.clean else "NOT CLEAN: orders or positions could not be confirmed"
    lines = [
        f"ended      {ENDINGS.get(summary.ended, summary.ended)}{detail} ({state})",
        f"time       {(summary.ended_ns - summary.started_ns) / 1e9:.1f} s of engine time",
        f"orders     {summary.orders} sent, {summary.fills} fills, {summary.denied} denied, {summary.rejected} rejected, "
        f"{summary.unknown} unknown for a while",
        f"notional   {summary.filled_notional}",
        f"fees       {', '.join(f'{amount} {asset}' for asset, amount in summary.fees.items()) or 'none'}",
        f"P&L        realized {summary.realized_pnl}, unrealized {summary.unrealized_pnl or 'unknown'} (before fees)",
    ]
    lines += [
        f"position   {one['venue']} {one['symbol']} {one['quantity']} at {one['average_price'] or '-'} {one['currency']}"
        for one in summary.positions
    ]
    lines += [
        f"latency    {name.replace('_', ' ')}: p50 {values['p50']:,.0f} µs, p99 {values['p99']:,.0f} µs"
        for name, values in summary.latency_us.items()
        if values["p50"] is not None and values["p99"] is not None
    ]
    lines += [f"refused    {count} x {reason}" for reason, count in summary.rejects.items()]
    return lines
