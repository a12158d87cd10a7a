"""The one expected failure of the lab: a sentence for the person who typed the command."""


class LabError(Exception):
    """Says what is wrong, with the value, and what to type instead."""
