"""The pair before two live sites: who is asked, and what names mean."""

import json
from collections.abc import Iterator

import pytest
import requests
from keystoneauth1 import session

from fakeserver.local.pair import LocalPair
from protectorclient import exceptions
from protectorclient.config.cloud import Access
from protectorclient.exit_codes import code_for
from protectorclient.pair.site import SiteHandle
from protectorclient.pair.site_pair import SitePair
from protectorclient.preflight.findings import Severity
from protectorclient.preflight.run import run_checks
from tests.helpers.library_parts import DB, NETWORKS, WEB, Live, opened
from tests.helpers.sampling import sampled

PEER = "Cannot modify protection group — remote site unreachable"
BACK = {"net-secondary-web": "net-primary-web"}


@pytest.fixture(scope="module")
def opened_pair() -> Iterator[LocalPair]:
    yield from opened()


@pytest.fixture
def live(opened_pair: LocalPair) -> Iterator[Live]:
    for site in opened_pair.sites.values():
        site.start()
    opened_pair.reset()
    yield Live(opened_pair)
    opened_pair.clear_faults()


def unfinished(live: Live, *clouds: str) -> int:
    return sum(
        len(list(live.client(cloud).operations.list()))
        for cloud in clouds or ("site-a", "site-b")
    )


# Who is who


def test_who_is_primary(live: Live) -> None:
    located = live.sites().locate(WEB)
    assert (located.current.name, located.other.name) == ("site-a", "site-b")
    assert located.dead is None
    assert located.site_name(located.group.primary_site_id) == "site-a"
    assert set(located.groups) == {"site-a", "site-b"}


def test_who_is_primary_after_a_failover(live: Live) -> None:
    live.failed_over()
    located = live.sites().locate(WEB)
    assert (located.current.name, located.other.name) == ("site-b", "site-a")


def test_the_order_of_the_two_clouds_does_not_matter(live: Live) -> None:
    swapped = type(live.sites())(live.handle("site-b"), live.handle("site-a"))
    assert swapped.locate(WEB).current.name == "site-a"
    started = swapped.failover(WEB, network_mapping=NETWORKS)
    assert started.site.name == "site-a"


def test_a_pair_made_anew_knows_nothing(live: Live) -> None:
    """A long-lived pair keeps versions and site records; this one asks."""
    from protectorclient.preflight import run

    pair = live.sites()
    assert (
        run.exit_code(run.run_checks(pair, WEB, only=["reachable"]).findings)
        == 0
    )
    live.pair.site("site-a").kill()
    found = run.run_checks(pair.anew(), WEB, only=["reachable"])
    assert run.exit_code(found.findings) == 3


@pytest.mark.parametrize("dead", ["site-a", "site-b"])
def test_one_dead_site_is_fine(live: Live, dead: str) -> None:
    live.pair.site(dead).kill()
    located = live.sites().locate(WEB)
    assert (located.current.name, located.other.name) == ("site-a", "site-b")
    assert located.dead is not None
    assert located.dead.name == dead


def test_two_dead_sites_are_not(live: Live) -> None:
    for site in live.pair.sites.values():
        site.kill()
    with pytest.raises(exceptions.SiteUnreachable) as caught:
        live.sites().locate(WEB)
    assert code_for(caught.value) == 6
    assert "site-a" in str(caught.value)
    assert "site-b" in str(caught.value)


def test_an_unknown_group(live: Live) -> None:
    with pytest.raises(exceptions.NotFound, match="'no-such'"):
        live.sites().locate("no-such")
    live.pair.site("b").kill()
    with pytest.raises(exceptions.NotFound, match="site-b does not answer"):
        live.sites().locate("no-such")


def test_the_site_that_is_ahead_is_believed(live: Live) -> None:
    live.pair.site("a").kill()
    started = live.sites().failover(
        WEB, unplanned=True, network_mapping=NETWORKS
    )
    live.finish(started.operation, "site-b")
    live.pair.site("a").start()
    located = live.sites().locate(WEB)
    assert located.current.name == "site-b"
    assert located.groups["site-a"].current_primary_site_id != (
        located.group.current_primary_site_id
    )


def test_two_names_of_one_site(live: Live) -> None:
    twice = type(live.sites())(
        live.handle("site-a"), live.handle("site-a-admin")
    )
    with pytest.raises(exceptions.ConfigProblem, match="same site"):
        twice.locate(WEB)


def test_somebody_elses_group(live: Live) -> None:
    with pytest.raises(exceptions.NotFound):
        live.sites("-rival").locate(live.group().id)


# Names


def test_names_and_ids_are_resolved_each_at_its_own_site(live: Live) -> None:
    pair = live.sites()
    source = pair.primary.finder.network("net-primary-web")
    target = pair.secondary.finder.network("net-secondary-web")
    for given in (
        {source.name: target.name},
        {source.id: target.name},
        {source.name: target.id},
        {source.id: target.id},
    ):
        prepared = live.sites().prepare("failover", WEB, network_mapping=given)
        assert prepared.parameters["network_mapping"] == {source.id: target.id}
    assert unfinished(live) == 0


def test_flavors_too(live: Live) -> None:
    started = live.sites().failover(
        DB,
        network_mapping={"net-primary-db": "net-secondary-db"},
        flavor_mapping={"db.big": "db.large"},
    )
    done = live.finish(started.operation)
    pair = live.sites()
    assert done.parameters["flavor_mapping"] == {
        pair.primary.finder.flavor("db.big").id: (
            pair.secondary.finder.flavor("db.large").id
        )
    }


def test_what_the_group_does_not_use_is_left_out(live: Live) -> None:
    started = live.sites().failover(
        WEB,
        network_mapping={**NETWORKS, "net-primary-db": "net-secondary-db"},
    )
    assert len(started.operation.parameters["network_mapping"]) == 1
    (warning,) = started.warnings
    assert "'net-primary-db'" in warning


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"net-nope": "net-secondary-web"}, "site-a: .*'net-nope'"),
        ({"net-primary-web": "net-nope"}, "site-b: .*'net-nope'"),
        ({"net-secondary-web": "net-primary-web"}, "site-a: "),
    ],
)
def test_unknown_names_change_nothing(
    live: Live, mapping: dict[str, str], words: str
) -> None:
    with pytest.raises(exceptions.NotFound, match=words) as caught:
        live.sites().failover(WEB, network_mapping=mapping)
    assert code_for(caught.value) == 1
    assert unfinished(live) == 0


def test_a_name_that_two_networks_share(live: Live) -> None:
    networks = live.sites().secondary.finder.networks()
    pair = live.sites()
    twin = {**networks[0], "id": "11111111-0000-4000-8000-000000000000"}
    pair.secondary.finder._kept["networks"] = [*networks, twin]
    with pytest.raises(exceptions.NotUnique) as caught:
        pair.failover(
            WEB, network_mapping={"net-primary-web": networks[0]["name"]}
        )
    assert set(caught.value.ids) == {networks[0]["id"], twin["id"]}
    assert unfinished(live) == 0


def test_an_incomplete_mapping(live: Live) -> None:
    with pytest.raises(exceptions.MappingIncomplete) as caught:
        live.sites().failover(DB)
    assert code_for(caught.value) == 1
    assert unfinished(live) == 0


def test_one_list_request_for_each_kind(live: Live) -> None:
    pair = live.sites()
    asked: list[str] = []
    session = pair.secondary.access.session
    original = session.request

    def counted(url: str, method: str, **kwargs: object) -> object:
        asked.append(url)
        return original(url, method, **kwargs)  # type: ignore[arg-type]

    session.request = counted  # type: ignore[method-assign, assignment]
    pair.prepare(
        "failover",
        DB,
        network_mapping={
            "net-primary-db": "net-secondary-db",
            "net-primary-web": "net-secondary-web",
        },
        flavor_mapping={"db.big": "db.large", "m1.large": "m2.large"},
    )
    listed = [url for url in asked if "/networks" in url or "/fla" in url]
    assert len(listed) == 2


# Planned


def test_there_and_back(live: Live) -> None:
    started = live.sites().failover(WEB, network_mapping=NETWORKS)
    assert started.site.name == "site-a"
    done = live.finish(started.operation)
    assert (done.result_data or {})["volumes_managed"] == 5
    back = live.sites().failback(
        WEB, reverse_replication=True, network_mapping=BACK
    )
    assert back.site.name == "site-b"
    live.finish(back.operation, "site-b")
    assert live.sites().locate(WEB).current.name == "site-a"
    assert live.group().status == "active"


def test_a_test_and_its_clean_up(live: Live) -> None:
    test = live.sites().test_failover(
        WEB, retain_primary=True, network_mapping=NETWORKS
    )
    assert test.operation.operation_type == "test_failover"
    live.finish(test.operation)
    with pytest.raises(exceptions.TestNotCleaned):
        live.sites().failover(WEB, network_mapping=NETWORKS)
    live.finish(live.sites().test_cleanup(WEB).operation)
    live.finish(live.sites().sync_volumes(WEB).operation)


def test_a_failback_of_an_active_group(live: Live) -> None:
    with pytest.raises(exceptions.InvalidState) as caught:
        live.sites().failback(WEB)
    said = "Protection Group is not in failed_over state"
    assert caught.value.message == said
    assert code_for(caught.value) == 5


@pytest.mark.parametrize("mapping", [None, NETWORKS])
def test_planned_with_a_dead_target(
    live: Live, mapping: dict[str, str] | None
) -> None:
    live.pair.site("b").kill()
    with pytest.raises(exceptions.PeerUnreachable) as caught:
        live.sites().failover(WEB, network_mapping=mapping)
    assert caught.value.message == PEER
    assert code_for(caught.value) == 6


def test_planned_with_a_dead_primary(live: Live) -> None:
    live.pair.site("a").kill()
    with pytest.raises(exceptions.SiteUnreachable, match="primary") as caught:
        live.sites().failover(WEB)
    assert code_for(caught.value) == 6
    assert "unplanned" in (caught.value.hint or "")


def test_a_second_action_while_one_runs(live: Live) -> None:
    live.sites().sync_volumes(WEB)
    with pytest.raises(exceptions.OperationInProgress) as caught:
        live.sites().failover(WEB, network_mapping=NETWORKS)
    assert code_for(caught.value) == 5


def test_a_reader_may_not(live: Live) -> None:
    groups = live.client("site-a-auditor").protection_groups
    with pytest.raises(exceptions.Forbidden) as caught:
        groups.sync_volumes(live.group())
    assert code_for(caught.value) == 7
    assert str(caught.value).startswith("site-a-auditor: ")


# Unplanned


def test_unplanned_with_the_primary_killed(live: Live) -> None:
    live.pair.site("a").kill()
    started = live.sites().failover(
        WEB,
        unplanned=True,
        network_mapping={**NETWORKS, "net-primary-db": "net-secondary-db"},
        flavor_mapping={"m1.large": "m2.large"},
    )
    assert started.site.name == "site-b"
    assert started.operation.parameters["force"] is True
    assert len(started.operation.parameters["network_mapping"]) == 1
    (warning,) = started.warnings
    assert "'net-primary-db'" in warning
    done = live.finish(started.operation, "site-b")
    assert (done.result_data or {})["instances_created"] == 3
    report = live.sites().sync_status(WEB)
    assert report.status == "UNREACHABLE"
    assert set(report.errors) == {"site-a"}

    live.pair.site("a").start()
    report = live.sites().sync_status(WEB)
    assert report.status == "OUT_OF_SYNC"
    assert set(report.sides) == {"site-a", "site-b"}
    assert live.sites().sync_force(WEB).status == "IN_SYNC"
    assert live.sites().sync_status(WEB).in_sync


def test_unplanned_while_the_primary_answers(live: Live) -> None:
    with pytest.raises(exceptions.PrimaryAnswers) as caught:
        live.sites().failover(WEB, unplanned=True, network_mapping=NETWORKS)
    assert code_for(caught.value) == 5
    assert unfinished(live) == 0
    started = live.sites().failover(
        WEB,
        unplanned=True,
        accept_divergence=True,
        network_mapping=NETWORKS,
    )
    assert started.site.name == "site-b"


def test_unplanned_while_only_keystone_is_dead(live: Live) -> None:
    live.pair.fault("503", site="site-a", match="/identity")
    with pytest.raises(exceptions.PrimaryAnswers):
        live.sites().failover(WEB, unplanned=True, network_mapping=NETWORKS)


def by_dead_proxy(live: Live, cloud: str) -> SiteHandle:
    """A site of which only a proxy could tell, and that is dead."""
    below = requests.Session()
    below.trust_env = False
    below.proxies = {"http": "http://demo:s3cr3t@127.0.0.1:1"}
    made = session.Session(auth=live.pair.session(cloud).auth, session=below)
    return SiteHandle(cloud, Access(cloud, made, region_name="RegionOne"))


@pytest.mark.parametrize("is_dead", [True, False])
def test_a_dead_proxy_does_not_prove_the_primary_dead(
    live: Live, is_dead: bool
) -> None:
    """Its peer does not hear from it either: the proof needs both."""
    if is_dead:
        live.pair.site("a").kill()
    else:
        live.pair.fault("partition")
    sites = SitePair(by_dead_proxy(live, "site-a"), live.handle("site-b"))
    with pytest.raises(exceptions.NotProvenDead) as caught:
        sites.failover(WEB, unplanned=True, network_mapping=NETWORKS)
    assert code_for(caught.value) == 5
    assert str(caught.value) == (
        "site-a may be alive. Unplanned failover refused: both sites could"
        " run the group. The questions do not reach site-a: the proxy"
        " http://127.0.0.1:1 cannot be reached: connection refused; to go"
        " around it, add 127.0.0.1 to NO_PROXY"
    )
    assert unfinished(live, "site-b") == 0
    checked = run_checks(sites, WEB, "unplanned")
    (row,) = (one for one in checked.findings if one.id == "primary-silent")
    assert row.severity is Severity.PROBLEM
    started = sites.failover(
        WEB, unplanned=True, accept_divergence=True, network_mapping=NETWORKS
    )
    assert started.site.name == "site-b"


def test_unplanned_with_a_dead_survivor(live: Live) -> None:
    live.pair.site("b").kill()
    with pytest.raises(exceptions.SiteUnreachable) as caught:
        live.sites().failover(WEB, unplanned=True, accept_divergence=True)
    assert caught.value.site == "site-b"


def test_only_a_failover_is_unplanned(live: Live) -> None:
    with pytest.raises(exceptions.UsageProblem):
        live.sites().prepare("failback", WEB, unplanned=True)


# What would be sent is what is sent


def test_outgoing_is_what_goes_out(live: Live) -> None:
    pair = live.sites()
    prepared = pair.prepare(
        "failover", WEB, network_mapping=NETWORKS, reason="a drill"
    )
    shown = prepared.outgoing()
    sent: list[requests.PreparedRequest] = []
    session = pair.primary.access.session.session
    original = session.send

    def seen(
        request: requests.PreparedRequest, **kwargs: object
    ) -> requests.Response:
        if request.method == "POST":
            sent.append(request)
        return original(request, **kwargs)  # type: ignore[arg-type]

    session.send = seen  # type: ignore[method-assign, assignment]
    started = prepared.send()
    (request,) = sent
    assert (shown.method, shown.url) == (request.method, request.url)
    token = request.headers["X-Auth-Token"]
    assert token not in str(shown)
    assert dict(shown.headers) == {
        **request.headers,
        "X-Auth-Token": "***",
    }
    assert shown.content == request.body
    assert json.loads(shown.content) == shown.body
    assert started.operation.request_id == prepared.request_id


# Metadata


def test_a_conflict_needs_a_winner(live: Live) -> None:
    group = live.group()
    for cloud, words in (("site-a", "from a"), ("site-b", "from b")):
        document = live.client(cloud).metadata.get(group)
        document["version"] += 5
        document["description"] = words
        admin = live.client(f"{cloud}-admin")
        admin.metadata.put(group, document, force=True)
    assert live.sites().sync_status(WEB).status == "OUT_OF_SYNC"
    with pytest.raises(exceptions.MetadataConflict) as caught:
        live.sites().sync_force(WEB)
    assert code_for(caught.value) == 5
    assert live.sites().sync_force(WEB, winner="site-b").status == "IN_SYNC"
    assert live.group().description == "from b"


def mistaken(live: Live) -> int:
    """Both sites run the group; the version that is one too many."""
    moved = live.sites().failover(
        WEB, unplanned=True, accept_divergence=True, network_mapping=NETWORKS
    )
    live.finish(moved.operation, "site-b")
    return live.group(cloud="site-b").metadata_version


def test_the_side_that_is_behind_wins(live: Live) -> None:
    held = mistaken(live)
    with pytest.raises(exceptions.WrongSite) as refused:
        live.sites().sync_force(WEB, winner="site-a")
    assert refused.value.next == (
        "openstack protector protection-group reconcile prod-web-app"
        " --winner site-a",
    )
    pair = live.sites()
    operation, site = pair.discard(WEB, winner="site-a", version=held)
    assert (operation.status, site.name) == ("completed", "site-a")
    assert len((operation.result_data or {})["stale_removed"]) == 3
    assert pair.sync_status(WEB).in_sync
    assert pair.wait(operation).id == operation.id


@pytest.mark.parametrize("stage", ["before", "after"])
def test_a_discard_whose_answer_is_lost(live: Live, stage: str) -> None:
    """It is looked for, and never begun twice."""
    held = mistaken(live)
    live.pair.fault(
        "reset", site="a", match="POST */sync-force", stage=stage, times=1
    )
    operation, _ = live.sites().discard(WEB, winner="site-a", version=held)
    assert operation.status == "completed"
    assert len(list(live.client().operations.list())) == 1
    assert live.sites().sync_status(WEB).in_sync


def test_what_is_not_discarded(live: Live) -> None:
    held = mistaken(live)
    pair = live.sites()
    with pytest.raises(exceptions.MetadataConflict) as caught:
        pair.discard(WEB, winner="site-a", version=held + 1)
    assert code_for(caught.value) == 5
    with pytest.raises(exceptions.NotFound, match="'site-c'"):
        pair.discard(WEB, winner="site-c", version=held)
    live.pair.site("b").kill()
    with pytest.raises(exceptions.PeerUnreachable) as silent:
        live.sites().discard(WEB, winner="site-a", version=held)
    assert code_for(silent.value) == 6
    assert list(live.client().operations.list()) == []


def test_sync_force_with_a_dead_peer(live: Live) -> None:
    live.pair.site("b").kill()
    with pytest.raises(exceptions.PeerUnreachable) as caught:
        live.sites().sync_force(WEB)
    assert code_for(caught.value) == 6


def test_a_winner_that_is_no_site(live: Live) -> None:
    with pytest.raises(exceptions.NotFound, match="'site-c'"):
        live.sites().sync_force(WEB, winner="site-c")


def test_sites_by_any_of_their_names(live: Live) -> None:
    pair = live.sites("-admin")
    local = live.site("site-b")
    for name in ("site-b-admin", "site-b", local.id):
        assert pair.handle(name) is pair.secondary


# History


def test_both_histories_newest_first(live: Live) -> None:
    live.failed_over()
    live.pair.advance(10)
    back = live.sites().failback(WEB, network_mapping=BACK)
    live.finish(back.operation, "site-b")
    history = live.sites().operations()
    assert [
        (operation.operation_type, site.name)
        for operation, site in history.items
    ] == [("failback", "site-b"), ("failover", "site-a")]
    assert len(live.sites().operations(limit=1).items) == 1
    live.pair.site("a").kill()
    history = live.sites().operations()
    assert len(history.items) == 1
    assert set(history.errors) == {"site-a"}


def test_an_operation_is_looked_for_at_both(live: Live) -> None:
    done = live.failed_over()
    found, site = live.sites().operation(done.id)
    assert (found, site.name) == (done, "site-a")
    live.pair.site("b").kill()
    assert live.sites().operation(done.id)[1].name == "site-a"


def test_an_operation_that_nobody_knows(live: Live) -> None:
    absent = "op-00000000-0000-4000-8000-000000000000"
    with pytest.raises(exceptions.NotFound) as caught:
        live.sites().operation(absent)
    assert code_for(caught.value) == 1
    live.pair.site("b").kill()
    with pytest.raises(exceptions.OperationUnknown) as unknown:
        live.sites().operation(absent)
    assert code_for(unknown.value) == 12


# Answers that are lost


@pytest.mark.parametrize(
    ("kind", "stage"),
    sampled(
        [
            ("reset", "before"),
            ("timeout", "before"),
            ("timeout", "after"),
            ("truncate", "after"),
            ("reset", "after"),
            ("503", "before"),
        ],
        3,
    ),
)
def test_one_failover_whatever_happens_to_the_answer(
    live: Live, kind: str, stage: str
) -> None:
    prepared = live.sites().prepare("failover", WEB, network_mapping=NETWORKS)
    live.pair.fault(kind, site="site-a", match="/action", times=1, stage=stage)
    started = prepared.send()
    assert started.operation.request_id == prepared.request_id
    live.finish(started.operation)
    assert len(live.sites().operations().items) == 1
