"""Members: the instances of a group, with what rebuilds them."""

from __future__ import annotations

from collections.abc import Iterator

from protectorclient._http import urls
from protectorclient.records.member import (
    Member,
)
from protectorclient.records.protection_group import Group
from protectorclient.v1 import _manager

# /v1/{project}/protection-groups/{id}/members
#   GET list, POST add; /{member}: GET, DELETE


class MemberManager(_manager.Manager):
    """The members of a group."""

    def _path(self, group: Group, *rest: str) -> str:
        identity = urls.segment(_manager.id_of(group), "protection group")
        return self._http.tenant(
            "protection-groups", identity, "members", *rest
        )

    def _one(self, group: Group, member: Member | str) -> str:
        return self._path(
            group, urls.segment(_manager.id_of(member), "member")
        )

    def list(
        self,
        group: Group,
        *,
        limit: int | None = None,
        page_size: int | None = None,
        marker: str | None = None,
    ) -> Iterator[Member]:
        """Iterate over members, by name; ``GET members``. *1.0*

        :param group: the group's id, or a record of it.
        :param limit: stop after so many.
        :param page_size: so many at one request.
        :param marker: begin after the member of this id.
        :returns: the members; each page is asked for when it is needed.
        :raises NotFound: there is no such group in the project.
        :raises SiteUnreachable: the site gives no answer.
        """
        return self._pages(
            Member,
            self._path(group),
            "members",
            limit=limit,
            page_size=page_size,
            marker=marker,
        )

    def get(self, group: Group, member: Member | str) -> Member:
        """Return a member by id; ``GET members/{id}``. *1.0*

        :param group: the group's id, or a record of it.
        :param member: its id, or a record of it.
        :returns: the member, sizes in MiB and GiB as Nova and Cinder tell.
        :raises NotFound: there is no such group or member.
        :raises SiteUnreachable: the site gives no answer.
        """
        return self._listed(
            Member,
            self._one(group, member),
            "member",
            _manager.id_of(member),
            lambda: self.list(group),
        )

    def find(self, group: Group, name_or_id: Member | str) -> Member:
        """Find a member by id, instance id or exact name; ``GET members``.
        *1.0*

        :param group: the group's id, or a record of it.
        :param name_or_id: of the member or its instance, or a record.
        :returns: the member.
        :raises NotFound: there is none.
        :raises NotUnique: several instances have the name.
        :raises SiteUnreachable: the site gives no answer.
        """
        wanted = _manager.id_of(name_or_id)
        every = tuple(self.list(group))
        for member in every:
            if wanted in (member.id, member.instance_id):
                return member
        return self._find(
            wanted, "member", lambda key: self.get(group, key), lambda: every
        )

    def add(self, group: Group, instance_id: str) -> Member:
        """Protect an instance; ``POST members``. *1.0*

        Asked of the current primary, which reads it from Nova and Cinder.

        :param group: the group's id, or a record of it.
        :param instance_id: in Nova.
        :returns: the new member.
        :raises BadRequest: there is no such instance in the project.
        :raises VolumeTypeNotReplicated: one of its volumes, named, is
            not replicated.
        :raises InUse: it is a member of a group already.
        :raises InvalidState: the group is not ``active``.
        :raises OperationInProgress: the group has an unfinished operation.
        :raises WrongSite: the other site is the primary.
        :raises PeerUnreachable: the other site does not answer.
        :raises OutcomeUnknown: the answer was lost; it may have been done.
        """
        data = self._write(
            "POST",
            self._path(group),
            "member",
            {"instance_id": instance_id},
        )
        return self._record(Member, data)

    def remove(self, group: Group, member: Member | str) -> None:
        """Protect an instance no more; ``DELETE members/{id}``. *1.0*

        The instance and its volumes stay as they are. Asked of the
        current primary.

        :param group: the group's id, or a record of it.
        :param member: its id, or a record of it.
        :raises NotFound: there is no such group or member.
        :raises InvalidState: the group is not ``active``.
        :raises OperationInProgress: the group has an unfinished operation.
        :raises WrongSite: the other site is the primary.
        :raises PeerUnreachable: the other site does not answer.
        :raises OutcomeUnknown: the answer was lost; it may have been done.
        """
        self._http.call("DELETE", self._one(group, member))
