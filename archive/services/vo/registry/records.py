"""The records that describe this archive (VOResource 1.1, VODataService 1.2, Registry Interfaces 1.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.sax.saxutils import escape, quoteattr

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

NAMESPACES = (
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:ri="http://www.ivoa.net/xml/RegistryInterface/v1.0"'
    ' xmlns:vr="http://www.ivoa.net/xml/VOResource/v1.0" xmlns:vs="http://www.ivoa.net/xml/VODataService/v1.1"'
    ' xmlns:vg="http://www.ivoa.net/xml/VORegistry/v1.0" xmlns:tr="http://www.ivoa.net/xml/TAPRegExt/v1.0"'
    ' xmlns:cs="http://www.ivoa.net/xml/ConeSearch/v1.0"'
)
SUBJECTS = ("transient-sources", "variable-stars", "sky-surveys", "optical-astronomy")
SOURCE = "2019PASP..131a8002B"
WAVEBAND = "<coverage><waveband>Optical</waveband></coverage>\n"


@dataclass(frozen=True)
class Record:
    """One resource: `path` is its identifier after the authority, `kind` its type in XML."""

    path: str
    kind: str
    title: str
    short: str
    description: str
    content: str
    more: str = ""

    @property
    def identifier(self) -> str:
        """Its name in the registry."""
        return identifier(self.path)

    def written(self, created: datetime, updated: datetime) -> str:
        """The whole record."""
        return (
            f'<ri:Resource {NAMESPACES} xsi:type={quoteattr(self.kind)} status="active"'
            f' created="{moment(created)}" updated="{moment(updated)}">\n'
            f"<title>{escape(self.title)}</title>\n<shortName>{escape(self.short)}</shortName>\n"
            f"<identifier>{self.identifier}</identifier>\n{_curation(created)}{_content(self)}{self.more}</ri:Resource>\n"
        )


def identifier(path: str = "") -> str:
    """A name of ours in the registry."""
    return f"ivo://{settings.VO_AUTHORITY}" + (f"/{path}" if path else "")


def moment(value: datetime) -> str:
    """A time as registries write it."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def dates() -> tuple[datetime, datetime]:
    """When this archive was made, and when what it offers changed last: with a migration."""
    known = MigrationRecorder.Migration.objects.using("default").aggregate(first=Min("applied"), last=Max("applied"))
    return known["first"], known["last"]


def records() -> Mapping[str, Record]:
    """All records, by their identifiers."""
    every = [_registry(), _authority(), _organisation(), _collection(), _tap(), _images(), *map(_cone, cone.tables())]
    return {record.identifier: record for record in every}


def _curation(created: datetime) -> str:
    publisher = f"<publisher ivo-id={quoteattr(identifier('organisation'))}>{escape(settings.VO_PUBLISHER)}</publisher>"
    return (
        f"<curation>\n{publisher}\n<creator><name>Zwicky Transient Facility</name></creator>\n"
        f'<date role="Created">{moment(created)}</date>\n'
        f"<contact><name>{escape(settings.VO_CONTACT)}</name><email>{escape(settings.VO_EMAIL)}</email></contact>\n"
        "</curation>\n"
    )


def _content(record: Record) -> str:
    subjects = "".join(f"<subject>{subject}</subject>" for subject in SUBJECTS)
    source = f'<source format="bibcode">{SOURCE}</source>\n' if record.content in ("Survey", "Catalog") else ""
    relation = _relation("IsServiceFor", COLLECTION) if record.kind == "vs:CatalogService" else ""
    return (
        f"<content>\n{subjects}\n<description>{escape(record.description)}</description>\n{source}"
        f"<referenceURL>{escape(address.address() + reverse('help'))}</referenceURL>\n"
        f"<type>{record.content}</type>\n{relation}</content>\n"
    )


def _relation(kind: str, path: str) -> str:
    return (
        f"<relationship><relationshipType>{kind}</relationshipType>"
        f"<relatedResource ivo-id={quoteattr(identifier(path))}>{escape(settings.VO_TITLE)}</relatedResource>"
        "</relationship>\n"
    )


def _registry() -> Record:
    url = escape(whole("registry"))
    more = (
        '<capability xsi:type="vg:Harvest" standardID="ivo://ivoa.net/std/Registry">\n'
        '<interface xsi:type="vg:OAIHTTP" role="std" version="1.0">'
        f'<accessURL use="base">{url}</accessURL></interface>\n'
        "<maxRecords>0</maxRecords>\n</capability>\n<full>false</full>\n"
        f"<managedAuthority>{settings.VO_AUTHORITY}</managedAuthority>\n"
    )
    text = f"The publishing registry of {settings.VO_TITLE}."
    return Record("registry", "vg:Registry", f"{settings.VO_TITLE}: registry", "ZTF registry", text, "Registry", more)


def _authority() -> Record:
    more = (
        f"<managingOrg ivo-id={quoteattr(identifier('organisation'))}>{escape(settings.VO_PUBLISHER)}</managingOrg>\n"
    )
    text = f"The names of {settings.VO_TITLE}."
    return Record("", "vg:Authority", f"{settings.VO_TITLE}: authority", "ZTF names", text, "Other", more)


def _organisation() -> Record:
    more = "<facility>P48</facility>\n<instrument>ZTF</instrument>\n"
    text = f"Who runs {settings.VO_TITLE}."
    return Record("organisation", "vr:Organisation", settings.VO_PUBLISHER, "ZTF archive", text, "Organisation", more)


def _collection() -> Record:
    text = (
        "Images of the Zwicky Transient Facility's survey of the northern sky in g, r and i: raw frames, calibrated "
        "images, co-added references and differences, with alerts and light curves made of them."
    )
    more = "<facility>P48</facility>\n<instrument>ZTF</instrument>\n" + WAVEBAND
    return Record(COLLECTION, "vs:DataCollection", settings.VO_TITLE, "ZTF", text, "Survey", more)


def _tap() -> Record:
    told = vosi.capabilities(address.address() + reverse("tap").rstrip("/"))
    start = told.index(">", told.index("<vosi:capabilities")) + 1
    inside = told[start : told.rindex("</vosi:capabilities>")].strip() + "\n"
    text = (
        "Images, alerts and objects of the Zwicky Transient Facility by ADQL over TAP, all observations in ObsCore's "
        "columns among them."
    )
    return Record(
        "tap", "vs:CatalogService", f"{settings.VO_TITLE}: TAP", "ZTF TAP", text, "Archive", inside + WAVEBAND
    )


def _images() -> Record:
    inside = "".join(dal_vosi.SERVICES[name]() for name in ("sia2", "datalink", "soda"))
    text = "Images of the Zwicky Transient Facility by place, time and filter, with links to all that belongs to them."
    title = f"{settings.VO_TITLE}: images"
    return Record("sia2", "vs:CatalogService", title, "ZTF SIA", text, "Archive", inside + WAVEBAND)


def _cone(name: str) -> Record:
    table = cone.tables()[name].table
    inside = dal_vosi.cone_capability(name)
    title = f"{settings.VO_TITLE}: {name.removeprefix('ztf_')} around a position"
    return Record(
        f"scs/{name}", "vs:CatalogService", title, "ZTF cone", f"{table.description}.", "Catalog", inside + WAVEBAND
    )
