from django.urls import URLPattern, path

from dashboards.episodes.views import public, staff

urlpatterns: list[URLPattern] = [
    path("episodes/", public.episodes, name="episodes"),
    path("episodes/seuils/", public.thresholds, name="thresholds"),
    path("episodes.json", public.as_json, name="episodes-json"),
    path("episodes.atom", public.as_atom, name="episodes-atom"),
    path("episode/<int:pk>/", public.episode, name="episode"),
    path("episode/<int:pk>/cap.xml", public.as_cap, name="episode-cap"),
    path("equipe/episodes/", staff.episodes, name="staff-episodes"),
    path("equipe/episodes/<int:pk>/lever/", staff.lift, name="staff-episode-lift"),
]
