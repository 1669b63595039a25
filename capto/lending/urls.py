from django.urls import URLPattern, path

from capto.lending.views import borrow, desk, morning, my_loan, my_page, on_behalf, problem

urlpatterns: list[URLPattern] = [
    path("emprunter/", borrow.borrow, name="borrow"),
    path("emprunter/regles/", borrow.rule, name="lending-rule"),
    path("emprunter/<slug:slug>/", borrow.kind, name="borrow-kind"),
    path("reservations/<int:pk>/annuler/", borrow.cancel_hold, name="cancel-hold"),
    path("ma-page/", my_page.my_page, name="my-page"),
    path("ma-page/coordonnees/", my_page.details, name="my-details"),
    path("ma-page/groupe/", my_page.new_group, name="new-group"),
    path("ma-page/mot-de-passe/", my_page.password, name="my-password"),
    path("prets/<slug:public_id>/", my_loan.my_loan, name="my-loan"),
    path("prets/<slug:public_id>/prolonger/", my_loan.renew, name="loan-renew"),
    path("prets/<slug:public_id>/notes/", my_loan.write_note, name="loan-note"),
    path("prets/<slug:public_id>/questions/", my_loan.ask, name="loan-ask"),
    path("prets/<slug:public_id>/pause/", my_loan.pause, name="loan-pause"),
    path("prets/<slug:public_id>/place/", my_loan.say_where, name="loan-place"),
    path("prets/<slug:public_id>/charte/", my_loan.accept_charter, name="loan-charter"),
    path("prets/<slug:public_id>/convention.pdf", my_loan.agreement, name="loan-agreement"),
    path("prets/<slug:public_id>/carnet/", my_loan.class_log, name="class-log"),
    path("k/<str:code>/", problem.kit, name="kit-by-code"),
    path("comptoir/", desk.page, name="desk"),
    path("comptoir/geste/", desk.act, name="desk-act"),
    path("comptoir/point/", desk.choose_point, name="desk-point"),
    path("comptoir/personnes/nouvelle/", on_behalf.new_person, name="new-person"),
    path("comptoir/personnes/<int:pk>/", on_behalf.person, name="person"),
    path("comptoir/personnes/<int:pk>/carte.pdf", on_behalf.card, name="person-card"),
    path("matin/", morning.page, name="morning"),
    path("matin/entretien/", morning.upkeep_done, name="upkeep-done"),
    path("matin/ecrire/", morning.remind, name="morning-remind"),
    path("matin/prolonger/", morning.extend, name="morning-extend"),
]
