#!/bin/sh
# From two sites without records to a protected application that runs at the
# second one. Start the sites first:
#
#     protector-sandbox up --scenario empty
#
# and type what it prints. Secrets come from the environment: the
# API tokens of the two arrays are what `protector-sandbox env` exports as
# ARRAY_TOKEN_A and ARRAY_TOKEN_B; they are also in flasharray-a.token and
# flasharray-b.token of the sandbox's folder. An array refuses any other one,
# and the first operation that needs it fails.
set -eu

SITE_A=${SITE_A:-http://127.0.0.1:8788}
SITE_B=${SITE_B:-http://127.0.0.1:8789}
export SERVICE_PASSWORD=${SERVICE_PASSWORD:-protector-secret}
export PEER_PASSWORD=${PEER_PASSWORD:-protector-peer-secret}
SANDBOX=${SANDBOX:-.protector-sandbox}
export ARRAY_TOKEN_A=${ARRAY_TOKEN_A:-$(cat "$SANDBOX/flasharray-a.token")}
export ARRAY_TOKEN_B=${ARRAY_TOKEN_B:-$(cat "$SANDBOX/flasharray-b.token")}

# An admin registers each site at both services and validates it. The other
# site keeps an account of its own, which is not an admin.
export OS_CLOUD=site-a-admin
openstack protector site create site-a \
    --auth-url "$SITE_A/identity/v3" \
    --protector-url "$SITE_A" \
    --array-name flasharray-a \
    --volume-backend-host 'site-a@flasharray-a#pool' \
    --username protector --project-name service \
    --password-env SERVICE_PASSWORD \
    --peer-username protector-peer --peer-password-env PEER_PASSWORD
openstack protector site create site-b \
    --auth-url "$SITE_B/identity/v3" \
    --protector-url "$SITE_B" \
    --array-name flasharray-b \
    --volume-backend-host 'site-b@flasharray-b#pool' \
    --username protector --project-name service \
    --password-env SERVICE_PASSWORD \
    --peer-username protector-peer --peer-password-env PEER_PASSWORD
openstack protector site validate site-a
openstack protector site validate site-b

# The same tenant is another project at each site.
openstack protector tenant mapping create demo \
    --project site-a=demo --project site-b=demo

# From here on the tenant types the commands.
export OS_CLOUD=site-a
openstack protector protection-group create shop \
    --description 'The web shop' --volume-type flash-async
openstack protector member add shop web-1 web-2 web-3
openstack protector policy set shop \
    --primary-fa-url https://flasharray-a.example.com \
    --secondary-fa-url https://flasharray-b.example.com \
    --primary-fa-api-token-env ARRAY_TOKEN_A \
    --secondary-fa-api-token-env ARRAY_TOKEN_B \
    --replication-interval 300 --rpo-minutes 15
openstack protector consistency-group sync shop --wait

# The group is ready for a failover.
openstack protector protection-group failover shop \
    --network-mapping net-primary-web=net-secondary-web \
    --wait
openstack --os-cloud site-b server list -c Name -c Status -c Networks
openstack protector protection-group show shop \
    -c name -c status -c current_primary_site_id -c member_count
