"""Run a command that ends, at the latest, when its starter does.

    python tether.py COMMAND [ARGUMENT...]

The starter holds the other end of stdin, and may die in any way: then the
whole group of processes is killed, of which the command is the first.
"""

import os
import signal
import sys


def main(command: list[str]) -> None:
    # no child of the command's, which may wait for all that it has
    if os.fork() == 0:
        if os.fork() == 0:
            watch()
        os._exit(0)
    os.wait()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.execvp(command[0], command)


def watch() -> None:
    while os.read(0, 1024):
        pass
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1:])
