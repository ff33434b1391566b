"""``python -m fakeserver``: the same as ``protector-sandbox``."""

import sys

from fakeserver.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
