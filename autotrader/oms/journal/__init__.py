"""The journal: one SQLite file per engine; events are the truth, tables are what they fold to.

The actor is in ``autotrader.oms.journal.actor``, so that reading a journal needs no actor runtime.
"""

from autotrader.oms.journal.commit import CheckpointDue, Commit, CommitDue, Outlet

__all__ = ["CheckpointDue", "Commit", "CommitDue", "Outlet"]
