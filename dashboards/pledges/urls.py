from django.urls import URLPattern, path

from dashboards.pledges.views import campaigns, own, reviews, staff

urlpatterns: list[URLPattern] = [
    path("engagements/", campaigns.campaigns, name="pledges"),
    path("engagements/confirmer/<str:token>/", own.confirm, name="pledge-confirm"),
    path("engagements/<slug:slug>/", campaigns.campaign, name="pledge-campaign"),
    path("engagements/<slug:slug>/essayer/", campaigns.sandbox, name="pledge-sandbox"),
    path("engagements/<slug:slug>/affiche.pdf", campaigns.poster, name="pledge-poster"),
    path("engagements/<slug:slug>/comptes.json", campaigns.counts_json, name="pledge-counts"),
    path("mon-engagement/<str:token>/", own.own, name="pledge-own"),
    path("episodes/bilan/<int:pk>/", reviews.review, name="episode-review"),
    path("equipe/engagements/", staff.campaigns, name="staff-pledges"),
    path("equipe/engagements/nouvelle/", staff.edit, name="staff-pledge-new"),
    path("equipe/engagements/papier/", staff.paper, name="staff-pledge-paper"),
    path("equipe/engagements/<slug:slug>/", staff.campaign, name="staff-pledge"),
    path("equipe/engagements/<slug:slug>/modifier/", staff.edit, name="staff-pledge-edit"),
]
