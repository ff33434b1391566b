"""Move the groups of a run back that were moved, the last one first."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.exit_codes import ExitCode
from protectorclient.plan.execution import events, history
from protectorclient.plan.execution.scripts import Script, until
from protectorclient.plan.execution.state import GroupState
from protectorclient.plan.file import model
from protectorclient.polling.events import Outcome

if TYPE_CHECKING:
    from protectorclient.plan.execution.context import Context

#: The way back of each action that moves a group.
_BACK = {"failover": "failback", "failback": "failover"}


def roll_back(context: Context) -> Script[None]:
    """Move what was moved back, in the reverse of its order.

    Before a group of a wave that had passed a gate a person is asked.
    """
    state = context.state
    waves = sorted(
        context.waves,
        key=lambda one: state.waves[one.name].began_at or "",
        reverse=True,
    )
    for wave in waves:
        moved = [one for one in state.of_wave(wave.name) if one.is_moved]
        if moved and state.waves[wave.name].gate == "yes":
            agreed = yield from _ask(context, wave)
            if not agreed:
                context.announce(
                    events.Stopped,
                    why=f"the rollback of wave '{wave.name}' is not approved",
                    code=int(ExitCode.NOT_CONFIRMED),
                )
                return
        for group in sorted(
            moved, key=lambda one: one.began_at or "", reverse=True
        ):
            yield from _back(context, group)


def _ask(context: Context, wave: model.Wave) -> Script[bool]:
    """Ask before groups are moved back whose wave had passed a gate."""
    own = context.state.waves[wave.name]
    assert wave.gate is not None
    question = f"Roll back wave '{wave.name}'?"
    gate = dataclasses.replace(wave.gate, question=question, then="stop")
    if own.back_gate is None:
        context.write(
            "rollback-gate",
            wave=wave.name,
            question=question,
            seconds=gate.timeout,
        )

    def answer(said: bool, by: str, reason: str) -> None:
        context.write(
            "rollback-answered",
            wave=wave.name,
            answer="yes" if said else "no",
            by=by,
            reason=reason,
        )

    def is_answered() -> bool:
        if own.back_gate in ("yes", "no"):
            return True
        if context.age(own.back_gate) >= gate.timeout:
            answer(False, "nobody", f"no answer in {gate.timeout:g} s")
            return True
        said = context.tools.ask(f"{wave.name}, rollback", gate)
        if said is not None:
            answer(said, context.journal.by, "typed")
        return said is not None

    yield from until(is_answered)
    return own.back_gate == "yes"


def _back(context: Context, group: GroupState) -> Script[None]:
    state = context.state
    action = _BACK.get(state.action, "test_cleanup")
    request_id = state.request_id(
        group.id, f"back-{action}", group.site or "", group.back_attempt
    )
    context.write("back-posting", group=group.id, request_id=request_id)

    def send() -> history.SiteOperation:
        own = history.find(
            context.pair, context.site_id, group.id, {request_id}
        )
        if own is not None:
            return own
        prepared = context.pair.anew().prepare(
            action, group.id, reason=f"rollback of plan {state.plan.name}"
        )
        started = dataclasses.replace(prepared, request_id=request_id).send()
        return history.SiteOperation(
            started.operation, context.site_id(started.site.name)
        )

    task = context.tools.pool.submit(send)
    yield from until(task.is_over)
    try:
        found = task.result()
    except exceptions.ProtectorError as error:
        context.write("rolled-back", group=group.id, result=f"failed: {error}")
        return
    identity = found.operation.id
    yield from until(context.follow(identity, found.site))
    end = context.ends[identity]
    context.write(
        "rolled-back",
        group=group.id,
        operation_id=identity,
        result="completed"
        if end.outcome is Outcome.COMPLETED
        else f"{end.outcome.value}: {identity}",
    )
