"""Causes that the published page does not name, with what helps."""

from __future__ import annotations

from protectorclient.advice import commands
from protectorclient.advice.row import Advice
from protectorclient.escape import AS_ADMIN, ShellCommand, fill

_LIST_SERVERS = ShellCommand("openstack --os-cloud {site} server list")
#: Show the user and project of the token, not the token itself.
_TOKEN = tuple(
    ShellCommand(f"openstack {cloud}token issue -c user_id -c project_id")
    for cloud in ("--os-cloud {site} ", "")
)

# The sites

REACHABLE = Advice(
    key="reachable",
    cause="The site is down, or the network to it is.",
    fix=(
        "Look at the site: systemctl status protector-api there, and curl"
        " from here; in a real outage, an unplanned failover",
    ),
)
SIGN_IN = Advice(
    key="sign-in",
    cause="The password, or the token, is wrong or has expired.",
    fix=("Correct the entry '{site}' in clouds.yaml",),
    next=_TOKEN,
    reasons=("unauthorized",),
)
API_VERSION = Advice(
    key="api-version",
    cause="A version was asked for that the site is too old for.",
    fix=("Leave out --os-protector-api-version",),
)
ROLE = Advice(
    key="role",
    cause="The user may read, and no more.",
    fix=("Use a cloud whose user has the role member in the project",),
    next=_TOKEN,
    reasons=("forbidden",),
)
TOKEN_LIFE = Advice(
    key="token-life",
    cause="A token that was issued elsewhere cannot be renewed here.",
    fix=("Get a new one: openstack token issue",),
)
CLOCKS = Advice(
    key="clocks",
    cause="A site does not follow its time servers.",
    fix=("On its controllers: chronyc makestep",),
)
SITE_STATUS = Advice(
    key="site-status",
    cause="The site did not pass its last validation.",
    commands=(AS_ADMIN, commands.VALIDATE_SITE),
)
PEER_LINK = Advice(
    key="peer-link",
    cause="The network between the sites is cut, or the service account is"
    " refused.",
    fix=("On its controllers: curl the peer's protector, port 8788",),
)
PRIMARY_ALIVE = Advice(
    key="primary-silent",
    cause="The primary, or a part of it, is alive.",
    commands=(fill(commands.CHECK_FOR, purpose="failover"),),
)

# What both sites hold of the group

NAME = Advice(
    key="name",
    cause="A group was made at one site while the other did not answer.",
    fix=("Delete or rename one of them, by its id",),
)
KNOWN = Advice(
    key="known",
    cause="The group was made while the site did not answer, or deleted"
    " there; or the clouds are of different projects.",
    commands=(commands.SYNC_FORCE,),
)
PRIMARY = Advice(
    key="primary",
    cause="After an unplanned failover the old primary still holds older"
    " metadata.",
    next=(commands.SYNC_FORCE, commands.LIST_GROUPS),
    reasons=("wrong-site",),
)
METADATA_VERSION = Advice(
    key="metadata-version",
    cause="A change reached only one of the sites.",
    next=(commands.SYNC_FORCE, commands.LIST_GROUPS),
    reasons=("out-of-sync",),
)
METADATA_CHECKSUM = Advice(
    key="metadata-checksum",
    cause="Both sites were changed apart from each other.",
    next=(commands.RECONCILE, commands.LIST_GROUPS),
    reasons=("metadata-conflict",),
)

# The group

STATUS = Advice(
    key="status",
    cause="The group is at the other site, or an operation has failed.",
    next=(commands.CHECK_FOR, commands.SHOW_GROUP, commands.LIST_GROUPS),
    reasons=("invalid-state",),
)
OPERATION = Advice(
    key="operation",
    cause="Somebody, or a schedule, has started an operation.",
    next=(commands.WAIT, commands.WATCH_GROUP, commands.WATCH_ALL),
    reasons=("operation-in-progress",),
)
TEST_THERE = Advice(
    key="test-there",
    cause="No test failover was run, or it was cleaned up.",
    next=(commands.TEST_HISTORY, commands.LIST_GROUPS),
    reasons=("nothing-to-clean",),
)
POLICY = Advice(
    key="policy",
    cause="The group was never given one, or it was deleted.",
    next=(commands.SET_POLICY, commands.LIST_GROUPS),
    reasons=("policy-missing",),
)
MEMBERS = Advice(
    key="members",
    cause="Instances were never added, or could not be rebuilt.",
    commands=(commands.ADD_MEMBER,),
)
RUNNING = Advice(
    key="running",
    cause="Somebody stopped them, or an operation that could not start them"
    " again.",
    fix=("Look at the group's instances in Nova",),
)
DRIFT = Advice(
    key="drift",
    cause="Somebody changed an instance after it was added to the group.",
    commands=(commands.REMOVE_MEMBER, commands.ADD_MEMBER_NAMED),
)
NEIGHBOURS = Advice(
    key="neighbours",
    cause="An instance was made, and added to no protection group.",
    commands=(commands.ADD_MEMBER_NAMED,),
)
ADDRESSES = Advice(
    key="addresses",
    cause="Something else has the address there, or the network has another"
    " range.",
    fix=("Free the address, or map the network to another one",),
    commands=(ShellCommand("openstack --os-cloud {site} port list --long"),),
)
ATTRIBUTES = Advice(
    key="attributes",
    cause="It was made at one site alone.",
    fix=("Make it at the target under the same name",),
)
IMAGES = Advice(
    key="images",
    cause="The image was uploaded to one site alone.",
    fix=("Upload it under the same name",),
    commands=(ShellCommand("openstack --os-cloud {site} image list"),),
)
LEFT_OVER = Advice(
    key="left-over",
    cause="An operation failed, and could not remove what it had built.",
    commands=(_LIST_SERVERS,),
)
MEMBERS_ONCE = Advice(
    key="members-once",
    cause="Two sites were changed apart from each other.",
    next=(commands.LIST_GROUPS,),
    reasons=("in-use",),
)
RECOVERY_POINT_AGE = Advice(
    key="recovery-point-age",
    cause="The replication is late, or stopped.",
    commands=(commands.SYNC_VOLUMES,),
)

# What it needs at the other site

VOLUME_TYPES = Advice(
    key="volume-types",
    cause="A type lacks replication_enabled='<is> True', or has another"
    " replication_type.",
    fix=("Set the properties of the volume type in Cinder",),
    next=(
        ShellCommand("openstack --os-cloud {site} volume type list --long"),
        ShellCommand("openstack volume type list --long"),
    ),
    reasons=("volume-type-not-replicated",),
)
CONSISTENCY_GROUP = Advice(
    key="consistency-group",
    cause="Its volume group was deleted in Cinder.",
    fix=("A sync makes the service create it anew:",),
    commands=(commands.SYNC_VOLUMES,),
)
MAPPING = Advice(
    key="mapping",
    cause="Its name is not there, and it is not mapped.",
    next=(commands.SUGGEST, commands.LIST_GROUPS),
    reasons=("mapping-incomplete",),
)
FLAVOR_SIZE = Advice(
    key="flavor-size",
    cause="A flavor is mapped to, or has the name of, a smaller one.",
    fix=("Map it to a bigger one with --flavor-mapping",),
)
MAPPING_SHARED = Advice(
    key="mapping-shared",
    cause="Two are mapped to the same by accident.",
    fix=("Map them apart with --network-mapping",),
)
QUOTA = Advice(
    key="quota",
    cause="The project has too little left at the target.",
    fix=("Raise the quota of the project there",),
)

# How an operation ended

INSTANCES = Advice(
    key="instances",
    symptom="The operation fails while it builds instances",
    cause="Nova or Neutron of the target site refused: a quota, no host"
    " with room, or a network or flavor that does not fit.",
    fix=(
        "Read the message: it is the target's own.",
        "Look at the target's quotas and hosts, and at what the instances"
        " need.",
        "Map the networks and flavors to others where these do not fit,"
        " then start the operation again.",
    ),
    commands=(commands.LIST_MEMBERS,),
    steps=("recreate_instances", "create_test_instances"),
)
VOLUMES = Advice(
    key="volumes",
    symptom="The operation fails while Cinder takes volumes over",
    cause="Cinder of the target site refused for another reason than its"
    " policy: a quota, or a volume type or backend host that does not fit.",
    fix=(
        "Read the message: it is the target's own.",
        "Compare the volume backend host of the site's record with"
        " Cinder's pools, and look at the quotas.",
        "Then start the operation again.",
    ),
    commands=(commands.SHOW_VOLUMES,),
    steps=("manage_volumes_into_cinder", "unmanage_test_volumes"),
)
CLOUD_UNREACHABLE = Advice(
    key="cloud-unreachable",
    symptom="The operation fails because the cloud of a site is unreachable",
    cause="A service of the cloud of {site} (Keystone, Nova, Cinder or"
    " Neutron) does not answer the protector that works on the operation.",
    fix=(
        "Check that the services of {site} answer, from where the protector"
        " runs.",
        "Validate the site's record: its address and its account may be"
        " wrong.",
        "Then start the operation again.",
    ),
    commands=(
        ShellCommand("openstack --os-cloud {site} token issue"),
        AS_ADMIN,
        commands.VALIDATE_SITE,
    ),
    message=r"cloud of (?:site )?(?P<site>\S+) is unreachable",
)
SUPERSEDED = Advice(
    key="superseded",
    symptom="The operation was superseded by one at the other site",
    cause="A failover was forced at the other site while this operation"
    " was not finished. That one counts.",
    fix=(
        "Look at where the group runs now.",
        "Force a sync of the metadata once both sites answer.",
    ),
    commands=(commands.SYNC_STATUS, commands.SYNC_FORCE),
    message=r"superseded by",
)
PARTIAL = Advice(
    key="partial",
    symptom="A forced failover has completed, but not for all members",
    cause="The storage was promoted, and some instances could not be"
    " rebuilt at the surviving site.",
    fix=(
        "Look which members failed and why: their volumes are there.",
        "Build the missing instances by hand from their volumes, or fail"
        " back once the other site is there again.",
    ),
    commands=(commands.LIST_MEMBERS, commands.SHOW_OPERATION),
)
LEFT_BEHIND = Advice(
    key="left-behind",
    symptom="The operation has left something behind",
    cause="Something that it made, or had to remove, could not be removed.",
    fix=(
        "Remove by hand what is named, in Nova and Cinder of its site, as"
        " far as it is still there.",
        "Where the group is in error, an administrator then sets its status.",
    ),
    commands=(commands.SHOW_GROUP,),
)
LIVE_COPIES = Advice(
    key="live-copies",
    symptom="Instances of a group run at both sites",
    cause="A forced failover left the old primary's instances running, or an"
    " operation that failed left what it had built.",
    fix=(
        "Look which instances run beside the group: what they write is not"
        " replicated.",
        "Fail back: that stops them first and keeps a snapshot of each"
        " volume. Or stop them, where the group stays.",
    ),
    commands=(commands.CHECK,),
    next=(_LIST_SERVERS,),
)
UNPROTECTED = Advice(
    key="unprotected",
    symptom="A failback has completed, and the group is not replicated",
    cause="The failback was not asked to reverse the replication, so it"
    " stays stopped: what is written is not protected.",
    fix=("Start the replication, and wait for the first recovery point.",),
    commands=(commands.SYNC_VOLUMES,),
    next=(commands.SYNC_VOLUMES,),
)
ROLLED_BACK = Advice(
    key="rolled-back",
    symptom="The operation failed and was rolled back",
    cause="The message of the operation says what its step met.",
    fix=(
        "Fix what the message names.",
        "Check the group, then start the operation again.",
    ),
    commands=(commands.SHOW_GROUP,),
)

#: Searched after the rows of the published page.
CAUSES = (
    REACHABLE,
    SIGN_IN,
    API_VERSION,
    ROLE,
    TOKEN_LIFE,
    CLOCKS,
    SITE_STATUS,
    PEER_LINK,
    PRIMARY_ALIVE,
    NAME,
    KNOWN,
    PRIMARY,
    METADATA_VERSION,
    METADATA_CHECKSUM,
    STATUS,
    OPERATION,
    TEST_THERE,
    POLICY,
    MEMBERS,
    RUNNING,
    DRIFT,
    NEIGHBOURS,
    ADDRESSES,
    ATTRIBUTES,
    IMAGES,
    LEFT_OVER,
    MEMBERS_ONCE,
    RECOVERY_POINT_AGE,
    VOLUME_TYPES,
    CONSISTENCY_GROUP,
    MAPPING,
    FLAVOR_SIZE,
    MAPPING_SHARED,
    QUOTA,
    INSTANCES,
    VOLUMES,
    CLOUD_UNREACHABLE,
    SUPERSEDED,
    PARTIAL,
    LEFT_BEHIND,
    LIVE_COPIES,
    UNPROTECTED,
    ROLLED_BACK,
)
