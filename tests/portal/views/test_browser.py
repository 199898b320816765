"""Every page of the portal in Chromium: as it stands, and with what a browser or a server may lack."""

import pytest
from django.conf import settings
from django.urls import get_resolver

from tests.portal.views.addresses import FORMS_OF_IRSA, NOT_PAGES, REFUSED, pages
from tests.portal.views.conftest import OWNER
from tests.portal.views.looking import POINTERS, WITHOUT, axe, invalid, unparsed
from tests.portal.views.screens import LAPTOP, PHONE, jumps
from tests.rights.test_every_path import names_of
from tests.rights.test_requests_by_address import ADDRESSES, well_formed

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(databases=["default", "reader"])]

UNFRAMED = ("help", "api-docs", "ibe", "matchfile", "depot", "alert-nights", "hats", "bulk", "gator")


def test_every_address_is_a_page_that_is_opened_or_is_known_to_be_none(archive):
    opened = {name.split()[0] for name in pages(archive, OWNER)}
    assert names_of(get_resolver(settings.ROOT_URLCONF).url_patterns) == opened | NOT_PAGES
    assert not opened & NOT_PAGES


def test_what_is_known_to_be_no_page_gives_none(archive, client):
    client.force_login(archive.owner)
    for name in sorted(NOT_PAGES - FORMS_OF_IRSA):
        answer = client.get(well_formed(ADDRESSES[name]))
        framed = answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html")
        assert not framed or b"<body" not in answer.content, name


def test_every_page_opens_without_a_fault_in_both_schemes_and_on_every_screen(visit, archive, tmp_path):
    """No error, no request to anybody else, nothing serious by axe's rules, sound HTML and references within it; a
    header of one row, nothing wider than the screen.
    """
    seen, wrong, texts = visit(archive, OWNER, color_scheme="light"), {}, {}
    for name, address in pages(archive, OWNER).items():
        seen.allowed = 400 if name in REFUSED else 0
        answer = seen.open(address)
        assert answer.status == (seen.allowed or 200), (name, answer.status)
        texts[name] = answer.text()
        found = [*seen.faults, *jumps(seen), *seen.page.evaluate(POINTERS), *axe(seen), *_in_the_dark(seen)]
        if not name.startswith(UNFRAMED):
            found += [fault for screen in (PHONE, LAPTOP) for fault in _misfits(seen, screen)]  # a laptop's at the end
        found += [] if name.startswith("help") else unparsed(texts[name])
        if found:
            wrong[name] = found
    assert wrong == {}
    assert invalid(tmp_path, {name: text for name, text in texts.items() if not name.startswith("help")}) == []


def _in_the_dark(seen) -> list[str]:
    seen.page.emulate_media(color_scheme="dark")
    found = [f"dark {one}" for one in axe(seen, ["color-contrast", "link-in-text-block"])]
    if seen.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)":
        found.append("white in the dark")
    seen.page.emulate_media(color_scheme="light")
    return found


def _misfits(seen, screen: dict[str, int]) -> list[str]:
    """What does not fit a screen; the page is laid out anew, not loaded."""
    seen.page.set_viewport_size(screen)
    header = seen.page.evaluate("document.querySelector('.site-bar')?.offsetHeight ?? 0")
    over = seen.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    found = [] if 0 < header <= 64 else [f"a header of {header} px at {screen['width']}"]
    return found + ([f"{over} px too wide at {screen['width']}"] if over > 0 else [])


def test_a_visitor_s_pages_open_without_a_fault_on_a_phone(visit, archive):
    seen, wrong = visit(archive, ""), {}
    seen.page.set_viewport_size(PHONE)
    for name, address in pages(archive, "").items():
        seen.allowed = 400 if name in REFUSED else 0
        answer = seen.open(address)
        assert answer.status == (seen.allowed or 200), (name, answer.status)
        if found := [*seen.faults, *jumps(seen), *seen.page.evaluate(POINTERS)]:
            wrong[name] = found
    assert wrong == {}


def test_an_empty_answer_says_so(visit, archive):
    seen = visit(archive, java_script_enabled=False)
    for name, address in pages(archive, "").items():
        if name.endswith(" empty"):
            seen.open(address)
            text = seen.page.inner_text("main")
            assert any(word in text for word in ("No ", "Nothing ", "None ", "0 ")), (name, text)


def test_without_script_every_page_stands_and_no_button_is_dead(visit, archive):
    seen, wrong = visit(archive, OWNER, java_script_enabled=False), {}
    for name, address in pages(archive, OWNER).items():
        seen.allowed = 400 if name in REFUSED else 0
        seen.open(address)
        # A button that only a script connects has no form to send.
        dead = seen.page.locator("button[type=button]:visible")
        found = [*seen.faults, *(f"dead: {text}" for text in dead.all_inner_texts())]
        if len(seen.page.inner_text("body").strip()) < 10:
            found.append("hardly anything to read")
        if found:
            wrong[name] = found
    assert wrong == {}


@pytest.mark.parametrize("lacking", sorted(WITHOUT))
def test_without_webgl_clipboard_or_storage_nothing_fails(visit, archive, lacking):
    seen, wrong = visit(archive, OWNER), {}
    seen.page.add_init_script(WITHOUT[lacking])
    for name in ("sky", "sky form", "object", "object folded", "query result", "query small", "forced-job", "api-docs"):
        seen.open(pages(archive, OWNER)[name])
        if seen.faults:
            wrong[name] = list(seen.faults)
    assert wrong == {}
