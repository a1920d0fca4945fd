"""``python -m acctrecover``: the same as the console script."""

from acctrecover.cli import main

main()
