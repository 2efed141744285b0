"""Tests of the Reloadly channel: what the contract does not cover."""
