#!/usr/bin/env python3
"""Trade: the same as ``autotrader run``. Without arguments: paper venue, synthetic market, example strategy, until Ctrl-C."""

import sys

from autotrader.cli import main

if __name__ == "__main__":
    sys.exit(main(["run", *sys.argv[1:]]))
