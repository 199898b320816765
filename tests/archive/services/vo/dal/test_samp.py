"""The button that sends a page's table or image to programs on this computer, in Chromium, with a real SAMP hub."""

from __future__ import annotations

import io
import threading
import time

import pytest
import requests
from astropy.io.votable import parse_single_table
from playwright.sync_api import expect
from pyvo.samp import SAMPHubServer, SAMPIntegratedClient, conf
from pyvo.samp.hub import WebProfileDialog

from tests import browsers

NAME = "ZTF archive"
pytestmark = [pytest.mark.browser, pytest.mark.django_db(databases=["default", "reader"])]


class Allows(WebProfileDialog):
    """A person who allows whatever the hub asks."""

    def __init__(self):
        super().__init__()
        self.asked = True
        threading.Thread(target=self._attend, daemon=True).start()

    def show_dialog(self, *about):
        self.consent()

    def _attend(self):
        while self.asked:
            self.handle_queue()
            time.sleep(0.05)


@pytest.fixture(scope="module")
def browser():
    with browsers.chromium() as started:
        yield started


@pytest.fixture
def hub(tmp_path):
    """A hub whose user allows everything."""
    conf.use_internet = False
    dialog = Allows()
    hub = SAMPHubServer(web_profile=True, web_profile_dialog=dialog, lockfile=str(tmp_path / "samp"), mode="multiple")
    try:
        hub.start()
    except OSError as error:
        pytest.skip(f"the hub's port 21012 is taken: {error}")
    yield hub
    dialog.asked = False
    hub.stop()


@pytest.fixture
def topcat(hub):
    """A program that takes tables and images; what it was sent, by the message's name."""
    client = SAMPIntegratedClient(name="takes all")
    client.connect(hub=hub)
    client.taken = {}

    def take(private_key, sender_id, mtype, params, extra):
        client.taken[mtype] = params

    for mtype in ("table.load.votable", "image.load.fits"):
        client.bind_receive_notification(mtype, take)
    yield client
    client.disconnect()


def sent(page, topcat, mtype: str) -> dict:
    button = page.locator(f"button[data-mtype='{mtype}']")
    button.click()
    expect(button.locator("xpath=following-sibling::output")).to_contain_text("Sent to 1 program", timeout=30_000)
    deadline = time.monotonic() + 30
    while mtype not in topcat.taken and time.monotonic() < deadline:
        time.sleep(0.05)
    return topcat.taken.pop(mtype)


@pytest.mark.client("pyvo", "samp.SAMPIntegratedClient")
def test_a_result_is_sent_as_the_votable_of_all_its_rows(browser, server, archive, topcat):
    page = browser.new_page()
    page.goto(f"{server}/images/?field=655")
    page.get_by_text("Download", exact=True).click()
    params = sent(page, topcat, "table.load.votable")
    table = parse_single_table(io.BytesIO(requests.get(params["url"], timeout=60).content)).to_table()
    assert archive.open.pid in table["pid"] and params["name"].startswith("Images")
    assert sent(page, topcat, "table.load.votable") == params, "a second press asks the hub's user nothing more"
    senders = [one for one in topcat.get_registered_clients() if topcat.get_metadata(one).get("samp.name") == NAME]
    assert len(senders) == 1
    page.goto(f"{server}/")  # who leaves the page leaves the hub
    deadline = time.monotonic() + 30
    while set(senders) & set(topcat.get_registered_clients()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not set(senders) & set(topcat.get_registered_clients())


@pytest.mark.client("pyvo", "samp.SAMPIntegratedClient")
def test_a_query_s_result_and_an_image_are_sent(browser, server, archive, topcat):
    page = browser.new_page()
    page.goto(f"{server}/query/?query=SELECT+pid+FROM+ztf.ztf_current_meta_sci")
    assert "tap/sync" in sent(page, topcat, "table.load.votable")["url"]
    page.goto(f"{server}/images/{archive.open.pid}/")
    answer = requests.get(sent(page, topcat, "image.load.fits")["url"], timeout=60)
    assert answer.content[:6] == b"SIMPLE"


def test_without_a_hub_the_page_says_so_and_asks_nobody_before(browser, server):
    page = browser.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{server}/images/?field=655")
    page.get_by_text("Download", exact=True).click()
    assert not [url for url in asked if not url.startswith(server)]
    page.click("button[data-mtype='table.load.votable']")
    page.wait_for_function("() => document.querySelector('output').textContent.includes('No SAMP hub runs')")
    assert {url for url in asked if not url.startswith(server)} <= {"http://localhost:21012/"}


def test_without_script_there_is_no_button(browser, server):
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{server}/images/?field=655")
    assert not page.locator("button[data-samp]").is_visible()
