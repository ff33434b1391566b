"""Real Nova, Neutron, Cinder and Placement behind the two real Keystones."""
