"""The front page and its one search box."""

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.static import serve

from archive import audit
from archive.models import Alert, Exposure, ReferenceImage, ScienceImage
from archive.names import BadPosition, NameNotFound
from portal.finder import page_for

COUNTED = (("exposures", Exposure), ("science images", ScienceImage), ("references", ReferenceImage), ("alerts", Alert))


def home(request: HttpRequest) -> HttpResponse:
    """The search box, and how much this reader can see."""
    # A minute old at most; kept apart for each change of rights, so that nothing closed is ever counted.
    key = f"holdings:{request.reader.setting}:{audit.epoch()}"
    holdings = cache.get_or_set(key, lambda: [(name, model.objects.count()) for name, model in COUNTED], 60)
    latest = ScienceImage.objects.filter(origin="ours").order_by("-obsjd")[:6]
    return render(request, "portal/home.html", {"holdings": holdings, "latest": latest})


def find(request: HttpRequest) -> HttpResponse:
    """Where the search box leads: a position, a name or an identifier becomes the page that shows it."""
    text = request.GET.get("q", "").strip()
    if not text:
        return redirect("home")
    try:
        page = page_for(text)
    except (BadPosition, NameNotFound) as error:
        return render(request, "portal/home.html", {"error": str(error), "q": text}, status=404)
    url = reverse(page.name, args=page.arguments)
    return HttpResponseRedirect(f"{url}?{urlencode(page.query)}" if page.query else url)


def health(request: HttpRequest) -> JsonResponse:
    """Whether the portal reaches its database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})


def documentation(request: HttpRequest, path: str = "index.html") -> HttpResponse:
    """The built documentation."""
    if not settings.DOCS_ROOT.is_dir():
        raise Http404("The documentation has not been built: run `make docs`.")
    return serve(request, path if not path.endswith("/") else f"{path}index.html", document_root=settings.DOCS_ROOT)
