"""Tests of the channels, against vendor simulators over real sockets."""
