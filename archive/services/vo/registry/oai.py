"""OAI-PMH 2.0: the verbs by which registries harvest records. There are few: every answer is whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from django.conf import settings

from archive.services.vo.descriptors import whole
from archive.services.vo.registry.records import Record, dates, identifier, moment, records
from archive.tables import xml
from archive.tables.xml import Xml, element, joined, lines

NAMES = {"xmlns:oai": "http://www.openarchives.org/OAI/2.0/"}
DUBLIN_CORE = {
    "xmlns:oai_dc": "http://www.openarchives.org/OAI/2.0/oai_dc/",
    "xmlns:dc": "http://purl.org/dc/elements/1.1/",
}
MANAGED = "ivo_managed"
FORMATS = {
    "ivo_vor": ("http://www.ivoa.net/xml/VOResource/VOResource-v1.1.xsd", "http://www.ivoa.net/xml/RegistryInterface/v1.0"),
    "oai_dc": ("http://www.openarchives.org/OAI/2.0/oai_dc.xsd", "http://www.openarchives.org/OAI/2.0/oai_dc/"),
}  # fmt: skip
"""Prefix -> schema, namespace."""


class FaultError(ValueError):
    """A request that OAI-PMH refuses, with its code."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code


def answer(arguments: Mapping[str, list[str]]) -> str:
    """The document that answers a request; what is wrong stands in it."""
    verb = arguments.get("verb", [""])
    try:
        if len(verb) != 1 or verb[0] not in VERBS:
            raise FaultError("badVerb", f"verb={', '.join(verb)}: use one of {', '.join(VERBS)}")
        repeated = [name for name, values in arguments.items() if len(values) > 1]
        if repeated:
            raise FaultError("badArgument", f"{repeated[0]}: give it once")
        known, required, written = VERBS[verb[0]]
        given = {name: values[0] for name, values in arguments.items() if name != "verb"}
        _check(verb[0], given, known, required)
        body = element(f"oai:{verb[0]}", "\n", written(given))
        asked = {"verb": verb[0], **given}
    except FaultError as fault:
        body, asked = element("oai:error", fault, attributes={"code": fault.code}), {}
        if fault.code not in ("badVerb", "badArgument"):
            asked = {name: values[0] for name, values in arguments.items()}
    inside = lines(
        element("oai:responseDate", moment(datetime.now(UTC))),
        element("oai:request", whole("registry"), attributes=asked),
        body,
    )
    return xml.document(element("oai:OAI-PMH", "\n", inside, attributes=NAMES))


def _check(verb: str, given: Mapping[str, str], known: tuple[str, ...], required: tuple[str, ...]) -> None:
    if "resumptionToken" in given and verb.startswith("List") and verb != "ListMetadataFormats":
        raise FaultError("badResumptionToken", "every answer is whole: there are no tokens")
    unknown = sorted(given.keys() - set(known))
    missing = [name for name in required if name not in given]
    if unknown:
        raise FaultError("badArgument", f"{unknown[0]}: {verb} takes {', '.join(known) or 'no arguments'}")
    if missing:
        raise FaultError("badArgument", f"{missing[0]} is missing")


def _identify(given: Mapping[str, str]) -> Xml:
    created, updated = dates()
    return lines(
        element("oai:repositoryName", settings.VO_TITLE),
        element("oai:baseURL", whole("registry")),
        element("oai:protocolVersion", "2.0"),
        element("oai:adminEmail", settings.VO_EMAIL),
        element("oai:earliestDatestamp", moment(created)),
        element("oai:deletedRecord", "no"),
        element("oai:granularity", "YYYY-MM-DDThh:mm:ssZ"),
        element("oai:description", "\n", records()[identifier("registry")].written(created, updated)),
    )


def _formats(given: Mapping[str, str]) -> Xml:
    if "identifier" in given:
        _record(given["identifier"])
    return lines(
        *(
            element(
                "oai:metadataFormat",
                element("oai:metadataPrefix", prefix),
                element("oai:schema", schema),
                element("oai:metadataNamespace", namespace),
            )
            for prefix, (schema, namespace) in FORMATS.items()
        )
    )


def _sets(given: Mapping[str, str]) -> Xml:
    name = element("oai:setName", "What is published here")
    return lines(element("oai:set", element("oai:setSpec", MANAGED), name))


def _identifiers(given: Mapping[str, str]) -> Xml:
    return lines(*(_header(record, dates()[1]) for record in _selected(given)))


def _all_records(given: Mapping[str, str]) -> Xml:
    return joined(_whole_record(record, given["metadataPrefix"]) for record in _selected(given))


def _one_record(given: Mapping[str, str]) -> Xml:
    _format(given)
    return _whole_record(_record(given["identifier"]), given["metadataPrefix"])


def _record(name: str) -> Record:
    found = {one.lower(): record for one, record in records().items()}.get(name.lower())
    if found is None:
        raise FaultError("idDoesNotExist", f"identifier={name}: there is no such record")
    return found


def _format(given: Mapping[str, str]) -> None:
    if given["metadataPrefix"] not in FORMATS:
        raise FaultError(
            "cannotDisseminateFormat", f"metadataPrefix={given['metadataPrefix']}: use {' or '.join(FORMATS)}"
        )


def _selected(given: Mapping[str, str]) -> list[Record]:
    _format(given)
    if given.get("set", MANAGED) != MANAGED:
        raise FaultError("noRecordsMatch", f"set={given['set']}: there is only {MANAGED}")
    updated = dates()[1].replace(microsecond=0)
    begin, end = (_date(name, given[name]) if name in given else None for name in ("from", "until"))
    if begin and end and len(given["from"]) != len(given["until"]):
        raise FaultError("badArgument", "from and until: give both as days, or both with times")
    if (begin and updated < begin[0]) or (end and updated > end[1]):
        raise FaultError("noRecordsMatch", "nothing changed in that span")
    return list(records().values())


def _date(name: str, text: str) -> tuple[datetime, datetime]:
    """The first and the last moment of what a text names: a second or a day."""
    try:
        if len(text) == 10:
            day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
            return day, day.replace(hour=23, minute=59, second=59)
        found = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise FaultError("badArgument", f"{name}={text}: give 2026-11-23 or 2026-11-23T12:00:00Z") from error
    return found, found


def _header(record: Record, updated: datetime) -> Xml:
    return element(
        "oai:header",
        element("oai:identifier", record.identifier),
        element("oai:datestamp", moment(updated)),
        element("oai:setSpec", MANAGED),
    )


def _whole_record(record: Record, prefix: str) -> Xml:
    created, updated = dates()
    content = record.written(created, updated) if prefix == "ivo_vor" else _dublin_core(record, updated)
    metadata = element("oai:metadata", "\n", content)
    return lines(element("oai:record", "\n", lines(_header(record, updated), metadata)))


def _dublin_core(record: Record, updated: datetime) -> Xml:
    values = {
        "title": record.title,
        "creator": "Zwicky Transient Facility",
        "description": record.description,
        "publisher": settings.VO_PUBLISHER,
        "date": moment(updated),
        "identifier": record.identifier,
    }
    inside = (element(f"dc:{name}", value) for name, value in values.items())
    return lines(element("oai_dc:dc", *inside, attributes=DUBLIN_CORE))


_SPAN = ("from", "until", "set", "metadataPrefix", "resumptionToken")
VERBS: dict[str, tuple[tuple[str, ...], tuple[str, ...], Callable[[Mapping[str, str]], Xml]]] = {
    "Identify": ((), (), _identify),
    "ListMetadataFormats": (("identifier",), (), _formats),
    "ListSets": (("resumptionToken",), (), _sets),
    "ListIdentifiers": (_SPAN, ("metadataPrefix",), _identifiers),
    "ListRecords": (_SPAN, ("metadataPrefix",), _all_records),
    "GetRecord": (("identifier", "metadataPrefix"), ("identifier", "metadataPrefix"), _one_record),
}
"""Verb -> its arguments, those that must be given, and what writes its answer."""
