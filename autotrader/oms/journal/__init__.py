"""The journal: one SQLite file per engine; events are the truth, tables are what they fold to."""

from autotrader.oms.journal.commit import CheckpointDue, Commit, CommitDue, Outlet

__all__ = ["CheckpointDue", "Commit", "CommitDue", "Outlet"]
