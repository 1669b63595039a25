from django.urls import URLPattern, path

from capto.validation.views import bench, co_location, watching

urlpatterns: list[URLPattern] = [
    path("metrologie/", bench.page, name="benches"),
    path("metrologie/bancs/<str:code>/places/", bench.places, name="bench-places"),
    path("metrologie/comparaisons/<int:pk>/", co_location.page, name="co-location"),
    path("metrologie/comparaisons/<int:pk>/arrivee/", bench.begin, name="co-location-begin"),
    path("metrologie/comparaisons/<int:pk>/depart/", bench.finish, name="co-location-finish"),
    path("metrologie/comparaisons/<int:pk>/abandon/", bench.give_up, name="co-location-give-up"),
    path("metrologie/comparaisons/<int:pk>/brouillon/", co_location.draft, name="co-location-draft"),
    path("metrologie/etalonnages/", co_location.drafts, name="calibrations"),
    path("metrologie/etalonnages/<int:pk>/", co_location.decision, name="calibration"),
    path("metrologie/etalonnages/<int:pk>/decision/", co_location.decide, name="calibration-decide"),
    path("metrologie/drapeaux/", watching.flags, name="flags"),
    path("metrologie/drapeaux/<int:pk>/reprendre/", co_location.lift, name="flag-lift"),
    path("metrologie/contexte/", watching.contexts, name="contexts"),
    path("metrologie/contexte/<int:pk>/", watching.context_act, name="context-act"),
    path("metrologie/vigie/", watching.inbox, name="vigie"),
    path("metrologie/vigie/<int:pk>/", watching.act, name="vigie-act"),
    path("contexte/<slug:public_id>/", watching.tell, name="tell-context"),
]
