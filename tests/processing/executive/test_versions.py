"""Another config makes another version beside the old: other files, other rows, and nothing of it leaks."""

import pytest
from django.core.management import CommandError, call_command

from archive import releases
from archive.access.audit import Actor
from archive.access.reading import ANYONE, EVERYTHING, Reader, reading
from archive.files import storage
from archive.models import ProcessingVersion, ProductFile, Release, ScienceImage, ScienceVersion
from archive.products import versions
from archive.search import query
from archive.search.query import ImageQuery
from processing.models import Job
from tests.processing.executive import nights

pytestmark = [pytest.mark.slow, pytest.mark.django_db(databases=["default", "reader"])]
SHALLOW = "science.detection.threshold=6"


@pytest.fixture(scope="module")
def image(night) -> ScienceImage:
    return ScienceImage.objects.get(nid=night)


@pytest.fixture(scope="module")
def files_before(image) -> dict[str, str]:
    return {file.path: storage.checksum(storage.absolute(file.path)) for file in files_of(image)}


@pytest.fixture(scope="module")
def shallow(image, files_before) -> ScienceVersion:
    """The image in a version that finds fewer sources."""
    process(image, "--version", "shallow", "--config", SHALLOW, "--note", "bright stars only")
    return ScienceVersion.objects.get(image=image, version="shallow")


def process(image: ScienceImage, *arguments: str) -> None:
    """The command as an operator types it, then what the workers do."""
    quadrant = ("--ccd", str(image.ccdid), "--quadrant", str(image.qid))
    call_command("process", "20261025", *quadrant, *arguments, "--no-wait", verbosity=0)
    nights.run_all()


def files_of(image: ScienceImage):
    return ProductFile.objects.filter(family="sci", product_id=image.pid).order_by("path")


def test_a_version_has_its_own_numbers_files_and_config(image, shallow):
    assert shallow.quality["sex_sources"] < 0.8 * image.quality["sex_sources"]
    version = ProcessingVersion.objects.get(pk="shallow")
    assert version.overrides == {"science": {"detection.threshold": 6.0}}
    assert version.config["science"]["detection"]["threshold"] == 6.0
    assert len(version.config_sha256) == 64
    (beside,) = versions.beside(image)
    assert {file.suffix for file in beside.files} == {file.suffix for file in files_of(image)}
    for file in beside.files:
        assert file.path.startswith("versions/shallow/sci/2026/1025/")
        assert storage.checksum(storage.absolute(file.path)) == file.sha256
        assert file.provenance["config"]["detection"]["threshold"] == 6.0
        assert file.provenance["processing_version"] == "shallow"
    assert {number.name for number in beside.numbers} >= {"magzp", "maglimit", "seeing", "infobits"}


def test_the_old_versions_files_stay_byte_for_byte(image, shallow, files_before):
    now = {file.path: storage.checksum(storage.absolute(file.path)) for file in files_of(image)}
    assert now == files_before
    image.refresh_from_db()
    assert ScienceImage.objects.filter(nid=image.nid).count() == 1


def test_a_name_stands_for_one_config(image, shallow):
    with pytest.raises(CommandError, match="shallow.*another config; choose another name"):
        process(image, "--version", "shallow", "--config", "science.detection.threshold=7")


def test_no_version_shows_where_images_are_searched_or_bundled(image, shallow, client):
    from archive.products import bundles

    with reading(EVERYTHING):
        assert [one.pid for one in query.images(ImageQuery(nid=image.nid))] == [image.pid]
        assert not [file for file in bundles.files_of({"nid": image.nid}) if file.path.startswith("versions/")]
    rows = client.get("/images/", {"nid": image.nid, "format": "json"}).json()["rows"]
    assert [row["maglimit"] for row in rows] == [image.maglimit]
    tap = {"REQUEST": "doQuery", "LANG": "ADQL", "FORMAT": "csv"}
    tap["QUERY"] = f"SELECT COUNT(*) AS n FROM ztf.ztf_current_meta_sci WHERE nid = {image.nid}"  # noqa: S608
    assert b"".join(client.get("/tap/sync", tap)).split() == [b"n", b"1"]
    files = client.get(f"/api/images/{image.pid}/").json()["files"]
    assert files
    assert not [one for one in files if one["path"].startswith("versions/")]


def test_page_and_rest_show_what_differs(image, shallow, client):
    page = client.get(f"/images/{image.pid}/").content.decode()
    assert "Other versions" in page
    assert "science.detection.threshold=6.0" in page
    (version,) = client.get(f"/api/images/{image.pid}/").json()["versions"]
    assert version["version"] == "shallow"
    assert version["change"]["magzp"] == pytest.approx(shallow.magzp - image.magzp)
    path = next(file["path"] for file in version["files"] if file["suffix"] == "psfcat.fits")
    assert client.get(f"/files/{path}").status_code == 200


def test_a_release_opens_the_versions_of_its_images(image, shallow):
    release = Release.objects.create(
        name="dr1", title="First", first_night=image.obsdate.date(), last_night=image.obsdate.date()
    )
    release.programs.set([image.programid])
    ScienceVersion.objects.filter(pk=shallow.pk).update(public_date=None)
    ProductFile.objects.filter(family="ver").update(public_date=None)
    system = Actor("test")
    assert (
        releases.publish(releases.freeze(release, system, check=lambda *file: None), system)["archive_scienceversion"]
        == 1
    )
    assert not ProductFile.objects.filter(family="ver", public_date=None).exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--version", "x1", "--config", "science.detection.treshold=2"), "no field treshold; did you mean threshold"),
        (("--version", "x1", "--config", "science.detection.threshold=low"), "threshold='low': give a number"),
        (("--version", "x1", "--config", "science.detection=2"), "is a group; set one of science.detection.threshold"),
        (("--version", "x1", "--config", "science.aperture_stars=1.5"), "give a whole number, for example 300"),
        (("--version", "x1", "--config", "bias.clip=2"), "bias: versions change the config of science"),
        (("--version", "x1", "--config", "threshold"), "give PIPELINE.FIELD=VALUE"),
        (("--version", "x1"), "is new and changes nothing"),
        (("--version", "Deep 2", "--config", SHALLOW), "version='Deep 2': up to 30 of a-z"),
        (("--config", SHALLOW), "need --version NAME"),
        (("--exposure", "1"), "no raw files"),
    ],
)
def test_a_wrong_wish_is_answered_with_what_would_be_right(image, arguments, message):
    with pytest.raises(CommandError, match=message):
        process(image, *arguments)
    assert not ProcessingVersion.objects.filter(name="x1").exists()


@pytest.fixture(scope="module")
def closed(image, shallow) -> str:
    """From here on the image belongs to the partnership; the path of one of its version's files."""
    rights = {"programid": 2, "public_date": None}
    ScienceImage.objects.filter(pk=image.pk).update(**rights)
    ScienceVersion.objects.filter(pk=shallow.pk).update(**rights)
    ProductFile.objects.filter(family__in=("sci", "ver")).update(**rights)
    return ProductFile.objects.filter(family="ver").first().path


def test_a_version_is_as_closed_as_its_image(image, closed, client):
    """The last test here: what `closed` commits stays."""
    with reading(ANYONE):
        assert not ScienceVersion.objects.exists()
        assert not versions.beside(image)
    with reading(Reader(frozenset({2}))):
        assert len(versions.beside(image)) == 1
    assert client.get(f"/files/{closed}").status_code == 404
    assert client.get(f"/images/{image.pid}/").status_code == 404


def test_the_same_version_again_is_the_same_rows_once(image, shallow):
    """Last in this file: its rows go with the test's transaction, the files that it wrote anew stay."""
    before = ScienceVersion.objects.count(), ProductFile.objects.count(), Job.objects.count()
    process(image, "--version", "shallow", "--config", "science.detection.threshold=6.0")
    process(image, "--version", "shallow", "--redo")
    assert before == (ScienceVersion.objects.count(), ProductFile.objects.count(), Job.objects.count())
    job = Job.objects.get(key=f"{image.pid}@shallow")
    assert (job.state, job.attempts) == ("done", 2)
