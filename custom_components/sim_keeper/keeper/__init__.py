"""The heart of SIM Keeper: decides, accounts and remembers.

Pure Python: nothing here imports Home Assistant or aiohttp, reads a clock or draws a random
number. Time is a parameter; only `ledger` touches the disk.
"""
