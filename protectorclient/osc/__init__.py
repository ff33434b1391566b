"""The commands, for ``openstack protector ...`` and for ``protector``."""
