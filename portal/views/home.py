"""The front page and its one search box."""

from astropy.coordinates import SkyCoord
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import SuspiciousFileOperation
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.static import serve

from archive.access import audit
from archive.models import Alert, Exposure, ReferenceImage, ScienceImage
from archive.requests.parameters import takes
from archive.search.names import BadPositionError, NameNotFoundError
from portal.views.search_box import page_for

LONGEST_NAME = 255  # bytes of a file's
COUNTED = (("exposures", Exposure), ("science images", ScienceImage), ("references", ReferenceImage), ("alerts", Alert))


EXAMPLES = ("03:40:14.6 +33:21:00", "55.06 33.35")  # where there is no image


def examples(request: HttpRequest) -> tuple[str, str]:
    """A position to try, sexagesimal and in degrees: the centre of the newest image that this reader sees."""
    key = f"examples:{request.reader.setting}:{audit.epoch()}"
    return cache.get_or_set(key, _newest_place, 60)


def _newest_place() -> tuple[str, str]:
    newest = ScienceImage.objects.order_by("-obsjd").values_list("ra", "dec").first()
    if newest is None:
        return EXAMPLES
    place = SkyCoord(*newest, unit="deg")
    sexagesimal = place.to_string("hmsdms", sep=":", precision=0)
    return sexagesimal, f"{newest[0]:.2f} {newest[1]:.2f}"


def home(request: HttpRequest) -> HttpResponse:
    """The search box, and how much this reader can see."""
    # A minute old at most; kept apart for each change of rights, so that nothing closed is ever counted.
    key = f"holdings:{request.reader.setting}:{audit.epoch()}"
    holdings = cache.get_or_set(key, lambda: [(name, model.objects.count()) for name, model in COUNTED], 60)
    latest = ScienceImage.objects.filter(origin="ours").order_by("-obsjd")[:6]
    context = {"holdings": holdings, "latest": latest, "examples": examples(request)}
    return render(request, "portal/home.html", context)


@takes("q")
def find(request: HttpRequest) -> HttpResponse:
    """The search box's redirect: a position, a name or an identifier becomes the page that shows it."""
    text = request.GET.get("q", "").strip()
    if not text:
        return redirect("home")
    try:
        page = page_for(text)
    except (BadPositionError, NameNotFoundError) as error:
        context = {"error": str(error), "q": text, "examples": examples(request)}
        return render(request, "portal/home.html", context, status=404)
    url = reverse(page.name, args=page.arguments)
    return HttpResponseRedirect(f"{url}?{urlencode(page.query)}" if page.query else url)


@takes("q", "highlight", "check_keywords", "area", "v")  # of the pages' own search; v: of their styles and scripts
def documentation(request: HttpRequest, path: str = "index.html") -> HttpResponse:
    """The built documentation."""
    if not settings.DOCS_ROOT.is_dir():
        raise Http404("The documentation has not been built: run `make docs`.")
    if max(map(len, path.split("/"))) > LONGEST_NAME:
        raise Http404(f"{path[:40]}…: there is no such page")
    try:
        return serve(request, path if not path.endswith("/") else f"{path}index.html", document_root=settings.DOCS_ROOT)
    except (Http404, SuspiciousFileOperation):  # whose words are the server's own folders
        raise Http404(f"{path[:40]}: there is no such page") from None
