from django.urls import URLPattern, path
from django.views.decorators.csrf import csrf_exempt
from django.views.i18n import set_language

from dashboards import views

urlpatterns: list[URLPattern] = [
    path("", views.home, name="home"),
    # Choosing a language changes nothing but a cookie: without a token, pages stay the same for everyone.
    path("langue/choisir", csrf_exempt(set_language), name="choose-language"),
]
