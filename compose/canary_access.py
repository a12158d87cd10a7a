"""How dmp-canary reaches a stack: the values of its settings."""


def settings(stack):
    """By the setting's name."""
    state = stack.state
    return {
        "mqtt-uri": stack.mosquitto.uri,
        "mqtt-ca": stack.authority.certificate,
        "authority-certificate": stack.authority.certificate,
        "authority-key": state.secrets / "authority" / "ca.key",
        "rest": stack.api,
        "rest-ca": state.pki / "ca.crt",
        "rest-token": state.secrets / "rest.token",
        "bridge-metrics": f"http://127.0.0.1:{stack.ports['bridge-admin']}",
        "registry-metrics": f"http://127.0.0.1:{stack.ports['registry-admin']}",
    }


def environment(stack):
    """By the environment variable that the program reads."""
    return {
        f"DMP_CANARY_{name.upper().replace('-', '_')}": str(value)
        for name, value in settings(stack).items()
    }
