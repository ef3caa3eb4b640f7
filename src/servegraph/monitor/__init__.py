"""The drift monitor: a process of its own, and the client that feeds it from the serving process.

Nothing here may make a request wait. alibi-detect is never imported here: detectors are classes
of the project, and they load in the monitor's process only.
"""
