"""
OpenStack Swift with its S3 API, whole and in one process, on loopback: what Debian's python3-swift
brings, without a service, a database server or a rule of its own.

python3 serve-swift.py DIRECTORY, with SWIFT_SECRET in the environment: signed requests of the access key
fleet:operator are let in. Says "listening on http://127.0.0.1:PORT", and ends with its standard input.
"""

import os
import sys

from swift.common.utils import NullLogger, eventlet_monkey_patch, set_swift_dir

eventlet_monkey_patch()

import eventlet
from eventlet import hubs, wsgi
from swift.account.server import AccountController
from swift.common.http_protocol import SwiftHttpProtocol
from swift.common.ring.builder import RingBuilder
from swift.common.wsgi import loadapp
from swift.container.server import ContainerController
from swift.obj.server import ObjectController

directory = sys.argv[1]
devices = os.path.join(directory, "devices")

# s3api asks for an order: it comes before whoever knows the keys, versions behind it.
proxy = """
[DEFAULT]
swift_dir = {directory}
[pipeline:main]
pipeline = catch_errors gatekeeper listing_formats s3api tempauth copy slo versioned_writes symlink proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_fleet_operator = {secret} .admin
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_object_versioning = true
[filter:symlink]
use = egg:swift#symlink
"""


def serve(sock, app):
    """As Swift serves its own: AWS's SDKs look for headers in the spelling that it gives them."""
    eventlet.spawn(
        wsgi.server,
        sock,
        app,
        NullLogger(),
        protocol=SwiftHttpProtocol,
        capitalize_response_headers=False,
    )


class NoCache:
    """In memcached's place, which tempauth asks for: nothing is remembered, and nothing is ever stale."""

    def get(self, key, **_):
        return None

    def set(self, key, value, **_):
        pass

    def delete(self, key, **_):
        pass


def with_cache(app):
    def answer(env, start_response):
        env["swift.cache"] = NoCache()
        return app(env, start_response)

    return answer


def lay_ring(name, port):
    """One copy of everything, on the one device that there is."""
    builder = RingBuilder(part_power=1, replicas=1, min_part_hours=1)
    builder.add_dev(
        {"id": 0, "region": 1, "zone": 1, "weight": 1.0, "ip": "127.0.0.1", "port": port, "device": "d1"}
    )
    builder.rebalance()
    builder.get_ring().save(os.path.join(directory, name + ".ring.gz"))


def write(name, text):
    path = os.path.join(directory, name)
    with open(path, "w") as file:
        file.write(text)
    return path


os.makedirs(os.path.join(devices, "d1"))
write("swift.conf", "[swift-hash]\nswift_hash_path_suffix = fleet\n")
set_swift_dir(directory)
for name, controller in [
    ("account", AccountController),
    ("container", ContainerController),
    ("object", ObjectController),
]:
    sock = eventlet.listen(("127.0.0.1", 0))
    lay_ring(name, sock.getsockname()[1])
    serve(sock, controller({"devices": devices, "mount_check": "false", "swift_dir": directory}))

front = eventlet.listen(("127.0.0.1", 0))
secret = os.environ["SWIFT_SECRET"]
conf = write("proxy.conf", proxy.format(directory=directory, secret=secret))
serve(front, with_cache(loadapp(conf)))
print("listening on http://127.0.0.1:%d" % front.getsockname()[1], flush=True)

# Whoever started it ends it by letting go, however that ends.
while True:
    hubs.trampoline(sys.stdin.fileno(), read=True)
    if not os.read(sys.stdin.fileno(), 1024):
        break
