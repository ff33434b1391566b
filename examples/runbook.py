"""A runbook: check a plan, drill it, and clean up.

    python runbook.py plan.yaml journal.jsonl

The clouds are those of clouds.yaml: OS_CLOUD and OS_SECONDARY_CLOUD.
"""

import sys

from protectorclient import SitePair, plan
from protectorclient.exceptions import ProtectorError


def main(plan_file: str, journal: str) -> int:
    pair = SitePair.open()
    city = plan.load(plan_file)
    report = plan.check(pair, city, action="test_failover")
    for problem in report.problems:
        print("problem:", problem)
    if report.exit_code:
        return int(report.exit_code)
    code = 1
    for event in plan.run(
        pair,
        city,
        journal=journal,
        action="test_failover",
        retain_primary=True,
    ):
        print(event.at, event.name, event.fields.get("group", ""))
        if event.name == "gate-opened":
            print("waiting for: protector plan approve", journal)
        if event.name == "ended":
            code = event.fields["code"]
    for group in pair.reads.groups().value:
        try:
            started = pair.test_cleanup(group.id)
        except ProtectorError as error:
            print(group.name, error)
            continue
        pair.wait(started.operation)
        print(group.name, "is cleaned up")
    return int(code)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
