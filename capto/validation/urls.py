from django.urls import URLPattern, path, re_path

from capto.late import late

bench = late("capto.validation.views.bench")
co_location = late("capto.validation.views.co_location")
device_test_reports = late("capto.validation.views.device_test_reports")
device_tests = late("capto.validation.views.device_tests")
evaluations = late("capto.validation.views.evaluations")
watching = late("capto.validation.views.watching")

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
    path("essais/", device_tests.listing, name="device-tests"),
    path("essais/demander/", device_tests.ask, name="device-test-ask"),
    path("essais/protocole/", device_tests.text, {"kind": "protocol"}, name="test-protocol"),
    path("essais/protocole/<slug:version>/", device_tests.text, {"kind": "protocol"}, name="test-protocol"),
    path("essais/charte/", device_tests.text, {"kind": "charter"}, name="test-charter"),
    path("essais/charte/<slug:version>/", device_tests.text, {"kind": "charter"}, name="test-charter"),
    path("essais/evaluer/", evaluations.ask, name="evaluate"),
    path("essais/evaluer/<slug:token>/", evaluations.page, name="evaluation"),
    re_path(
        r"^essais/evaluer/(?P<token>[\w-]+)/rapport\.(?P<form>html|pdf|json)$",
        evaluations.file,
        name="evaluation-file",
    ),
    path("essais/<slug:public_id>/", device_tests.page, name="device-test"),
    path("essais/<slug:public_id>/place/", device_tests.plan, name="device-test-plan"),
    path("essais/<slug:public_id>/decliner/", device_tests.decline, name="device-test-decline"),
    path(
        "essais/<slug:public_id>/exemplaires/<int:pk>/capteur/", device_tests.stand, name="device-test-stand"
    ),
    path("essais/<slug:public_id>/exemplaires/<int:pk>/fichier/", device_tests.give, name="device-test-give"),
    path(
        "essais/<slug:public_id>/exemplaires/<int:pk>/volontaire/",
        device_tests.assign,
        name="device-test-assign",
    ),
    path("essais/<slug:public_id>/rapport/", device_tests.report, name="device-test-report"),
    path("essais/<slug:public_id>/commentaire/", device_tests.comment, name="device-test-comment"),
    path("essais/<slug:public_id>/volontaires/", device_tests.volunteer, name="device-test-volunteer"),
    path("essais/<slug:public_id>/rapport/<slug:quantity>/", device_test_reports.page, name="test-report"),
    path(
        "essais/<slug:public_id>/rapport/<slug:quantity>/v<int:version>/",
        device_test_reports.page,
        name="test-report-version",
    ),
    re_path(
        r"^essais/(?P<public_id>\w+)/rapport/(?P<quantity>\w+)/v(?P<version>\d+)\.(?P<form>html|pdf|json|zip)$",
        device_test_reports.file,
        name="test-report-file",
    ),
    path("contexte/<slug:public_id>/", watching.tell, name="tell-context"),
]
