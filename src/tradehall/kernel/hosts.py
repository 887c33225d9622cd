"""Host names that mean this machine alone."""

from ipaddress import ip_address


def is_loopback(name: str) -> bool:
    """Whether a host name or address, without a port, is this machine alone."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
