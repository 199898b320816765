"""The front page and its one search box."""

from datetime import UTC, datetime

from astropy.coordinates import SkyCoord
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import SuspiciousFileOperation
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.views.static import serve

from archive.access import audit
from archive.models import ScienceImage
from archive.requests.parameters import takes
from archive.search.names import BadPositionError, NameNotFoundError
from portal.results.front_page import front_page
from portal.search.box import pages_for
from portal.search.suggestions import suggestions

LONGEST_TYPED = 2000  # characters that are read for suggestions
LONGEST_NAME = 255  # bytes of a file's
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
    """The search box, and what there is at a glance."""
    page = front_page(request.reader, datetime.now(UTC).date(), request.user.is_staff)
    return render(request, "portal/home.html", {"page": page, "examples": examples(request)})


@takes("q")
def find(request: HttpRequest) -> HttpResponse:
    """The search box's redirect: what was typed becomes the page that shows it; where it may mean several, a choice."""
    text = request.GET.get("q", "").strip()
    if not text:
        return redirect("home")
    context = {"q": text, "examples": examples(request)}
    try:
        pages = pages_for(text, staff=request.user.is_staff)
    except (BadPositionError, NameNotFoundError) as error:
        return render(request, "portal/home.html", context | {"error": str(error)}, status=404)
    if len(pages) == 1:
        return HttpResponseRedirect(pages[0].url)
    return render(request, "portal/home.html", context | {"readings": pages})


@takes("q")
def suggested(request: HttpRequest) -> JsonResponse:
    """Suggestions for what is being typed."""
    text = request.GET.get("q", "")[:LONGEST_TYPED]
    return JsonResponse(suggestions(request, text), headers={"Cache-Control": "private, no-store"})


@takes("q", "highlight", "check_keywords", "area", "v")  # of the pages' own search; v: of their styles and scripts
def documentation(request: HttpRequest, path: str = "index.html") -> HttpResponse:
    """The built documentation."""
    if not settings.DOCS_ROOT.is_dir():
        raise Http404("The documentation has not been built: run `make docs`.")
    if max(len(part.encode()) for part in path.split("/")) > LONGEST_NAME:
        raise Http404(f"{path[:40]}…: there is no such page")
    try:
        return serve(request, path if not path.endswith("/") else f"{path}index.html", document_root=settings.DOCS_ROOT)
    except (Http404, SuspiciousFileOperation):  # whose words are the server's own folders
        raise Http404(f"{path[:40]}: there is no such page") from None
