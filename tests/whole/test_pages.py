"""The portal in a browser, as a person uses it: whole tasks, no request to anybody outside, nobody shut out."""

import pytest
from playwright.sync_api import Page, expect

from archive.models import Alert, ReferenceImage, ScienceImage
from lightcurves.models import Detection
from tests import browsers
from tests.portal.views.looking import axe, visiting

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture(scope="module")
def browser(portal):
    with browsers.chromium() as started:
        yield started


@pytest.fixture
def page(browser, portal):
    with browsers.watched_page(browser, portal) as page:
        yield page


def addresses() -> dict[str, str]:
    image = ScienceImage.objects.filter(field=557, programid=1).order_by("pid").first()
    alert = Alert.objects.filter(programid=1).order_by("-rb").first()
    reference = ReferenceImage.objects.filter(origin="ours").first()
    detection = Detection.objects.filter(programid=1).first()
    return {
        "home": "/",
        "images": "/images/?field=557",
        "quality": "/quality/?field=557",
        "image": f"/images/{image.pid}/",
        "reference": f"/references/{reference.rfid}/",
        "sky surveys": "/hips/",
        "target list": "/cutouts/list",
        "cutouts": f"/cutouts/?position={image.ra}+{image.dec}",
        "alerts": "/alerts/",
        "alert": f"/alerts/{alert.candid}/",
        "objects": f"/objects/?position={image.ra}+{image.dec}&radius=60",
        "object": f"/objects/{detection.oid}/",
        "moving": "/moving/?name=Ceres",
        "releases": "/releases/",
        "query": "/query/?query=SELECT TOP 50 jd, magpsf, objectid FROM ztf.ztf_alerts",
        "sign-in": "/sign-in/",
    }


def test_pages_open_without_faults_and_pass_the_accessibility_rules(browser, portal):
    wrong = {}
    with visiting(browser, portal, color_scheme="light") as seen:
        for name, address in addresses().items():
            answer = seen.open(address)
            assert answer.status == 200, f"{name}: {answer.status}"
            found = [*seen.faults, *axe(seen)]
            seen.page.emulate_media(color_scheme="dark")
            found += axe(seen, ["color-contrast", "link-in-text-block"])
            seen.page.emulate_media(color_scheme="light")
            if found:
                wrong[name] = found
    assert wrong == {}


def test_from_a_position_to_an_image_to_its_file(page: Page):
    image = ScienceImage.objects.filter(field=557, programid=1).order_by("pid").first()
    page.goto("/")
    page.get_by_role("searchbox").fill(f"{image.ra:.5f} {image.dec:+.5f}")
    page.keyboard.press("Enter")
    page.get_by_role("link", name=str(image.pid)).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Science image {image.pid}")
    picture = page.locator("figure.image img").first
    picture.scroll_into_view_if_needed()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 300
    with page.expect_download() as download:
        page.get_by_role("link", name="sciimg.fits").last.click()
    assert download.value.path().stat().st_size > 1_000_000


def test_from_a_name_to_a_light_curve_folded(page: Page):
    detection = Detection.objects.filter(programid=1).first()
    page.goto(f"/objects/{detection.oid}/")
    page.wait_for_selector("canvas")
    page.wait_for_selector("#viewer[data-ready=true]")
    assert page.locator("table").count() > 0


def test_a_partner_signs_in_sees_more_and_signs_out(page: Page):
    page.goto("/images/?field=557")
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("Username").fill("partner")
    page.get_by_label("Password").fill("partnerpartner")
    page.get_by_role("button", name="Sign in").click()
    every = ScienceImage.objects.filter(field=557, programid__in=(1, 2)).count()
    expect(page.locator("main")).to_contain_text(f"of {every}")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    page.goto("/images/?field=557")
    assert f"of {every}" not in page.content()


def test_the_search_works_from_the_keyboard_and_without_script(browser, portal):
    context = browser.new_context(base_url=portal, java_script_enabled=False)
    page = context.new_page()
    page.goto("/images/")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.get_by_label("Field").fill("557")
    page.keyboard.press("Enter")
    page.wait_for_url("**field=557**")
    expect(page.locator("table tbody tr").nth(5)).to_be_visible()
    context.close()
