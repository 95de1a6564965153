"""What goes into the lake for others: bundles of small files, publications, where data came from.

import dlaas.publish

bundle = dlaas.publish.bundle("plots/*.png", "plots.zip")
lake.upload(bundle.path, "user.alice:plots-v1.zip", lifetime="90d")
dlaas.publish.open_bundle("rucio://user.alice/plots-v1.zip")["mass.png"]
"""

from __future__ import annotations

from dlaas.publish.bundles import Bundle as Bundle
from dlaas.publish.bundles import Member as Member
from dlaas.publish.bundles import bundle as bundle
from dlaas.publish.manifest import compare as compare
from dlaas.publish.manifest import export_manifest as export_manifest
from dlaas.publish.manifest import read_manifest as read_manifest
from dlaas.publish.opening import OpenBundle as OpenBundle
from dlaas.publish.opening import members as members
from dlaas.publish.opening import open_bundle as open_bundle
from dlaas.publish.provenance import Provenance as Provenance
from dlaas.publish.publication import Published as Published
from dlaas.publish.publication import publish as publish
from dlaas.publish.reana import export_reana as export_reana
