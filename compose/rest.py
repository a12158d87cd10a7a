"""The REST API as people use it: through the edge, by TLS, with the token."""

import json
import ssl
import urllib.parse
import urllib.request

CALL_S = 5.0


class Rest:
    """Raises OSError (urllib's HTTPError among them) or ValueError if there is no good answer."""

    def __init__(self, base, token, authority):
        self._base = base
        self._token = token
        self._authority = authority

    def get(self, path, **parameters):
        """The JSON answer of one GET."""
        query = "?" + urllib.parse.urlencode(parameters) if parameters else ""
        request = urllib.request.Request(
            f"{self._base}{path}{query}", headers={"Authorization": f"Bearer {self._token}"}
        )
        context = ssl.create_default_context(cafile=self._authority)
        with urllib.request.urlopen(request, timeout=CALL_S, context=context) as answer:
            return json.load(answer)

    def devices(self, **filters):
        """All devices the filters let through, page after page."""
        items, cursor = [], {}
        while True:
            page = self.get("/v1/devices", limit=100, **filters, **cursor)
            items += page["items"]
            if not page.get("next"):
                return items
            cursor = {"cursor": page["next"]}
