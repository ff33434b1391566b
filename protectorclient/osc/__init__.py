"""The commands of ``openstack protector`` and of ``protector``."""
