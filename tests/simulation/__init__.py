"""The fault simulator: the real heart in a world that crashes, lies and forgets.

`loop` is time, `world` is what stays when a process dies, `process` is one incarnation of SIM Keeper,
`vendors`, `lines` and `people` are what is outside, `oracle` judges by the outside alone.
"""
