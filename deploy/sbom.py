"""`make sbom`: what is locked as a CycloneDX bill of materials: versions, hashes of wheels, licences, who needs whom.

The same lock has the same serial number.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from hashlib import sha256
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.license import License
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.lock import DEV, ROOT, RUN, pins

OURS = ("shared", "order-intake", "inventory", "dispatch", "crm", "kpi")
_LICENSES = LicenseFactory()


def bill() -> Bom:
    run, dev = pins(RUN), pins(DEV)
    libraries = {name: library(name, pin, ComponentScope.REQUIRED) for name, pin in run.items()}
    libraries |= {name: library(name, pin, ComponentScope.EXCLUDED) for name, pin in dev.items()}
    ours = {f"lsc-{name}": our(f"lsc-{name}") for name in OURS}
    whole = Component(
        name="logistics-service-center",
        version=our("lsc-shared").version,
        type=ComponentType.APPLICATION,
        bom_ref="logistics-service-center",
    )
    content = "".join([*run.values(), *dev.values()]).encode()
    bom = Bom(
        serial_number=uuid5(NAMESPACE_URL, sha256(content).hexdigest()),
        metadata=BomMetaData(component=whole),
        components=[*ours.values(), *libraries.values()],
    )
    bom.register_dependency(whole, ours.values())
    for name, component in (ours | libraries).items():
        bom.register_dependency(component, [found for each in needs(name) if (found := (ours | libraries).get(each))])
    return bom


def our(name: str) -> Component:
    return Component(
        name=name, version=distribution(name).version, type=ComponentType.APPLICATION, bom_ref=name, scope=ComponentScope.REQUIRED
    )


def library(name: str, pin: str, scope: ComponentScope) -> Component:
    version = pin.partition("==")[2].split()[0]
    purl = PackageURL("pypi", None, name, version)
    hashes = [HashType(alg=HashAlgorithm.SHA_256, content=each) for each in re.findall(r"sha256:([0-9a-f]{64})", pin)]
    wheels = ExternalReference(type=ExternalReferenceType.DISTRIBUTION, url=XsUri(str(purl)), comment="any of its wheels", hashes=hashes)
    return Component(
        name=name, version=version, purl=purl, bom_ref=str(purl), scope=scope, licenses=licenses(name), external_references=[wheels]
    )  # fmt: skip


def installed(name: str) -> Distribution | None:
    """None for what another platform alone needs."""
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def needs(name: str) -> Iterator[str]:
    found = installed(name)
    for line in (found.requires or []) if found else []:
        needed = Requirement(line)
        if needed.marker is None or needed.marker.evaluate({"extra": ""}):
            yield canonicalize_name(needed.name)


def licenses(name: str) -> Iterable[License]:
    """As the package says itself: its expression, else its classifiers, else its own words."""
    found = installed(name)
    if not found:
        return []
    expressions = found.metadata.get_all("License-Expression") or []
    classifiers = found.metadata.get_all("Classifier") or []
    said = [each.rpartition(" :: ")[2] for each in classifiers if each.startswith("License :: OSI Approved :: ")]
    words = [each.splitlines()[0][:80] for each in found.metadata.get_all("License") or [] if each]
    return [_LICENSES.make_from_string(each) for each in expressions or said or words]


def main() -> None:
    file = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / ".local/sbom.json")
    made = bill()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text(made))
    print(f"{file}: {len(made.components)} components.")


def text(made: Bom) -> str:
    return make_outputter(made, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=2)


if __name__ == "__main__":
    main()
