"""A volume driver of Cinder over the sandbox's arrays: what the engine makes
on an array is what Cinder finds there, and the other way round.

    volume_driver = array_driver.SandboxArrayDriver
    sandbox_folder = /path/of/the/sandbox
    sandbox_array = flasharray-b
    sandbox_renames = /path/of/a/file

It keeps the names of the volumes that it manages. As long as the file
``sandbox_renames`` exists it renames them, as Pure's driver does.
"""

import pathlib

from cinder import exception, interface
from cinder.objects import fields
from cinder.volume import configuration, driver, volume_utils
from oslo_config import cfg

from fakeserver.base.clock import SharedClock
from fakeserver.base.db import Database
from fakeserver.base.fault_points import NoFaults
from fakeserver.storage import arrays, names

OPTIONS = [
    cfg.StrOpt("sandbox_folder"),
    cfg.StrOpt("sandbox_array"),
    cfg.StrOpt("sandbox_renames"),
]
cfg.CONF.register_opts(OPTIONS, group=configuration.SHARED_CONF_GROUP)

CAPABILITIES = {
    "replication_enabled": True,
    "replication_type": ["async", "sync"],
    "consistent_group_snapshot_enabled": True,
}


@interface.volumedriver
class SandboxArrayDriver(driver.VolumeDriver):
    VERSION = "1"
    CI_WIKI_NAME = "none"
    SUPPORTED = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.configuration.append_config_values(OPTIONS)

    def do_setup(self, context):
        folder = pathlib.Path(self.configuration.safe_get("sandbox_folder"))
        self.array = self.configuration.safe_get("sandbox_array")
        self.renames = pathlib.Path(
            self.configuration.safe_get("sandbox_renames")
        )
        self.arrays = arrays.Arrays(
            Database(folder / "arrays.db", arrays.SCHEMA),
            SharedClock(folder / "clock.json"),
            NoFaults(),
        )

    def check_for_setup_error(self):
        self.arrays.volumes(self.array)

    def _update_volume_stats(self):
        pool = {
            "pool_name": "pool",
            "total_capacity_gb": 100000,
            "free_capacity_gb": 90000,
            "provisioned_capacity_gb": 0,
            "reserved_percentage": 0,
            "max_over_subscription_ratio": "20",
            "thin_provisioning_support": True,
            "multiattach": True,
            **CAPABILITIES,
        }
        self._stats = {
            "volume_backend_name": self.array,
            "vendor_name": "sandbox",
            "driver_version": self.VERSION,
            "storage_protocol": "none",
            "pools": [pool],
            **CAPABILITIES,
        }

    # -- volumes

    def _name(self, volume):
        """The name on the array, as it was noted; None: it is on none."""
        return volume.provider_id

    def _own_name(self, volume):
        """The name that the driver gives a volume."""
        kind = volume.volume_type.extra_specs if volume.volume_type else {}
        synchronous = kind.get("replication_type") == "<in> sync"
        return names.created(volume.id, self.renames.exists(), synchronous)

    @staticmethod
    def _update(volume, name):
        # Cinder leaves shared_targets true where a volume was managed, and
        # gives it no service_uuid: Nova then takes a lock with no name
        update = {"shared_targets": False, "provider_id": name}
        if volume.is_replicated():
            update["replication_status"] = fields.ReplicationStatus.ENABLED
        return update

    def create_volume(self, volume):
        name = self._own_name(volume)
        self.arrays.create_volume(self.array, name, volume.size)
        return self._update(volume, name)

    def create_volume_from_snapshot(self, volume, snapshot):
        return self.create_volume(volume)

    def create_cloned_volume(self, volume, source):
        return self.create_volume(volume)

    def delete_volume(self, volume):
        name = self._name(volume)
        if name is not None:
            self.arrays.set_writing(self.array, name, False)
            self.arrays.delete_volume(self.array, name)

    def extend_volume(self, volume, new_size):
        self.arrays.extend_volume(self.array, self._name(volume), new_size)

    def retype(self, context, volume, new_type, diff, host):
        return True, None

    def create_snapshot(self, snapshot):
        self.arrays.keep_snapshot(
            self.array, self._name(snapshot.volume), snapshot.name
        )

    def delete_snapshot(self, snapshot):
        pass

    # -- connections

    def ensure_export(self, context, volume):
        pass

    def create_export(self, context, volume, connector):
        return {"provider_location": "sandbox"}

    def remove_export(self, context, volume):
        pass

    def initialize_connection(self, volume, connector):
        self.arrays.set_writing(self.array, self._name(volume), True)
        return {"driver_volume_type": "fake", "data": {"id": volume.id}}

    def terminate_connection(self, volume, connector, **kwargs):
        self.arrays.set_writing(self.array, self._name(volume), False)

    # -- manage and unmanage

    def _found(self, reference):
        name = reference.get("source-name")
        found = self.arrays.volume(self.array, name) if name else None
        if found is None:
            raise exception.ManageExistingInvalidReference(
                existing_ref=reference,
                reason="source-name must be that of a volume of the array",
            )
        return found

    def manage_existing_get_size(self, volume, reference):
        return int(self._found(reference).size)

    def manage_existing(self, volume, reference):
        name = self._found(reference).name
        if self.renames.exists():
            own = self._own_name(volume)
            self.arrays.rename(self.array, name, own)
            name = own
        return self._update(volume, name)

    def unmanage(self, volume):
        if self.renames.exists():
            name = self._name(volume)
            self.arrays.rename(self.array, name, names.unmanaged(name))

    def get_manageable_volumes(
        self, cinder_volumes, marker, limit, offset, sort_keys, sort_dirs
    ):
        managed = {self._name(volume): volume.id for volume in cinder_volumes}
        entries = [
            {
                "reference": {"source-name": found.name},
                "size": found.size,
                "safe_to_manage": found.name not in managed,
                "reason_not_safe": (
                    "already managed" if found.name in managed else None
                ),
                "cinder_id": managed.get(found.name),
                "extra_info": None,
            }
            for found in self.arrays.volumes(self.array)
        ]
        return volume_utils.paginate_entries_list(
            entries, marker, limit, offset, sort_keys, sort_dirs
        )

    # -- groups, consistent as those of the array

    def create_group(self, context, group):
        return {"status": fields.GroupStatus.AVAILABLE}

    def delete_group(self, context, group, volumes):
        for volume in volumes:
            self.delete_volume(volume)
        gone = [{"id": volume.id, "status": "deleted"} for volume in volumes]
        return {"status": fields.GroupStatus.DELETED}, gone

    def update_group(
        self, context, group, add_volumes=None, remove_volumes=None
    ):
        return None, None, None
