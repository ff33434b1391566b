"""Policies: how a group replicates."""

from __future__ import annotations

from protectorclient._http import urls
from protectorclient.records.policy import Policy
from protectorclient.records.protection_group import Group
from protectorclient.v1 import _manager

# /v1/{project}/protection-groups/{id}/policy
#   GET, POST, DELETE


class PolicyManager(_manager.Manager):
    """The one policy of each group."""

    def _path(self, group: Group) -> str:
        identity = urls.segment(_manager.id_of(group), "protection group")
        return self._http.tenant("protection-groups", identity, "policy")

    def get(self, group: Group) -> Policy:
        """Return the policy; ``GET policy``. *1.0*

        :param group: the group's id, or a record of it.
        :returns: the policy, without its API tokens.
        :raises NotFound: the group has none, or there is no such group.
        :raises SiteUnreachable: the site gives no answer.
        """
        return self._record(
            Policy, self._http.get(self._path(group), "policy")
        )

    def set(
        self,
        group: Group,
        *,
        primary_fa_url: str,
        secondary_fa_url: str,
        primary_fa_api_token: str | None = None,
        secondary_fa_api_token: str | None = None,
        replication_interval: int | None = None,
        rpo_minutes: int | None = None,
    ) -> Policy:
        """Create or replace the policy; ``POST policy``. *1.0*

        :param group: the group's id, or a record of it.
        :param primary_fa_url: the FlashArray at the primary site.
        :param secondary_fa_url: the FlashArray at the secondary site.
        :param primary_fa_api_token: kept encrypted, never answered. One
            that is not given stays as it was; at first both are needed.
        :param secondary_fa_api_token: the same, of the other array.
        :param replication_interval: seconds; the service's default is
            300.
        :param rpo_minutes: the age in minutes that a recovery point may
            have.
        :returns: the policy as it is now.
        :raises BadRequest: a field, named, is wrong or missing.
        :raises OperationInProgress: the group has an unfinished operation.
        :raises PeerUnreachable: the other site does not answer.
        :raises OutcomeUnknown: the answer was lost; it may have been done.
        """
        data = self._write(
            "POST",
            self._path(group),
            "policy",
            {
                "primary_fa_url": primary_fa_url,
                "secondary_fa_url": secondary_fa_url,
                "primary_fa_api_token": primary_fa_api_token,
                "secondary_fa_api_token": secondary_fa_api_token,
                "replication_interval": replication_interval,
                "rpo_minutes": rpo_minutes,
            },
            secrets=[
                token
                for token in (primary_fa_api_token, secondary_fa_api_token)
                if token
            ],
        )
        return self._record(Policy, data)

    def delete(self, group: Group) -> None:
        """Stop replicating by a policy; ``DELETE policy``. *1.0*

        :param group: the group's id, or a record of it.
        :raises NotFound: the group has none, or there is no such group.
        :raises OperationInProgress: the group has an unfinished operation.
        :raises PeerUnreachable: the other site does not answer.
        :raises OutcomeUnknown: the answer was lost; it may have been done.
        """
        self._http.call("DELETE", self._path(group))
