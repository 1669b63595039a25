from django.urls import URLPattern, path

from capto.training.views import sessions

urlpatterns: list[URLPattern] = [
    path("formations/", sessions.sessions, name="trainings"),
    path("formations/<int:pk>/", sessions.session, name="training-session"),
    path("formations/<int:pk>/inscription/", sessions.join, name="training-join"),
    path("formations/<int:pk>/desinscription/", sessions.leave, name="training-leave"),
    path("formations/<int:pk>/agenda.ics", sessions.ics, name="training-ics"),
    path("formations/<int:pk>/presences/", sessions.attendance, name="training-attendance"),
    path("formations/fiche/<slug:slug>/", sessions.children_sheet, name="children-sheet"),
]
