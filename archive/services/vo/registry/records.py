"""The records that describe this archive (VOResource 1.1, VODataService 1.2, Registry Interfaces 1.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Max, Min
from django.urls import reverse

from archive.access import address
from archive.services.vo.dal import cone
from archive.services.vo.dal import vosi as dal_vosi
from archive.services.vo.descriptors import whole
from archive.services.vo.obscore.identifiers import COLLECTION
from archive.services.vo.tap import vosi
from archive.tables.xml import Xml, element, joined, lines

NAMES = {
    "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xmlns:ri": "http://www.ivoa.net/xml/RegistryInterface/v1.0",
    "xmlns:vr": "http://www.ivoa.net/xml/VOResource/v1.0",
    "xmlns:vs": "http://www.ivoa.net/xml/VODataService/v1.1",
    "xmlns:vg": "http://www.ivoa.net/xml/VORegistry/v1.0",
    "xmlns:tr": "http://www.ivoa.net/xml/TAPRegExt/v1.0",
    "xmlns:cs": "http://www.ivoa.net/xml/ConeSearch/v1.0",
}
SUBJECTS = ("transient-sources", "variable-stars", "sky-surveys", "optical-astronomy")
SOURCE = "2019PASP..131a8002B"
WAVEBAND = lines(element("coverage", element("waveband", "Optical")))
INSTRUMENT = lines(element("facility", "P48"), element("instrument", "ZTF"))


@dataclass(frozen=True)
class Record:
    """One resource: `path` is its identifier after the authority, `kind` its type in XML."""

    path: str
    kind: str
    title: str
    short: str
    description: str
    content: str
    more: Xml = Xml()  # noqa: RUF009 (a str, which does not change)

    @property
    def identifier(self) -> str:
        """Its name in the registry."""
        return identifier(self.path)

    def written(self, created: datetime, updated: datetime) -> Xml:
        """The whole record, with the end of its line."""
        attributes = {
            "xsi:type": self.kind,
            "status": "active",
            "created": moment(created),
            "updated": moment(updated),
        }
        inside = lines(
            element("title", self.title),
            element("shortName", self.short),
            element("identifier", self.identifier),
            _curation(created),
            _content(self),
        )
        return lines(element("ri:Resource", "\n", inside, self.more, attributes=NAMES | attributes))


def identifier(path: str = "") -> str:
    """A name of ours in the registry."""
    return f"ivo://{settings.VO_AUTHORITY}" + (f"/{path}" if path else "")


def moment(value: datetime) -> str:
    """A time as registries write it."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def dates() -> tuple[datetime, datetime]:
    """The dates on which this archive was made, and on which what it offers changed last: with a migration."""
    known = MigrationRecorder.Migration.objects.using("default").aggregate(first=Min("applied"), last=Max("applied"))
    return known["first"], known["last"]


def records() -> Mapping[str, Record]:
    """All records, by their identifiers."""
    every = [_registry(), _authority(), _organisation(), _collection(), _tap(), _images(), *map(_cone, cone.tables())]
    return {record.identifier: record for record in every}


def _publisher(name: str) -> Xml:
    return element(name, settings.VO_PUBLISHER, attributes={"ivo-id": identifier("organisation")})


def _curation(created: datetime) -> Xml:
    return element(
        "curation",
        "\n",
        lines(
            _publisher("publisher"),
            element("creator", element("name", "Zwicky Transient Facility")),
            element("date", moment(created), attributes={"role": "Created"}),
            element("contact", element("name", settings.VO_CONTACT), element("email", settings.VO_EMAIL)),
        ),
    )


def _content(record: Record) -> Xml:
    source = element("source", SOURCE, attributes={"format": "bibcode"})
    inside = lines(
        joined(element("subject", subject) for subject in SUBJECTS),
        element("description", record.description),
        source if record.content in ("Survey", "Catalog") else "",
        element("referenceURL", address.address() + reverse("help")),
        element("type", record.content),
        _relation("IsServiceFor", COLLECTION) if record.kind == "vs:CatalogService" else "",
    )
    return element("content", "\n", inside)


def _relation(kind: str, path: str) -> Xml:
    related = element("relatedResource", settings.VO_TITLE, attributes={"ivo-id": identifier(path)})
    return element("relationship", element("relationshipType", kind), related)


def _registry() -> Record:
    access = element("accessURL", whole("registry"), attributes={"use": "base"})
    how = {"xsi:type": "vg:OAIHTTP", "role": "std", "version": "1.0"}
    harvest = lines(element("interface", access, attributes=how), element("maxRecords", 0))
    kind = {"xsi:type": "vg:Harvest", "standardID": "ivo://ivoa.net/std/Registry"}
    more = lines(
        element("capability", "\n", harvest, attributes=kind),
        element("full", "false"),
        element("managedAuthority", settings.VO_AUTHORITY),
    )
    text = f"The publishing registry of {settings.VO_TITLE}."
    return Record("registry", "vg:Registry", f"{settings.VO_TITLE}: registry", "ZTF registry", text, "Registry", more)


def _authority() -> Record:
    more = lines(_publisher("managingOrg"))
    text = f"The names of {settings.VO_TITLE}."
    return Record("", "vg:Authority", f"{settings.VO_TITLE}: authority", "ZTF names", text, "Other", more)


def _organisation() -> Record:
    text = f"Who runs {settings.VO_TITLE}."
    kind = "Organisation"
    return Record("organisation", f"vr:{kind}", settings.VO_PUBLISHER, "ZTF archive", text, kind, INSTRUMENT)


def _collection() -> Record:
    text = (
        "Images of the Zwicky Transient Facility's survey of the northern sky in g, r and i: raw frames, calibrated "
        "images, co-added references and differences, with alerts and light curves made of them."
    )
    more = joined([INSTRUMENT, WAVEBAND])
    return Record(COLLECTION, "vs:DataCollection", settings.VO_TITLE, "ZTF", text, "Survey", more)


def _tap() -> Record:
    inside = vosi.own_capabilities(address.address() + reverse("tap").rstrip("/"))
    text = (
        "Images, alerts and objects of the Zwicky Transient Facility by ADQL over TAP, all observations in ObsCore's "
        "columns among them."
    )
    return Record(
        "tap", "vs:CatalogService", f"{settings.VO_TITLE}: TAP", "ZTF TAP", text, "Archive", joined([inside, WAVEBAND])
    )


def _images() -> Record:
    inside = joined(dal_vosi.SERVICES[name]() for name in ("sia2", "datalink", "soda"))
    text = "Images of the Zwicky Transient Facility by place, time and filter, with links to all that belongs to them."
    title = f"{settings.VO_TITLE}: images"
    return Record("sia2", "vs:CatalogService", title, "ZTF SIA", text, "Archive", joined([inside, WAVEBAND]))


def _cone(name: str) -> Record:
    text = f"{cone.tables()[name].table.description}."
    inside = joined([lines(dal_vosi.cone_capability(name)), WAVEBAND])
    title = f"{settings.VO_TITLE}: {name.removeprefix('ztf_')} around a position"
    return Record(f"scs/{name}", "vs:CatalogService", title, "ZTF cone", text, "Catalog", inside)
