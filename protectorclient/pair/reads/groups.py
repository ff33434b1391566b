"""Read groups from both sites at once.

Each question is put to both sites, and the answer shown is that of the
site that is ahead: a site that was cut off holds what was true before. When
one has answered, the other is waited for a little more, whatever it does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from protectorclient import exceptions
from protectorclient.pair.both_sites import need_excuse
from protectorclient.pair.location import rank
from protectorclient.pair.reads import answer
from protectorclient.pair.reads.answer import Answer, Copy
from protectorclient.pair.reads.lists import ListReads
from protectorclient.polling.silence import NO_ANSWER
from protectorclient.v1 import _manager

if TYPE_CHECKING:
    from protectorclient.pair.site_facts import SiteFacts
    from protectorclient.records.consistency_group import ConsistencyGroup
    from protectorclient.records.member import Member
    from protectorclient.records.operation import Operation
    from protectorclient.records.policy import Policy
    from protectorclient.records.protection_group import Group, ProtectionGroup

T = TypeVar("T")


class Reads(ListReads):
    """What can be read of groups, each read asked of both sites at once::

        found = pair.reads.group("prod-web-app")
        for warning in found.warnings:
            log.warning(warning)
        print(found.value.status, "at", found.site.name)

    A site that did not answer in time is not asked again by the same
    object.
    """

    # One group

    def of_group(
        self,
        group: Group,
        question: Callable[[SiteFacts, ProtectionGroup], T],
    ) -> Answer[T]:
        """Fetch what the site says of a group that is ahead with it.

        :param group: its name or id, or a record of it.
        :param question: takes what a site has been asked, and the group as
            that site has it.
        :returns: the answer, and the warnings that go with it.
        :raises NotFound: no site that answers has it.
        :raises NotUnique: the sites know two groups by this name.
        :raises SiteUnreachable: neither site answers.
        """
        wanted = _manager.id_of(group)

        copies, errors = self.ask(
            lambda facts: self._copy(facts, facts.find(wanted), question)
        )
        self.find_renamed(
            copies,
            errors,
            lambda copy: copy.group.id,
            lambda facts, identity: self._copy(
                facts, facts.get(identity), question
            ),
        )
        if not copies:
            raise self._nowhere(wanted, errors)
        need_excuse(errors)
        from protectorclient.pair import locate

        locate.one_group(
            wanted, {name: copy.group for name, copy in copies.items()}
        )
        return self._chosen(list(copies.values()), errors)

    def _copy(
        self,
        facts: SiteFacts,
        group: ProtectionGroup,
        question: Callable[[SiteFacts, ProtectionGroup], T],
    ) -> Copy[T]:
        self.learn_names(facts)
        try:
            return Copy(facts, group, question(facts, group))
        except NO_ANSWER:
            raise
        except exceptions.ProtectorError as error:
            return Copy(facts, group, error=error)

    def _chosen(
        self,
        copies: Sequence[Copy[T]],
        errors: Mapping[str, exceptions.ProtectorError],
    ) -> Answer[T]:
        ahead = max(copies, key=lambda copy: rank(copy.group))
        if ahead.error is not None:
            raise ahead.error
        warnings = []
        difference = answer.difference(copies, ahead)
        if difference is not None:
            warnings.append(difference)
        instead = answer.whose(ahead.facts.name, ahead.group)
        warnings += answer.silence(errors, instead, ahead.group.name)
        warnings += self.only(instead)
        assert_value: T = ahead.value  # type: ignore[assignment]
        return Answer(
            value=assert_value,
            facts=ahead.facts,
            group=ahead.group,
            warnings=tuple(warnings),
            next=answer.reconcile([ahead.group.name] if difference else []),
            errors=errors,
        )

    def group(self, group: Group) -> Answer[ProtectionGroup]:
        """Fetch a group, as the site has it that is ahead.

        :param group: its name or id, or a record of it.
        :returns: the group; raises as `of_group` does.
        """
        return self.of_group(group, lambda facts, found: found)

    def members(
        self,
        group: Group,
        *,
        limit: int | None = None,
        marker: str | None = None,
    ) -> Answer[list[Member]]:
        """Fetch the members of a group, as the site has them that is ahead.

        :param group: its name or id, or a record of it.
        :param limit: stop after so many.
        :param marker: begin after the member of this id.
        :returns: the members; raises as `of_group` does.
        """
        return self.of_group(
            group,
            lambda facts, found: facts.members(found.id, limit, marker),
        )

    def policy(self, group: Group) -> Answer[Policy]:
        """Fetch the policy of a group, as the site has it that is ahead.

        :param group: its name or id, or a record of it.
        :returns: the policy; raises as `of_group` does.
        """
        return self.of_group(
            group, lambda facts, found: facts.policy(found.id)
        )

    def consistency_group(self, group: Group) -> Answer[ConsistencyGroup]:
        """Volumes and recovery points, as the site has them that is ahead.

        :param group: its name or id, or a record of it.
        :returns: the consistency group; raises as `of_group` does.
        """
        return self.of_group(
            group, lambda facts, found: facts.storage(found.id)
        )

    # Operations

    def operation(
        self, operation_id: str, *, at: str | None = None
    ) -> Answer[Operation]:
        """Fetch an operation, from the site that has started it.

        The sites are asked one after the other: one alone knows it. A site
        that does not answer within the grace is not waited for before the
        other one is asked.

        :param operation_id: ``op-<uuid>``.
        :param at: the name of the site that is known to know it.
        :returns: its record, and the site.
        :raises NotFound: each site says that there is none.
        :raises OperationUnknown: one says so, the other says nothing.
        """

        def ask(facts: SiteFacts) -> tuple[SiteFacts, Operation]:
            found = facts.operation(operation_id)
            self.learn_names(facts)
            return facts, found

        found, errors = self.ask(
            ask, None if at is None else {at}, in_turn=True
        )
        if not found:
            raise self.unknown(operation_id, errors)
        need_excuse(errors)
        facts, operation = next(iter(found.values()))
        instead = answer.whose(facts.name)
        others = {
            name: error
            for name, error in errors.items()
            if not isinstance(error, exceptions.NotFound)
        }
        return Answer(
            value=operation,
            facts=facts,
            warnings=(
                *answer.silence(others, instead),
                *self.only(instead),
            ),
            errors=errors,
        )

    # What is raised

    def _nowhere(
        self, wanted: str, errors: Mapping[str, exceptions.ProtectorError]
    ) -> exceptions.ProtectorError:
        """Make the error for a group that no site has."""
        lonely = self.lonely(errors)
        if lonely is not None:
            return lonely
        for error in errors.values():
            if not isinstance(error, (*NO_ANSWER, exceptions.NotFound)):
                return error
        from protectorclient.pair import locate

        return locate.nowhere(wanted, errors)
