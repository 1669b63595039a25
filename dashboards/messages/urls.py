from django.urls import URLPattern, path

from dashboards.messages.views import public, staff

urlpatterns: list[URLPattern] = [
    path("paroles/", public.public_messages, name="public-messages"),
    path("paroles/regles/", public.rules, name="message-rules"),
    path("paroles/<int:pk>/", public.public_message, name="public-message"),
    path("paroles/<int:pk>/lecture/", public.read_message, name="reading-of-message"),
    path("episode/<int:pk>/lecture/", public.read_episode, name="reading-of-episode"),
    path("equipe/paroles/", staff.all_messages, name="staff-messages"),
    path("equipe/paroles/nouveau/", staff.write, name="staff-message-new"),
    path("equipe/paroles/<int:pk>/", staff.one, name="staff-message"),
    path("equipe/paroles/<int:pk>/ecrire/", staff.write, name="staff-message-write"),
    path("equipe/lectures/<int:pk>/repondre/", staff.answer_reading, name="staff-reading-answer"),
]
