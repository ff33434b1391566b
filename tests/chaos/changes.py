"""What people change of a group while other things happen to it.

Each change that was answered with a yes must be there at the end, each that
was refused must have changed nothing; where nobody answered, either is fine.
"""

from typing import Any

from fakeserver.base.seed_world import ARRAYS
from tests.chaos.people import UNFINISHED, Operator

#: the member that is taken out, and put back
LOOSE = {"prod-web-app": "web-3", "prod-db": "db-2"}
ACTS = ("policy", "describe", "remove", "add")
Policy = tuple[int, int]


class Changes:
    """The changes of one group, and what may have come of them."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator
        seeded = next(
            one for one in operator.world.groups if one.id == operator.id
        )
        self._ids = {one.name: one.id for one in seeded.servers}
        #: what may stand in the documents now
        self.descriptions = {seeded.description}
        self.policies: set[Policy] = {(300, 15)}
        self.members = {frozenset(self._ids)}
        #: what may have stood in any of them, ever
        self.past: set[Any] = self.descriptions | self.policies | self.members
        self._number = 0

    def came_anew(self, name: str) -> None:
        """A member was taken out and protected again, before it all."""
        self.past.add(frozenset(set(self._ids) - {name}))

    def make(self, act: str, unfinished: bool = False) -> str:
        """Ask for a change; ``unfinished``: it has to be refused."""
        operator, site = self._operator, self._operator.primary()
        if site is None or not operator.pair.site(site).running:
            return "nobody there"
        self._number += 1
        status, body = getattr(self, f"_{act}")(site)
        refused = isinstance(body, dict) and "error" in body
        if unfinished and status:
            reason = body["error"]["reason"] if refused else status
            if reason != UNFINISHED and status < 500:
                operator.complaints.append(
                    f"{act} while an operation was unfinished: {reason}"
                )
        return f"{act}: {status} {body['error']['reason'] if refused else ''}"

    def _call(self, site: str, method: str, path: str, json: Any) -> Any:
        path = f"protection-groups/{self._operator.id}{path}"
        return self._operator.call(site, method, path, json)

    def _known(self, field: str, value: Any, status: int) -> None:
        """Take down what an answer says of a change."""
        held = getattr(self, field)
        if 200 <= status < 300:
            held = {value}
        elif status == 0 or status >= 500:
            held = held | {value}
        setattr(self, field, held)
        # what is refused may have stood there until it was
        self.past.add(value)

    # -- one change each

    def _policy(self, site: str) -> Any:
        interval, rpo = 60 * (2 + self._number), 30 + self._number
        given = {
            "primary_fa_url": f"https://{ARRAYS['site-a']}.example.com",
            "secondary_fa_url": f"https://{ARRAYS['site-b']}.example.com",
            "replication_interval": interval,
            "rpo_minutes": rpo,
        }
        answer = self._call(site, "POST", "/policy", {"policy": given})
        self._known("policies", (interval, rpo), answer[0])
        return answer

    def _describe(self, site: str) -> Any:
        text = f"Described the {self._number}. time"
        body = {"protection_group": {"description": text}}
        answer = self._call(site, "PATCH", "", body)
        self._known("descriptions", text, answer[0])
        return answer

    def _remove(self, site: str) -> Any:
        loose = LOOSE[self._operator.name]
        status, body = self._call(site, "GET", "/members", None)
        if status != 200:
            return status, body
        for one in body["members"]:
            if one["instance_name"] == loose:
                answer = self._call(
                    site, "DELETE", f"/members/{one['id']}", None
                )
                self._change_members({loose}, set(), answer[0])
                return answer
        return 0, None

    def _add(self, site: str) -> Any:
        loose = LOOSE[self._operator.name]
        body = {"member": {"instance_id": self._ids[loose]}}
        answer = self._call(site, "POST", "/members", body)
        self._change_members(set(), {loose}, answer[0])
        return answer

    def _change_members(
        self, gone: set[str], come: set[str], status: int
    ) -> None:
        after = {frozenset((held - gone) | come) for held in self.members}
        self.past |= after
        if status == 0 or status >= 500:
            after |= self.members
        elif status >= 300:
            return
        self.members = after
