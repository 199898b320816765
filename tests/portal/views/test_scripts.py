"""What the pages' scripts promise, in Chromium."""

import json
import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from archive.models import Token
from lightcurves.models import SavedPeriod
from tests.portal.views.addresses import pages
from tests.portal.views.conftest import OWNER
from tests.portal.views.looking import WITHOUT

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(databases=["default", "reader"])]


@pytest.fixture
def seen(visit, archive):
    return visit(archive, OWNER)


def test_a_forced_light_curve_is_drawn_in_the_place_of_its_drawing(seen, archive):
    seen.open(pages(archive, OWNER)["forced-job"])
    seen.page.wait_for_selector("#forced[data-ready=true] canvas")
    expect(seen.page.locator("#forced svg.curve")).to_have_count(0)
    drawn = seen.page.evaluate("Bokeh.documents[0].get_model_by_name('points').data")
    assert len(drawn["mjd"]) == len(archive.world.units) and min(drawn["flux"]) > 0
    assert seen.faults == []


def test_a_period_is_not_said_to_be_saved_by_somebody_who_is_signed_out(seen, archive):
    seen.open(pages(archive, OWNER)["object folded"])
    seen.page.wait_for_selector("#viewer[data-ready=true]")
    before = SavedPeriod.objects.count()
    seen.page.context.clear_cookies(name="sessionid")
    seen.broken = True
    seen.page.click("text=Save this period")
    expect(seen.page.locator("#said")).to_contain_text("Nothing was saved")
    assert SavedPeriod.objects.count() == before
    expect(seen.page.locator("#kept")).to_contain_text("the true one")


def test_a_curve_of_ones_own_that_cannot_be_drawn_leaves_the_viewer_as_it_was(seen, archive, tmp_path):
    seen.open(pages(archive, OWNER)["object folded"])
    seen.page.wait_for_selector("#viewer[data-ready=true]")
    used = seen.page.inner_text("#used")
    rows = "".join(f"{1_700_000_000 + 86400 * k},15.{k}\n" for k in range(9))
    file = tmp_path / "unix.csv"
    file.write_text("time,mag\n" + rows)
    columns = {"mjd": [1.7e9], "mag": [15.0], "magerr": [0.1], "filtercode": ["own"]}
    answer = json.dumps({"name": "unix.csv", "count": 1, "columns": columns})
    bodies = [answer, json.dumps({"name": "x", "count": 1, "columns": {"mjd": [1]}}), "no JSON"]
    seen.page.route("**/objects/own", lambda route: route.fulfill(body=bodies[0]))
    while bodies:
        seen.page.set_input_files("#own [type=file]", file)
        seen.page.evaluate("document.getElementById('own-part').open = true")
        seen.page.click("#own button >> text=Show")
        expect(seen.page.locator("#own-said")).not_to_have_text(re.compile(r"^(Removed\.)?$"))
        seen.page.click("#own-clear")
        expect(seen.page.locator("#own-said")).to_have_text("Removed.")
        expect(seen.page.locator("#used")).to_have_text(used)
        bodies.pop(0)
    assert seen.faults == []


@pytest.mark.parametrize(
    "kept", ["no JSON", '{"a": 1}', "[1, null, {}]", '[{"kind": "query", "address": "//x", "words": "y"}]']
)
def test_what_stands_in_the_browsers_storage_stops_no_page(seen, archive, kept):
    seen.page.add_init_script(f"localStorage.setItem('searches', {json.dumps(kept)})")
    seen.open(pages(archive, OWNER)["query result"])
    seen.page.wait_for_selector("#result.ready")
    expect(seen.page.locator("#history li")).to_have_count(1)  # what was asked just now
    assert seen.faults == []


def test_words_that_come_late_leave_what_was_typed_to_be_undone(seen, archive):
    waiting = []
    seen.page.route("**/query/words", lambda route: waiting.append(route))
    seen.page.goto(pages(archive, OWNER)["query result"])
    seen.page.locator(".cm-content").click()
    seen.page.keyboard.press("Control+End")
    seen.page.keyboard.type(" -- typed")
    field = seen.page.locator("#query")
    assert field.input_value().endswith("-- typed")
    waiting[0].continue_()
    seen.settle()
    seen.page.wait_for_timeout(300)
    seen.page.keyboard.press("Control+z")
    assert not field.input_value().endswith("-- typed")


def test_values_far_below_one_are_drawn_and_written(seen, archive):
    seen.open(pages(archive, OWNER)["query small"])
    seen.page.wait_for_selector("#result.ready")
    seen.page.select_option("#plot-x", "tiny")
    seen.page.select_option("#plot-y", "small")
    figure = "Bokeh.documents.at(-1).get_model_by_name('result')"
    start, end = seen.page.evaluate(f"[{figure}.x_range.start, {figure}.x_range.end]")
    assert 1e-12 < start < 2e-12 < end < 3e-12
    written = seen.page.evaluate(f"{figure}.below[0].formatter.doFormat([1.5e-12, 1.6e-12], {{loc: 0}})")
    assert len(set(written)) == 2, written
    assert seen.page.evaluate(f"{figure}.output_backend") == "canvas"


@pytest.mark.parametrize(
    ("name", "status", "times", "sentence"),
    [("job waiting", 404, 1, "not here"), ("forced-job waiting", 500, 4, "answers 500"),
     ("job waiting", 302, 1, "not signed in any more; sign in")],
)  # fmt: skip
def test_a_job_that_is_gone_is_asked_for_no_more(seen, archive, name, status, times, sentence):
    asked = []
    seen.broken = True
    seen.page.goto(pages(archive, OWNER)[name])

    def gone(route):
        asked.append(route.request.url)
        route.fulfill(status=status, body="", headers={"Location": "/sign-in/"} if status == 302 else {})

    seen.page.route(re.compile(r"/(jobs|forced)/[^/]+/\?part=1$"), gone)
    expect(seen.page.locator("#job [role=alert]")).to_contain_text(sentence, timeout=10_000)
    assert len(asked) == times
    expect(seen.page.locator("#job")).to_contain_text("Look again")


def test_a_part_that_is_asked_for_again_keeps_the_focus_and_says_its_new_state(seen, archive):
    def renewed(route):
        text = route.fetch().text().replace('data-state="', 'data-state="Now: ').replace("<h2>Jobs", "<h2>Renewed jobs")
        route.fulfill(body=text, content_type="text/html")

    seen.page.route("**/query/jobs*", renewed)
    seen.open(pages(archive, OWNER)["query"])
    seen.page.locator("#query-jobs").get_by_role("button", name="stop").focus()
    expect(seen.page.locator("#query-jobs h2")).to_have_text("Renewed jobs")
    assert seen.page.evaluate("document.activeElement.textContent") == "stop"
    expect(seen.page.locator("p.unseen[role=status]")).to_contain_text("Now: The last job is queued")
    assert seen.faults == []


def test_a_reload_makes_no_second_token_and_shows_none_again(seen, archive):
    seen.open("/account/")
    seen.page.get_by_label("What it is for").fill("once")
    seen.page.get_by_label("everything", exact=False).last.check()
    seen.page.get_by_role("button", name="Make a token").click()
    secret = seen.page.get_by_label("Token", exact=True).input_value()
    assert secret.startswith("ztf_")
    seen.page.reload()
    assert secret not in seen.page.content()
    assert Token.objects.filter(owner=User.objects.get(username=OWNER), label="once").count() == 1


def test_without_webgl_the_sky_says_so_and_keeps_its_drawing(visit, archive):
    seen = visit(archive, OWNER)
    seen.page.add_init_script(WITHOUT["webgl"])
    seen.open(pages(archive, OWNER)["sky"])
    expect(seen.page.locator("#sky-said")).to_contain_text("cannot be drawn")
    expect(seen.page.locator("#drawing svg")).to_be_visible()
    expect(seen.page.locator("[data-survey]").first).to_be_hidden()
    assert seen.faults == []


def test_without_a_clipboard_what_would_be_copied_is_selected(visit, archive):
    seen = visit(archive, OWNER)
    seen.page.add_init_script(WITHOUT["clipboard"])
    seen.open(pages(archive, OWNER)["query result"])
    seen.page.locator("button.copy:visible").first.click()
    expect(seen.page.locator("button.copy:visible").first).to_contain_text("Ctrl+C")
    assert len(seen.page.evaluate("getSelection().toString()")) > 20
    assert seen.faults == []
