"""Tests of the IAK channel, against its simulator."""
