"""Tasks of a new user's first week, from the front page, by what stands on buttons, links and labels."""

import csv
import io
import re
import tarfile

import pytest
import requests
from playwright.sync_api import expect

from archive.models import ScienceImage
from tests import browsers
from tests.tasks.conftest import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(databases=["default", "reader"])]


@pytest.fixture
def visit(browser, portal, tmp_path):
    """A person's page at the front door, signed in when a name is given; contexts end with the test."""
    contexts = []

    def start(name: str = "", folder=tmp_path):
        context = browser.new_context(base_url=portal, viewport={"width": 1280, "height": 900}, accept_downloads=True)
        context.set_default_timeout(browsers.PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.goto("/")
        if name:
            page.get_by_role("link", name="Sign in").click()
            page.get_by_label("Username").fill(name)
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click()
        return page

    yield start
    for context in contexts:
        context.close()


def main_link(page, group: str, name: str) -> None:
    """Open a menu of the header, then a page of it."""
    menu = page.locator(".site-nav .wide details").filter(has=page.locator("summary", has_text=group))
    menu.locator("summary").click()
    menu.locator("a", has_text=name).first.click()


def downloaded(page, click) -> bytes:
    with page.expect_download() as download:
        click()
    return download.value.path().read_bytes()


def search_m31(page) -> None:
    main_link(page, "Search", "Images")
    page.get_by_label("Position or name").fill("M 31")
    page.get_by_label("Filter").first.select_option("zr")
    page.get_by_label(re.compile("^From")).fill("2026-10-01")
    page.get_by_label(re.compile("^Before")).fill("2026-11-01")
    page.get_by_role("main").get_by_role("button", name="Search").first.click()


def wait_for_job(page) -> None:
    page.locator("#job .phase", has_text="Completed").wait_for()


def test_all_r_images_of_m31_in_a_month(visit, archive):
    page = visit()
    search_m31(page)
    page.get_by_text("Download", exact=True).click()
    link = page.get_by_role("link", name="CSV", exact=True)
    rows = list(csv.DictReader(io.StringIO(downloaded(page, link.click).decode())))
    assert sorted(int(row["pid"]) for row in rows) == sorted(archive.october)
    expect(page.locator("main")).to_contain_text(str(len(archive.october)))
    expect(page.locator("svg.skymap-svg polygon").first).to_be_attached()


def test_a_colleague_gets_access_sees_it_and_loses_it(visit, archive):
    colleague, admin = visit("colleague"), visit("admin")

    def sees(closed: int) -> None:
        main_link(colleague, "Search", "Images")
        colleague.get_by_text(re.compile("^More conditions")).click()
        colleague.locator("form.search [name=programid]").select_option("2")
        colleague.get_by_role("main").get_by_role("button", name="Search").first.click()
        colleague.wait_for_url("**programid=2**")
        expect(colleague.locator("main table tbody tr th")).to_have_count(closed)

    sees(0)
    main_link(admin, "Operations", "Administration")
    admin.get_by_role("link", name="Memberships", exact=True).click()
    admin.get_by_role("link", name=re.compile("Add membership", re.I)).first.click()
    admin.locator(".field-user .select2-selection").click()
    admin.locator(".select2-search__field").fill("colleague")
    admin.locator(".select2-results__option", has_text="colleague").first.click()
    admin.get_by_label("Program").select_option("2")
    admin.locator("#id_until_0").fill("2030-06-30")
    admin.locator("#id_until_1").fill("00:00:00")
    admin.get_by_role("button", name="Save", exact=True).click()
    admin.locator(".alert-success, .success").first.wait_for()
    sees(len(archive.closed))
    admin.get_by_role("link", name="colleague").first.click()
    admin.locator("#id_until_0").fill("2026-01-02")
    admin.locator("#id_since_0").fill("2026-01-01")
    admin.get_by_role("button", name="Save", exact=True).click()
    admin.locator(".alert-success, .success").first.wait_for()
    sees(0)


def test_a_release_is_published_and_withdrawn(visit, archive):
    def open_now() -> int:
        return ScienceImage.objects.using("default").filter(pk__in=archive.closed, public_date__isnull=False).count()

    page = visit("admin")
    main_link(page, "Operations", "Administration")
    page.get_by_role("link", name="Releases", exact=True).click()
    page.get_by_role("link", name=re.compile("Add release", re.I)).first.click()
    page.get_by_label("Name", exact=False).first.fill("winter")
    page.get_by_label("Title").fill("Winter")
    page.locator("#id_programs_from").select_option("2")
    page.locator("#id_programs_add, #id_programs_add_link").first.click()
    page.get_by_label("First night").fill("2026-10-01")
    page.get_by_label("Last night").fill("2026-10-31")
    page.get_by_role("button", name="Save", exact=True).click()
    for action, opened in (("Freeze", 0), ("Publish", 3), ("Withdraw", 0)):
        page.goto("/")
        main_link(page, "Operations", "Administration")
        page.get_by_role("link", name="Releases", exact=True).click()
        page.get_by_role("link", name="winter").click()
        page.get_by_role("link", name=f"{action} …").click()
        page.get_by_role("button", name=f"{action} winter").click()
        wait_for_job(page)
        assert open_now() == opened, action


def test_a_token_is_made_used_and_revoked(visit, portal, archive):
    page = visit("partner")
    page.get_by_role("link", name="partner", exact=True).click()
    page.get_by_label("What it is for").fill("my script")
    page.get_by_label(re.compile("everything", re.I)).check()
    page.get_by_role("button", name="Make a token").click()
    expect(page.get_by_label("Token", exact=True)).not_to_have_value("")
    secret = page.get_by_label("Token", exact=True).input_value()
    asked = {"url": f"{portal}/api/images/?programid=2", "headers": {"Authorization": f"Bearer {secret}"}}
    assert requests.get(**asked, timeout=30).json()["count"] == len(archive.closed)
    page.get_by_role("button", name="Revoke my script").click()
    page.get_by_text("revoked").first.wait_for()
    assert requests.get(**asked, timeout=30).status_code == 401


def test_every_file_of_a_search(visit, archive):
    page = visit()
    search_m31(page)
    page.get_by_text("Download", exact=True).click()
    page.get_by_role("button", name=re.compile("^Download all files")).click()
    wait_for_job(page)
    tar = downloaded(page, page.get_by_role("main").get_by_role("link", name="Download", exact=True).click)
    with tarfile.open(fileobj=io.BytesIO(tar)) as files:
        assert len([name for name in files.getnames() if name.endswith(".fits")]) == len(archive.october)


def test_a_light_curve(visit, archive):
    page = visit()
    main_link(page, "Search", "Light curves")
    page.get_by_label(re.compile("^Position")).fill("M 31")
    page.get_by_label(re.compile("radius|within", re.I)).fill("5")
    page.get_by_role("main").get_by_role("button", name="Search").first.click()
    page.get_by_role("link", name=str(archive.oid)).click()
    page.locator(".bk-Canvas, canvas").first.wait_for()
    rows = downloaded(page, page.get_by_role("link", name="CSV", exact=True).first.click).decode().splitlines()
    assert len(rows) == 1 + 36
