"""The documents of groups that were read last, to be looked at again.

A change of a large group reads its document several times. Each is kept under
its revision, which is that of no other document.
"""

import collections
import threading
from typing import Any, NamedTuple

from fakeserver.store.group import Group, KeptMembers, copied

#: how many are kept
_MOST = 4


class ReadDocument(NamedTuple):
    doc: dict[str, Any]
    members: KeptMembers

    def __repr__(self) -> str:
        # the policy has the arrays' tokens in it
        return f"<ReadDocument {self.doc['id']}>"


_kept: collections.OrderedDict[str, ReadDocument] = collections.OrderedDict()
_lock = threading.Lock()


def find(revision: str) -> ReadDocument | None:
    with _lock:
        return _kept.get(revision)


def keep(group: Group) -> None:
    """Keep a group's document, where its members were read to be shared."""
    if group.kept is None or not group.revision:
        return
    with _lock:
        _kept[group.revision] = ReadDocument(copied(group.doc), group.kept)
        while len(_kept) > _MOST:
            _kept.popitem(last=False)
