"""The ledger on disks that fail: killed processes, power that goes, no room left."""
