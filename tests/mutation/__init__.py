"""Proof that the tests would see it: each guard of the money is taken away in turn, in a copy.

`catalogue` says what is changed and which tests should notice, `trial` tries one change.
"""
