"""What is there at the end, compared with what was there at first."""

from fakeserver.base.seed_world import ARRAYS, SITES
from fakeserver.storage import names
from tests.chaos.case import Case
from tests.chaos.facts import Found, is_drill, other

# -- the instances


def members_are_as_they_were(case: Case) -> list[str]:
    """One instance each at the primary: flavor, network, address, and
    the volumes with their sizes, devices and places, as at first."""
    said = []
    for member, found in case.current():
        name = case.name_of(member)
        server = case.facts.servers[case.primary].get(found["instance_id"])
        if server is None:
            if member["status"] != "error":
                said.append(f"{name} is gone")
            continue
        said += [f"{name}: {what}" for what in _compared(case, found, server)]
    return said


def _compared(case: Case, found: Found, server: Found) -> list[str]:
    seeded = case.seeded[found["instance_name"]]
    site = case.primary
    said = []
    if server["name"] != seeded.name:
        said.append(f"it is called {server['name']}")
    flavor = case.flavor(site, seeded.flavor)
    names = server["flavor"]["name"], found["flavor"]["name"]
    if names != (flavor, flavor):
        said.append(f"flavor {names}, not {flavor}")
    address = [(case.network(site), seeded.fixed_ip)]
    noted = [(n["id"], n["fixed_ip"]) for n in found["networks"]]
    real = case.facts.addresses(site, server["id"])
    lost = case.has_lost_its_address(seeded.name)
    if not real == noted == address and not (lost and real == noted):
        said.append(f"addresses {real}, noted {noted}, not {address}")
    return [*said, *_disks(case, found, server)]


def _is_wrong(case: Case, writing: bool, status: str) -> bool:
    """Whether the array tells otherwise than Nova; a deaf one may go on."""
    if writing and case.run.story.is_deaf(case.primary):
        return False
    return writing != (status == "ACTIVE")


def _disks(case: Case, found: Found, server: Found) -> list[str]:
    """Nova, Cinder, the array and the metadata tell the same of each."""
    site, said = case.primary, []
    wanted = [
        (one.name, one.size, one.bootable, one.device)
        for one in case.seeded[found["instance_name"]].volumes
    ]
    noted = [
        (one["name"], one["size"], one["bootable"], one["device"])
        for one in found["volumes"]
    ]
    held = []
    for disk in server["disks"]:
        volume = case.facts.volumes[site].get(disk["id"])
        if volume is None:
            said.append(f"its disk {disk['device']} is gone")
            continue
        users = [one["server_id"] for one in volume["attachments"]]
        if users != [server["id"]] or volume["status"] != "in-use":
            said.append(f"{volume['name']} is attached to {users}")
        on_array = case.facts.arrays[site].get(volume["array_name"])
        if on_array is None:
            said.append(f"{volume['name']} is not on the array")
        elif on_array.size != volume["size"]:
            said.append(f"{volume['name']} has {on_array.size} GiB there")
        elif _is_wrong(case, on_array.writing, server["status"]):
            said.append(f"{volume['name']}: writing {on_array.writing}")
        held.append(
            (
                volume["name"],
                volume["size"],
                volume["bootable"],
                disk["device"],
            )
        )
    if not held == noted == wanted:
        said.append(f"volumes {held}, noted {noted}, not {wanted}")
    for one in found["volumes"]:
        volume = case.facts.volumes[site].get(one["id"])
        called = one["array_name"]
        if volume is not None and volume["array_name"] != called:
            said.append(f"{one['name']} is not {called} on the array")
    ids = [one["id"] for one in found["volumes"]]
    if ids != [disk["id"] for disk in server["disks"]]:
        said.append("the metadata name other volumes than it has")
    return said


def drills_are_as_the_members(case: Case) -> list[str]:
    """A drill that nobody has cleaned up has what its members have; one
    that a forced failover met may have lost its addresses to it."""
    said = []
    for test in case.doc["tests"]:
        site = case.facts.names[test["site_id"]]
        for one in test["instances"]:
            server = case.facts.servers[site].get(one["id"])
            seeded = case.seeded[one["name"].removesuffix("-test")]
            cleaning = case.left_ids or _cleanup_failed(case)
            if server is None:
                said += [] if cleaning else [f"{one['name']} is gone"]
                continue
            flavor = server["flavor"]["name"]
            if flavor != case.flavor(site, seeded.flavor):
                said.append(f"{one['name']} has flavor {flavor}")
            found = case.facts.addresses(site, one["id"])
            wanted = [(case.network(site), seeded.fixed_ip)]
            # a clean-up takes the ports first, and a forced one all
            if found != wanted and not (case.operator.forced or cleaning):
                said.append(f"{one['name']} has the addresses {found}")
            sizes = [
                case.facts.volumes[site][disk["id"]]["size"]
                for disk in server["disks"]
            ]
            if sizes != [volume.size for volume in seeded.volumes]:
                said.append(f"{one['name']} has volumes of {sizes} GiB")
    return said


def _cleanup_failed(case: Case) -> bool:
    """Then some of it is gone, and the rest is still known."""
    return any(
        one.type == "test_cleanup" and one.status == "failed"
        for _, one in case.operations
    )


def members_run(case: Case) -> list[str]:
    """At the primary, unless a drill or a record says why not."""
    said = []
    for _, found in case.current():
        id_ = found["instance_id"]
        server = case.facts.servers[case.primary].get(id_)
        if server is None or server["status"] == "ACTIVE":
            continue
        if case.may_be_stopped(server["name"]):
            continue
        if id_ not in case.to_be_started:
            said.append(f"{server['name']} is {server['status']}")
    return said


def no_member_runs_twice(case: Case) -> list[str]:
    """At two sites only where somebody forced it and it was not moved
    since; at one site never."""
    said = []
    for member in case.doc["members"]:
        name = case.name_of(member)
        running = [
            site
            for site in SITES
            for one in case.servers(site).values()
            if one["name"] == name
            and one["status"] == "ACTIVE"
            and not is_drill(one)
            and not case.is_left(site, one)
        ]
        twice = len(running) != len(set(running))
        if twice or (len(running) > 1 and not case.split):
            said.append(f"{name} runs at {running}")
    return said


def others_are_untouched(case: Case) -> list[str]:
    """An instance that is no member any more runs on where it was taken
    out, with its volumes; where a test has stopped it, until it is cleaned
    up."""
    said = []
    for name, server in case.outsiders.items():
        if server is None and case.operator.forced:
            continue
        if server is None or (
            server["status"] != "ACTIVE"
            and server["id"] not in case.to_be_started
        ):
            said.append(f"{name}, no member, is {server and server['status']}")
        elif len(server["disks"]) != len(case.seeded[name].volumes):
            said.append(f"{name}, no member, has {server['disks']}")
    return said


# -- everything that is there


def nothing_is_there_twice(case: Case) -> list[str]:
    said = []
    for site in SITES:
        names = [one["name"] for one in case.servers(site).values()]
        keys = [
            one["metadata"]["protector_key"]
            for one in case.volumes(site).values()
            if "protector_key" in one["metadata"]
        ]
        for what in (names, keys):
            twice = {one for one in what if what.count(one) > 1}
            twice -= _old_names(case, site)
            if twice:
                said.append(f"{site} has {sorted(twice)} twice")
    return said


def _old_names(case: Case, site: str) -> set[str]:
    """An old copy keeps its name until the failback removes it."""
    left = {one["name"] for one in case.leftovers}
    return left | {
        found["instance_name"]
        for where, found in case.entries()
        if where == site and where != case.primary
    }


def everything_is_accounted_for(case: Case) -> list[str]:
    """Whatever is there is in the metadata, or named as left."""
    known = {
        id_
        for _, found in case.entries()
        for id_ in (
            found["instance_id"],
            *(volume["id"] for volume in found["volumes"]),
        )
    }
    arrays = {
        volume["array_name"]
        for _, found in case.entries()
        for volume in found["volumes"]
    }
    for test in case.doc["tests"]:
        known |= {one["id"] for one in test["instances"]}
        known |= {one["id"] for one in test["volumes"]}
        arrays |= {one["array_name"] for one in test["volumes"]}
    for server in case.outsiders.values():
        # no member any more, so nobody's here
        disks = [disk["id"] for disk in (server or {"disks": ()})["disks"]]
        known |= {server and server["id"], *disks}
        arrays |= {
            case.facts.volumes[SITES[0]][id_]["array_name"] for id_ in disks
        }
    said = []
    for site in SITES:
        for what, some in (
            ("server", case.servers(site)),
            ("volume", case.volumes(site)),
        ):
            for id_, one in some.items():
                if id_ in known:
                    continue
                if case.is_left(site, one):
                    arrays.add(one.get("array_name"))
                    continue
                said.append(f"{what} {one['name']} at {site}")
        said += _on_array(case, site, arrays)
    return said


def _on_array(case: Case, site: str, known: set[str]) -> list[str]:
    """Only what no other group's records speak of either."""
    history = case.facts.history
    ours = {
        one.row["name"]
        for one in history.arrays.get("arr_volumes", [])
        if one.row["array"] == ARRAYS[site]
        and one.row["point"] is not None
        and _point_of(case, one.row["point"])
    } | {
        names.created(volume.id, case.run.pair.settings.renames_at(site))
        for server in case.seeded.values()
        for volume in server.volumes
    }
    array = ARRAYS[site]
    # what has no id in Cinder any more is found by its serial number
    known = {history.first_name(array, name) for name in known if name}
    return [
        f"array volume {name} at {site}"
        for name in case.facts.arrays[site]
        if (first := history.first_name(array, name)) in ours
        and first not in known
        and name not in case.left_ids
    ]


def _point_of(case: Case, point: str) -> bool:
    found = case.facts.history.points.get(point)
    return found is not None and found["pg"] == case.operator.id


def ports_have_servers(case: Case) -> list[str]:
    return [
        f"{port['ip_address']} at {site} is nobody's"
        for site in SITES
        for port in case.facts.ports[site].values()
        if port["network_id"] == case.network(site)
        and port["device_id"] not in case.facts.servers[site]
        and not case.is_left(site, port)
    ]


def cinders_group_is_the_group(case: Case) -> list[str]:
    """At the primary; unless it is not known what is there."""
    if case.doc["status"] == "error":
        return []
    made = case.groups[case.primary].local.consistency_group_id
    held = {
        id_
        for id_, volume in case.facts.volumes[case.primary].items()
        if volume["group_id"] == made
    }
    wanted = {
        volume["id"] for _, one in case.current() for volume in one["volumes"]
    }
    missing = wanted - held
    return [f"{len(missing)} are not in it"] if missing else []


# -- the replication


def replication_follows_the_group(case: Case) -> list[str]:
    """Where it runs, it carries the group's volumes away from the
    primary, as often as the policy says."""
    link = case.facts.link(case.operator.id)
    if link is None:
        return ["the replication is gone"]
    if not link.running or case.doc["status"] == "error" or case.split:
        return []
    if case.doc["policy"] is None:
        return ["it runs without a policy"]
    primary = case.primary
    ways = (ARRAYS[primary], ARRAYS[other(primary)])
    if (link.source, link.target) != ways:
        return [f"it runs from {link.source} to {link.target}"]
    said = []
    wanted = {
        volume["array_name"]
        for _, one in case.current()
        for volume in one["volumes"]
    }
    if set(link.volumes) != wanted:
        said.append(f"it carries {len(link.volumes)} of {len(wanted)}")
    if link.interval != case.doc["policy"]["replication_interval"]:
        said.append(f"it runs each {link.interval} s")
    return said


JUDGES = (
    members_are_as_they_were,
    drills_are_as_the_members,
    members_run,
    no_member_runs_twice,
    others_are_untouched,
    nothing_is_there_twice,
    everything_is_accounted_for,
    ports_have_servers,
    cinders_group_is_the_group,
    replication_follows_the_group,
)
