"""Cuts `pulumi up` short at random moments, lets calls go wrong, and judges what is left.

`programs` says what is asked for and how that changes, `steps` when and how runs are cut short,
`runs` starts and ends processes, `others` does what other people do in the cloud, `lives` leads a
stack from its first service to its last, `storms` leads fleets through bad weather, `judge`
compares cloud, state and program. Everything is drawn from a seed.
"""
