"""The ports that an operation notes before it deletes an instance."""

import pathlib

from fakeserver.base.db import Database
from fakeserver.engine.model.operation_record import OperationRecord
from fakeserver.store import operations, schema
from fakeserver.store.operations import Operation
from tests.helpers.api_parts import operation

APART = "SELECT * FROM pg_operation_ports"


def test_they_are_written_apart_until_the_state_is(
    tmp_path: pathlib.Path,
) -> None:
    db = Database(tmp_path / "site.db", schema.SCHEMA)
    record = OperationRecord.from_json(operation(1))
    made, other = (
        Operation(id_, "p", "g", "failover", id_, record)
        for id_ in ("op", "other")
    )
    made.state.ports = {"first": ["0"], "second": ["1"]}
    with db.transaction() as tx:
        operations.add(tx, made)
        operations.add(tx, other)
        for server, ports in (("second", ["2", "3"]), ("third", [])):
            made.state.ports[server] = ports
            operations.save_ports(tx, made, server)
        operations.save_record(tx, made)
    for found in (
        operations.find(db, "op"),
        operations.by_request(db, "p", "g", "op"),
        operations.unfinished(db, "g")[0],
    ):
        assert found is not None
        assert found.state.ports == {
            "first": ["0"],
            "second": ["2", "3"],
            "third": [],
        }
    again = operations.find(db, "other")
    assert again is not None
    assert again.state.ports == {}
    # what is deleted by now is not there again
    made.state.ports = {"third": []}
    with db.transaction() as tx:
        operations.save(tx, made)
    found = operations.find(db, "op")
    assert found is not None
    assert found.state.ports == {"third": []}
    with db.transaction() as tx:
        operations.save_ports(tx, made, "third")
        operations.discard(tx, "op")
    assert not db.all(APART)
    db.close()
