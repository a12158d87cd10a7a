"""What schemathesis does not ask, because the answer has no end: watches.

Loaded by schemathesis itself; tests/registry/api/watch/watch_contract_test.cc is about watches.
"""

import schemathesis


@schemathesis.hook
def filter_case(context, case):
    """Whether to send it."""
    values = (case.query or {}).get("watch", "0")
    return "1" not in [str(value) for value in (values if isinstance(values, list) else [values])]
