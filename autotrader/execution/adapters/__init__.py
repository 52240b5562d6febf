"""One adapter per venue behind one contract."""
