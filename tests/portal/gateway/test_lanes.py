"""Services for programs have threads of their own, however they are addressed: pages do not wait for them."""

import pytest

from portal.gateway.limits import Limits
from tests.addresses import ADDRESSES, well_formed
from tests.portal.views.addresses import NOT_PAGES

SERVICES = ("tap", "soda", "sia", "irsa", "scs", "datalink", "ibe", "gator", "api-", "depot", "matchfile", "forced-")
OF_PAGES = {"irsa-login", "irsa-logout", "forced-document", "forced-result", "forced-job", "forced-points", "api-docs"}


def lane_of(path: str) -> str:
    return next(lane.name for lane in Limits().lanes if lane.takes(path))


@pytest.mark.parametrize("before", ["", "/auth"])
def test_every_service_is_in_the_lane_of_services(before):
    names = [name for name in ADDRESSES if name.startswith(SERVICES) and name in NOT_PAGES - OF_PAGES]
    assert len(names) > 40
    wrong = [name for name in names if lane_of(before + well_formed(ADDRESSES[name])) != "services"]
    assert wrong == []


@pytest.mark.parametrize(("path", "lane"), [("/TAP/sync", "services"), ("/", "pages"), ("/auth/", "pages"),
                                            ("/auth/images/", "pages"), ("/health", "health")])  # fmt: skip
def test_other_spellings_are_in_the_lane_of_their_address(path, lane):
    assert lane_of(path) == lane
