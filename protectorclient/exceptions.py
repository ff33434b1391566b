"""What can go wrong, as one tree.

Every error carries what a program needs: the site, the request id, the
operation. A refused request and a failed operation have two branches::

    ProtectorError
    ├── UsageProblem                  the call is wrong in itself
    │   ├── BadArgument               such as None for an id; a ValueError
    │   └── MappingProblem            a mapping that cannot be read
    ├── ConfigProblem                 clouds.yaml lacks what is needed
    │   └── SameSite                  both of its entries lead to one site
    ├── NotUnique                     a name that several things share
    ├── VersionNotSupported           the site is too old for this call
    ├── GuardRefused                  the client refuses, nothing is sent
    │   ├── PrimaryAnswers            unplanned, and the primary answers
    │   ├── NotProvenDead             unplanned, and the primary may be alive
    │   └── CertainRefusal            the service would refuse it
    ├── NotConfirmed
    ├── OutputNotWritten              done, and stdout cannot be written
    ├── SomeFailed                    several were asked for, some failed
    ├── NotFound                      no such thing (by name, or a 404)
    ├── SiteUnreachable               no answer that can be read
    │   ├── SiteNotReached            stopped by a certificate or a proxy
    │   └── UnreadableAnswer          an answer without what belongs there
    │       └── NotTheService         an answer of a proxy, for example
    ├── AuthenticationFailed          Keystone refused the login
    ├── OutcomeUnknown                sent; it may or may not be done
    ├── HTTPError                     the service answered with an error
    │   ├── BadRequest                400
    │   │   ├── MappingIncomplete
    │   │   └── VolumeTypeNotReplicated
    │   ├── Unauthorized              401
    │   ├── Forbidden                 403
    │   ├── ResourceNotFound          404, a NotFound too
    │   ├── VersionRefused            406, a VersionNotSupported too
    │   ├── Conflict                  409
    │   │   ├── PeerUnreachable
    │   │   ├── InvalidState
    │   │   ├── OperationInProgress
    │   │   ├── TestNotCleaned
    │   │   ├── NothingToClean
    │   │   ├── OutOfSync
    │   │   ├── WrongSite
    │   │   ├── MetadataConflict
    │   │   ├── PolicyMissing
    │   │   ├── NameConflict
    │   │   └── InUse
    │   ├── TooLarge                  413
    │   └── ServerError               5xx
    │       └── ServiceUnavailable    502, 503, 504; 408, 429
    └── OperationError                the operation, not the request
        ├── OperationFailed           failed and rolled back
        │   └── OperationLeftovers    failed and left something behind
        │       └── OperationEndedOtherwise  in a status that is not known
        ├── OperationPartial          completed, but not for all members
        ├── WaitTimeout               still running at the deadline
        └── OperationUnknown          an OutcomeUnknown too
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from protectorclient.advice.row import Advice
    from protectorclient.records.operation import Operation


class ProtectorError(Exception):
    """The base of everything this package raises on purpose."""

    def __init__(
        self,
        message: str,
        *,
        site: str | None = None,
        request_id: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        #: The sentence; the service's own where it sent one.
        self.message = message
        #: The site (its cloud's name) where it happened.
        self.site = site
        #: The request id to look for in the service's log.
        self.request_id = request_id
        #: What to do next, where that is known; a sentence.
        self.hint = hint
        #: What to type next: each a `ShellCommand` or a sentence.
        self.next: tuple[str, ...] = ()

    def then(self, *lines: str) -> Self:
        """Add the command to type next to the error: see `next`."""
        self.next = lines
        return self

    def __str__(self) -> str:
        word = rf"(?<![\w-]){re.escape(self.site or '')}(?![\w-])"
        named = not self.site or re.search(word, self.message)
        return self.message if named else f"{self.site}: {self.message}"


class UsageProblem(ProtectorError):
    """The call or the command line is wrong."""


class BadArgument(UsageProblem, ValueError):
    """An argument that no such call can take."""


class MappingProblem(UsageProblem):
    """A mapping that cannot be read: no ``=``, a half empty, a double."""


class ConfigProblem(ProtectorError):
    """clouds.yaml or the environment lacks what is needed."""


class SameSite(ConfigProblem):
    """Both clouds of a pair lead to one site."""

    @classmethod
    def of(cls, first: str, second: str) -> SameSite:
        """Return the error of two clouds that are one site.

        :param first: the name of one.
        :param second: the name of the other one.
        :returns: the error, to be raised.
        :raises ProtectorError: never.
        """
        return cls(
            f"{first} and {second} are the same site",
            hint="each site has an entry of its own in clouds.yaml, and"
            " --secondary-cloud names the other site's",
        )


class NotUnique(ProtectorError):
    """A name that several things share; their ids are in `.ids`."""

    def __init__(
        self,
        message: str,
        *,
        ids: Sequence[str] = (),
        site: str | None = None,
    ) -> None:
        super().__init__(message, site=site)
        self.ids = tuple(ids)


class VersionNotSupported(ProtectorError):
    """The site's API version lacks what was asked for."""

    def __init__(
        self,
        message: str,
        *,
        needed: str | None = None,
        offered: str | None = None,
        site: str | None = None,
        request_id: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, site=site, request_id=request_id, hint=hint)
        #: The least version that has it.
        self.needed = needed
        #: What is in use, or the range that the site offers.
        self.offered = offered


class GuardRefused(ProtectorError):
    """A condition does not hold; the client has sent nothing."""


class PrimaryAnswers(GuardRefused):
    """An unplanned failover was asked for, and the primary answers."""


class NotProvenDead(GuardRefused):
    """Unplanned, and no question reaches the primary: it may be alive."""


class CertainRefusal(GuardRefused):
    """The service is certain to refuse it; the client has not sent it."""

    def __init__(
        self,
        message: str,
        *,
        reason: str | None = None,
        site: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, site=site, hint=hint)
        #: The service's reason; None where the operation would fail.
        self.reason = reason


class NotConfirmed(ProtectorError):
    """The user did not confirm the action."""


class OutputNotWritten(ProtectorError):
    """Standard output cannot be written; the command's work is done."""


class SomeFailed(ProtectorError):
    """Several things were asked for, and some of them failed."""

    def __init__(
        self, message: str, *, errors: Mapping[str, BaseException]
    ) -> None:
        super().__init__(message)
        #: What failed, by name.
        self.errors = dict(errors)


class NotFound(ProtectorError):
    """There is no such thing, or it is another project's."""


class SiteUnreachable(ProtectorError):
    """The site gave no answer."""

    def __init__(
        self,
        message: str,
        *,
        site: str | None = None,
        request_id: str | None = None,
        sent: bool = False,
        hint: str | None = None,
        brief: str | None = None,
    ) -> None:
        super().__init__(message, site=site, request_id=request_id, hint=hint)
        #: Whether the request may have arrived all the same.
        self.sent = sent
        #: The same in a few words, without the site.
        self.brief = brief or message


class SiteNotReached(SiteUnreachable):
    """A certificate or a proxy stopped the request; the site may live."""


class UnreadableAnswer(SiteUnreachable):
    """An answer came without the JSON that belongs in it."""


class NotTheService(UnreadableAnswer):
    """Something else answered: a proxy, a portal, another service."""


class AuthenticationFailed(ProtectorError):
    """Keystone refused, or no credentials are given."""


class OutcomeUnknown(ProtectorError):
    """The request may have been carried out; the answer was lost."""


class HTTPError(ProtectorError):
    """The service answered with an error."""

    def __init__(
        self,
        message: str,
        *,
        code: int,
        title: str | None = None,
        reason: str | None = None,
        details: Mapping[str, Any] | None = None,
        method: str | None = None,
        url: str | None = None,
        site: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, site=site, request_id=request_id, hint=hint)
        #: The HTTP status.
        self.code = code
        self.title = title
        #: The service's reason, such as ``protector.wrong-site``.
        self.reason = reason
        self.details = dict(details or {})
        self.method = method
        self.url = url
        #: Seconds the service asked to wait.
        self.retry_after = retry_after
        self.is_from_service = True  # False for a proxy's


class BadRequest(HTTPError):
    """400: the request is wrong in itself."""


class MappingIncomplete(BadRequest):
    """A network or flavor in use has no counterpart at the target."""


class VolumeTypeNotReplicated(BadRequest):
    """A volume is of a type that is not replicated."""


class Unauthorized(HTTPError):
    """401: the token is not, or no longer, accepted."""


class Forbidden(HTTPError):
    """403: another project's, or the role is too small."""


class ResourceNotFound(HTTPError, NotFound):
    """404: there is no such resource, or it is another project's."""


class VersionRefused(HTTPError, VersionNotSupported):
    """406: the site does not offer the version that was sent."""


class Conflict(HTTPError):
    """409: the current state does not allow it."""


class PeerUnreachable(Conflict):
    """The site's peer does not answer, and the change needs it."""


class InvalidState(Conflict):
    """The group's status does not allow it."""


class OperationInProgress(Conflict):
    """The group has an unfinished operation."""


class TestNotCleaned(Conflict):
    """A test failover has not been cleaned up."""

    __test__ = False


class NothingToClean(Conflict):
    """There is no test to clean up."""


class OutOfSync(Conflict):
    """The sites hold different metadata."""


class WrongSite(Conflict):
    """The other site is primary; send the request there."""


class MetadataConflict(Conflict):
    """Both sites' metadata changed; a winner must be named."""


class PolicyMissing(Conflict):
    """The group has no replication policy."""


class NameConflict(Conflict):
    """The name is taken."""


class InUse(Conflict):
    """Something still uses it."""


class TooLarge(HTTPError):
    """413: the body is too large."""


class ServerError(HTTPError):
    """5xx."""


class ServiceUnavailable(ServerError):
    """502, 503, 504, 408, 429: the service cannot answer now."""


class OperationError(ProtectorError):
    """An operation that did not end well, as far as is known."""

    def __init__(
        self,
        message: str,
        *,
        operation: Operation | None = None,
        operation_id: str | None = None,
        site: str | None = None,
        leftovers: Sequence[Any] = (),
        advice: Advice | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(
            message,
            site=site,
            request_id=operation.request_id if operation else None,
            hint=hint,
        )
        #: The last record seen.
        self.operation = operation
        self.operation_id = operation_id or (
            operation.id if operation else None
        )
        #: What is left behind, as the service names it.
        self.leftovers = tuple(leftovers)
        #: The likely cause and the fix.
        self.advice = advice


class OperationFailed(OperationError):
    """The operation failed and was rolled back."""

    def __str__(self) -> str:
        # a site in the message may be the one that the service speaks of
        return f"{self.site}: {self.message}" if self.site else self.message


class OperationLeftovers(OperationFailed):
    """The operation failed and left something behind."""


class OperationEndedOtherwise(OperationLeftovers):
    """It ended in a status that this client does not know."""


class OperationPartial(OperationError):
    """A forced failover that could not rebuild every member."""


class WaitTimeout(OperationError):
    """The operation still runs at the timeout; it goes on."""


class OperationUnknown(OperationError, OutcomeUnknown):
    """No site that could know the operation has answered."""


__all__ = sorted(
    name
    for name, found in list(vars().items())
    if isinstance(found, type) and issubclass(found, ProtectorError)
)
