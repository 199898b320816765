"""Quality bits by name: one address for the page, its formats, its counts and its code; sums are taken as well."""

import pytest
from django.core.cache import cache
from django.urls import reverse

from archive.models import Membership, Program, Release
from archive.search.facets import facets
from archive.search.query import ImageQuery
from archive.survey.bits import INFO_WORDS, MASK_WORDS, InfoBit, MaskBit, bit_number
from tests import factories

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
BITS = (0, InfoBit.SEEING_HIGH, InfoBit.NO_PSF, InfoBit.SEEING_HIGH | InfoBit.NO_PSF, 1 << 23)


@pytest.fixture(scope="module")
def images(committed):
    cache.clear()
    made = [
        factories.science_image(factories.exposure(jd=factories.JD + k), infobits=int(bits))
        for k, bits in enumerate(BITS)
    ]
    night = made[0].obsdate.date()
    for name, state in (("drafted", Release.State.DRAFT), ("draftless", Release.State.PUBLIC)):
        release = Release.objects.create(name=name, title=name, first_night=night, last_night=night)
        release.programs.set(Program.objects.filter(pk=1))
        release.items.create(kind="sci", key=made[0].pid)
        factories.put_release(name, state=state)
    return made


def found(client, **asked) -> list[int]:
    rows = client.get("/images/", asked | {"format": "json", "order": "obsjd"}).json()["rows"]
    return [row["pid"] for row in rows]


@pytest.mark.parametrize(
    ("asked", "places"),
    [
        ({"infobits": "seeing-high"}, (0, 2, 4)),
        ({"infobits": "seeing-high,no-psf"}, (0, 4)),
        ({"infobits": ["seeing-high", "no-psf"]}, (0, 4)),
        ({"infobits": "8"}, (0, 2, 4)),
        ({"flagged": "seeing-high"}, (1, 3)),
        ({"flagged": ["seeing-high", "no-psf"]}, (1, 2, 3)),
        ({"flagged": "seeing-high", "infobits": "no-psf"}, (1,)),
        ({"flagged": str(1 << 23)}, (4,)),
    ],
)
def test_flags_are_chosen_and_left_out_by_name(client, images, asked, places):
    assert found(client, **asked) == [images[k].pid for k in places]
    page = client.get("/images/", asked | {"order": "obsjd"})
    assert [int(row.label) for row in page.context["table"].rows] == [images[k].pid for k in places]
    api = client.get(reverse("api-images"), asked | {"order": "obsjd"}).json()
    assert [row["pid"] for row in api["results"]] == [images[k].pid for k in places]


def test_each_flag_is_a_chip_with_its_words_that_drops_it_alone(client, images):
    page = client.get("/images/", {"infobits": ["seeing-high", "no-psf"], "flagged": str(1 << 23)})
    chips = page.context["chips"]
    assert [chip.text for chip in chips] == ["seeing above 5″", "no PSF", "bit 23"]
    without = client.get("/images/" + chips[0].remove).context["chips"]
    assert [chip.text for chip in without] == ["no PSF", "bit 23"]
    assert page.content.count(b" checked") == 2


def test_all_of_several_flags_are_kept_where_a_condition_is_added_or_rows_are_chosen(client, images):
    asked = {"flagged": ["seeing-high", "no-psf"], "column": "infobits", "comparison": ">", "value": "8"}
    page = client.get("/images/narrow", asked, follow=True)
    assert {chip.text for chip in page.context["chips"]} == {"seeing above 5″", "no PSF", "infobits > 8"}
    kept = [value for name, value in page.context["table"].kept if name == "flagged"]
    assert kept == ["seeing-high", "no-psf"]
    assert "flagged=seeing-high%2Cno-psf" in dict(page.context["calls"])["curl"]


def test_a_flag_that_is_none_is_refused_with_those_that_are(client, images):
    for asked in ({"infobits": "cloudy"}, {"flagged": ["no-psf", "-1"]}, {"infobits": str(2**31)}):
        answer = client.get("/images/", asked | {"format": "json"})
        assert answer.status_code == 400 and "no-psf" in answer.json()["detail"]
        assert client.get("/images/", asked).status_code == 400
    raw = client.get("/images/", {"family": "raw", "flagged": "no-psf", "format": "json"})
    assert raw.status_code == 400 and "infobits" in raw.json()["detail"]


def test_results_are_counted_by_quality_and_by_release(client, images):
    night = images[0].obsdate.date()
    release = Release.objects.create(name="counted", title="Counted", first_night=night, last_night=night)
    release.programs.set(Program.objects.filter(pk=1))
    for image in images[:2]:
        release.items.create(kind="sci", key=image.pid)
    found = {one.label: {value.text: value.count for value in one.values} for one in facets(ImageQuery(), staff=True)}
    assert found["Quality"] == {"good": 1, "no PSF": 2, "seeing above 5″": 2}
    assert found["Release"] == {"Counted": 2, "drafted": 1, "draftless": 1}
    narrowed = facets(ImageQuery(flagged=int(InfoBit.NO_PSF), release="counted"))
    assert not {"Quality", "Release"} & {one.label for one in narrowed}
    page = client.get("/images/facets").content.decode()
    assert "flagged=no-psf" in page and "good=1" in page and "Counted" not in page  # a draft is its makers' alone


def test_a_draft_is_named_to_staff_alone(client, images, django_user_model):
    """Neither counted, nor suggested, nor found to somebody who reads all programs: its page is closed to them."""
    partner = django_user_model.objects.create_user("partner", password="x")
    for program in Program.objects.all():
        Membership.objects.create(user=partner, program=program)
    staff = django_user_model.objects.create_superuser("staff", password="x")
    for user, named in ((None, {"draftless"}), (partner, {"draftless"}), (staff, {"drafted", "draftless"})):
        client.logout() if user is None else client.force_login(user)
        for address in ("/images/facets", "/suggestions?q=draft", "/", "/releases/"):
            page = client.get(address).content.decode()
            assert {name for name in ("drafted", "draftless") if name in page} == named, (user, address)
        assert client.get("/find", {"q": "drafted"}).status_code == (302 if "drafted" in named else 404)


def test_every_bit_has_words_of_its_own():
    assert set(INFO_WORDS) == set(InfoBit) and set(MASK_WORDS) == set(MaskBit)
    assert len(set(INFO_WORDS.values())) == len(InfoBit) and len(set(MASK_WORDS.values())) == len(MaskBit)
    assert bit_number(InfoBit.BAD_PHOTOMETRIC_QUALITY) == 25
