"""Ratios that tell whether the package became slower; `make bench` prints them.

Each has its baseline measured in the same run, in turns, since machines differ and are shared.
"""
