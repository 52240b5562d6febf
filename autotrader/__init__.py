"""Live order execution on threads and queues."""

__version__ = "0.1.0"
