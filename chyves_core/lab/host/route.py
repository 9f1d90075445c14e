"""route(8): where packets go, as far as `route get` tells. The default route is rc.conf's.

From 14.0 on it asks by netlink(4), and what it prints is the same but for a route that is not there
(route_netlink.c): that is a warning, with whatever errno there is, and the exit status is 0.
"""

from __future__ import annotations

import sys
from ipaddress import ip_address, ip_network

from chyves_core.lab.home import Lab
from chyves_core.lab.host.state import read_host
from chyves_core.lab.host.sysrc import read_settings

USAGE = "usage: route [-46dnqtv] command [[modifiers] args]"
NOT_FOUND = "route: route has not been found"
ANSWER = """\
   route to: default
destination: default
       mask: default
    gateway: {gateway}
        fib: 0
  interface: {interface}
      flags: <UP,GATEWAY,DONE,STATIC>
 recvpipe  sendpipe  ssthresh  rtt,msec    mtu        weight    expire
       0         0         0         0      1500         1         0 """


def main(arguments: list[str], lab: Lab) -> int:
    """Answer `route -n get default`; other commands of route(8) are not played."""
    words = [word for word in arguments if not word.startswith("-")]
    if words != ["get", "default"]:
        print(USAGE, file=sys.stderr)
        return 64
    gateway = read_settings(lab.path("/etc/rc.conf")).get("defaultrouter", "NO")
    interface = "" if gateway.upper() == "NO" else interface_to(lab, gateway)
    if not interface:
        by_netlink = lab.freebsd >= (14, 0)
        print(f"{NOT_FOUND}: No error: 0" if by_netlink else NOT_FOUND, file=sys.stderr)
        return 0 if by_netlink else 1
    print(ANSWER.format(gateway=gateway, interface=interface))
    return 0


def interface_to(lab: Lab, gateway: str) -> str:
    """Return the interface in whose network a gateway is, empty where there is none."""
    for interface in read_host(lab)["interfaces"]:
        for each in interface["addresses"]:
            if each["family"] == "inet":
                network = ip_network(f"{each['address']}/{each['prefix']}", strict=False)
                if ip_address(gateway) in network:
                    return str(interface["name"])
    return ""
