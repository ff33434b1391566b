"""``python -m fakeserver``: the same as ``protector-sandbox``."""

import contextlib
import gc
import sys

from fakeserver.sandbox import loader

INTERRUPTED = 130


def main() -> int:
    """Run the command of the command line; return its exit code."""
    # before what the command itself loads: both have a processor each
    early = loader.begin_early(sys.argv[1:])
    if early is not None:
        # a command that ends soon: to look through its objects is an eighth
        # of its time, half of it at its end
        gc.disable()
    try:
        with early or contextlib.nullcontext():
            from fakeserver.cli.main import main as run

            return run(loader=early)
    except KeyboardInterrupt:
        # nothing was begun
        return INTERRUPTED
    finally:
        gc.freeze()


if __name__ == "__main__":
    sys.exit(main())
