from django.urls import URLPattern, re_path

from dashboards.sensorthings import views

urlpatterns: list[URLPattern] = [
    re_path(r"^api/sta/v1\.1/?$", views.root, name="sensorthings"),
    re_path(r"^api/sta/v1\.1/(?P<path>.+?)/?$", views.resource, name="sensorthings-resource"),
]
