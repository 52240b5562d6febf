"""Simulated venues on loopback, and the matching engine they and the paper venue share."""
