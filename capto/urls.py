"""All addresses: each package brings its own, named, and this file only mounts them."""

from django.urls import include, path

urlpatterns = [
    path("langue/", include("django.conf.urls.i18n")),
    path("", include("capto.members.urls")),
    path("", include("capto.training.urls")),
    path("", include("capto.lending.urls")),
    path("", include("capto.validation.urls")),
    path("", include("firmware_bridge.urls")),
    path("", include("dashboards.episodes.urls")),
    path("", include("dashboards.messages.urls")),
    path("", include("dashboards.pledges.urls")),
    path("", include("dashboards.urls")),
]
