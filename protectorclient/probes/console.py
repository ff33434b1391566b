"""Look for a text in the console output of an instance.

No route to the instance is needed: Nova has the output. Of it only whether
the text is there is kept.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable

from protectorclient import exceptions
from protectorclient.probes.network import NoAnswer

#: So many of the last characters tell where an older output ended.
_TAIL = 400
#: Asks Nova for the console output of an instance, by its id.
Read = Callable[[str], str]


class NotKnown(Exception):
    """Whether it answers is not known; the text says why."""


class Console:
    """The console output of one instance.

    :param is_new: whether the operation has built the instance; of another
        one only what comes after the first look counts.
    """

    def __init__(self, server_id: str, read: Read, *, is_new: bool) -> None:
        self._server_id, self._read = server_id, read
        #: The length of the output that does not count, and its end.
        self._before: tuple[int, str] | None = (0, "") if is_new else None

    def begin(self) -> None:
        """Note where the output ends now, if what is there does not count.

        :raises NotKnown: Nova does not show it.
        """
        if self._before is None:
            try:
                text = self._text()
            except NoAnswer:
                return
            self._before = (len(text), text[-_TAIL:])

    def ask(self, wanted: str) -> str:
        """Look for a text once.

        :raises NoAnswer: it is not there.
        :raises NotKnown: Nova does not show the output.
        """
        if self._before is None:
            self.begin()
            raise NoAnswer("the text is not in the new console output")
        new = self._since(self._text(), *self._before)
        if wanted in new:
            return "the text is in the console output"
        raise NoAnswer("the text is not in the console output")

    def _since(self, text: str, length: int, tail: str) -> str:
        """Return what came after an earlier output.

        Nova drops the oldest part of one that grows long.
        """
        if text[:length].endswith(tail) and len(text) >= length:
            return text[length:]
        found = text.rfind(tail)
        # where the end is not there, all of it is new
        return text if found < 0 else text[found + len(tail) :]

    def _text(self) -> str:
        try:
            return self._read(self._server_id)
        except exceptions.Forbidden:
            raise NotKnown("Nova does not show the console output") from None
        except exceptions.HTTPError as error:
            if error.code == 501:
                raise NotKnown(
                    "the hypervisor has no console output"
                ) from None
            raise NoAnswer(
                f"Nova has no console output of it (HTTP {error.code})"
            ) from None
        except exceptions.AuthenticationFailed as error:
            raise NotKnown(str(error)) from None
        except exceptions.ProtectorError as error:
            raise NoAnswer(error.message) from None


def is_new(
    created: str | None,
    started: datetime.datetime | None,
    *,
    named: bool,
) -> bool:
    """Return whether an operation has built an instance.

    :param created: when Nova made the instance, as it says.
    :param started: when the operation was started.
    :param named: whether the operation's result names the instance; the
        clocks of two sites may differ by minutes then.
    """
    if created is None or started is None:
        return False
    try:
        made = datetime.datetime.fromisoformat(created.replace("Z", "+00:00"))
    except ValueError:
        return False
    if made.tzinfo is None:
        made = made.replace(tzinfo=datetime.UTC)
    slack = datetime.timedelta(minutes=5 if named else 0)
    return made >= started - slack
