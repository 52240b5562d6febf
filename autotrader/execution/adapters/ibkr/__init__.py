"""Interactive Brokers over the socket of TWS or IB Gateway: the link that speaks through ibapi, and the broker behind it."""
