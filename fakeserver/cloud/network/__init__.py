"""The emulated Neutron."""
