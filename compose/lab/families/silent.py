"""A host that answers ARP and nothing else: no service, no multicast."""

PORTS = ()


def answer(_device, _request):
    raise AssertionError("a silent host has no port to be asked on")


def adverts(_device, _address):
    return []
