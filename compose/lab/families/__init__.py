"""What each device family answers. A family is a module with PORTS, answer() and adverts()."""

from . import cast, dial, roku, samsung, silent

FAMILIES = {"roku": roku, "samsung": samsung, "cast": cast, "dial": dial, "silent": silent}
