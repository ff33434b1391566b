"""The share of the process' file descriptors that each part may use.

Each thread that asks the databases has a connection to that of its site and
to that of the arrays; each is two files. Where a process may have few, it
has fewer threads: one that is short of files answers nothing but 500.
"""

import math
import resource

#: files of a thread, and of a process that has no thread yet
OF_A_THREAD, OF_THE_PROCESS = 4, 20
#: threads beside those that are shared out
OTHERS = 2
#: what the parts may have where nothing is short
THREADS, WORKERS = 20, 8
#: connections that everybody may have first, each with its own share
FEWEST = 8


def limit() -> float:
    """Return how many files this process may open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return math.inf if soft == resource.RLIM_INFINITY else soft


def share(most: int) -> int:
    """Return how many threads a part may have; ``most`` where files are
    plenty."""
    spare = limit() - OF_THE_PROCESS - 2 * FEWEST - OTHERS * OF_A_THREAD
    if spare == math.inf:
        return most
    part = spare / (OF_A_THREAD * (THREADS + WORKERS))
    return max(1, min(most, math.floor(most * part)))


def left(most: int, of_each: int) -> int:
    """Return how many connections leave the process files for its other work.

    :param most: how many there are where nothing is short.
    :param of_each: descriptors that one takes.
    """
    threads = sum(map(share, (THREADS, WORKERS))) + OTHERS
    spare = limit() - OF_THE_PROCESS - threads * OF_A_THREAD
    if spare == math.inf:
        return most
    return max(FEWEST, min(most, int(spare / 2 / of_each)))
