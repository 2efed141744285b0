"""Vendor simulators: real servers with the vendors' protocols, quirks and faults.

Tests and the demo talk to them over real sockets. They hold the truth about what was bought.
"""
