#!/bin/sh
# A runbook: check a plan, and run it. Gates are approved from another
# terminal; --type unplanned as a second argument is for a dead site.
#
#   ./runbook.sh plan.yaml [--type unplanned]
set -eu
plan=$1
shift
protector plan check "$plan" "$@" -f json >"$plan.check.json"
protector plan run "$plan" "$@" --yes --reason "runbook" -f json
