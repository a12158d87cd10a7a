"""The virtual lab: one RAE and eight emulated devices on this machine.

`lab.py` is the face (class Lab, and what `./dmp lab` runs). Everything else serves it:
device.py what a device is, families/ what it answers, emulator.py the process that answers,
supervisor.py the process that owns the running lab, site_*.py where it runs.
"""
