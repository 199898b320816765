"""The addresses of the whole site."""

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path, register_converter

from archive.files.download_scripts import KINDS
from archive.products.alert_nights import KINDS as ALERT_KINDS
from archive.requests.parameters import takes
from portal.urls.converters import register_words
from portal.views import account, alert_nights, alerts, basket, home, jobs, moving, nights, region, releases, searches
from portal.views.products import images, positions, quality, search
from portal.views.site import crawlers, gallery

admin.autodiscover()  # here rather than when apps are ready: commands need no admin
SIGN_IN = ("username", "password", "next")


class ProductPath:
    """A path of the product tree, slashes included."""

    regex = r"[A-Za-z0-9_./-]+"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_words("alertkind", ALERT_KINDS)
register_converter(ProductPath, "product")
register_words("script", KINDS)

urlpatterns = [
    path("robots.txt", crawlers.robots, name="robots"),
    path("sitemap.xml", crawlers.sitemap, name="sitemap"),
    path("share.png", crawlers.picture, name="share-picture"),
    path("ui/", gallery.gallery, name="gallery"),
    path("", home.home, name="home"),
    path("find", home.find, name="find"),
    path("suggestions", home.suggested, name="suggestions"),
    path("help/", home.documentation, name="help"),
    path("help/<path:path>", home.documentation),
    path("images/", search.image_search, name="images"),
    path("images/facets", search.image_facets, name="image-facets"),
    path("images/plot", search.search_plot, name="search-plot"),
    path("images/narrow", search.narrow, name="narrow"),
    path("images/rows", search.chosen_rows, name="chosen-rows"),
    path("images/list", positions.position_list, name="image-list"),
    path("images/<int:pid>/", images.science_page, name="image"),
    path("references/<int:rfid>/", images.reference_page, name="reference"),
    path("quality/", quality.quality_page, name="quality"),
    path("cutouts/", images.cutout_page, name="cutouts"),
    path("files/<product:path>", images.download, name="file"),
    path("pictures/<product:path>", images.picture, name="picture"),
    path("cutout/<product:path>", images.cutout, name="cutout"),
    path("region", region.from_file, name="region"),
    path("searches/", searches.saved_searches, name="saved-searches"),
    path("searches/save", searches.save, name="save-search"),
    path("searches/<uuid:pk>/forget", searches.forget, name="forget-search"),
    path("basket/", basket.basket, name="basket"),
    path("alerts/", alerts.alert_search, name="alerts"),
    path("alerts/rows", alerts.chosen_alerts, name="chosen-alerts"),
    path("alerts/narrow", alerts.narrow, name="narrow-alerts"),
    path("alerts/<alertkind:kind>/", alert_nights.listed, name="alert-nights"),
    path("alerts/<alertkind:kind>/MD5SUMS", alert_nights.sums, name="alert-night-sums"),
    path("alerts/<alertkind:kind>/<str:name>", alert_nights.night, name="alert-night"),
    path("alerts/<int:candid>/", alerts.alert_page, name="alert"),
    path("alerts/<int:candid>/packet", alerts.packet, name="packet"),
    path("alerts/<int:candid>/plot", alerts.plot, name="alert-plot"),
    path("alerts/<int:candid>/lightcurve", alerts.light_curve, name="alert-lightcurve"),
    path("alerts/<int:candid>/<str:kind>.png", alerts.stamp, name="stamp"),
    path("objects/", include("lightcurves.viewer.urls")),
    path("moving/", moving.search_page, name="moving"),
    path("releases/", releases.release_list, name="releases"),
    path("releases/<slug:name>/", releases.release_page, name="release"),
    path("releases/<slug:name>/manifest.<str:kind>", releases.manifest, name="release-manifest"),
    path("nights/", nights.night_list, name="nights"),
    path("nights/<int:nid>/", nights.night_page, name="night"),
    path("images/script/<script:kind>", jobs.download_script, name="script"),
    path("jobs/", jobs.job_list, name="jobs"),
    path("jobs/bundle", jobs.order_bundle, name="order-bundle"),
    path("jobs/<uuid:job_id>/", jobs.job_page, name="job"),
    path("jobs/<uuid:job_id>/result", jobs.result, name="job-result"),
    path("query/", include("portal.urls.query")),
    path("tap/", include("archive.services.vo.tap_urls")),
    path("", include("archive.services.vo.dal_urls")),
    path("", include("archive.services.hips.urls")),
    path("", include("portal.urls.sky")),
    path("", include("portal.urls.workbench")),
    path("", include("portal.urls.forced")),
    path("", include("lightcurves.snad.views")),
    path("api/", include("portal.api.urls")),
    path("account/", account.account_page, name="account"),
    path("account/tokens", account.make_token, name="account-tokens"),
    path("account/tokens/<int:number>/revoke", account.revoke_token, name="account-revoke"),
    path("", include("archive.services.irsa.urls")),
    path("", include("lightcurves.irsa.periodogram_views")),
    path("", include("lightcurves.irsa.light_curve_views")),
    path("", include("lightcurves.gator.views")),
    path("", include("lightcurves.irsa.matchfile_views")),
    path("", include("lightcurves.irsa.release_file_views")),
    path("sign-in/", takes("next", posted=SIGN_IN, merged=True)(auth.LoginView.as_view()), name="sign-in"),
    path("sign-out/", takes("next", posted=["next"], merged=True)(auth.LogoutView.as_view()), name="sign-out"),
    path("admin/", admin.site.urls),
]
handler400 = "portal.refusals.bad_request"
handler403 = "portal.refusals.not_allowed"
handler404 = "portal.refusals.not_found"
handler500 = "portal.refusals.failed"
if settings.SIGN_IN_ELSEWHERE:
    urlpatterns.append(path("sign-in/with/", include("allauth.urls")))
