from django.contrib.auth.views import LogoutView
from django.urls import path

from capto.members.views import join, second_factor, sign_in

urlpatterns = [
    path("connexion/", sign_in.SignIn.as_view(), name="sign-in"),
    path("connexion/lien/", sign_in.sign_in_link, name="sign-in-link"),
    path("connexion/lien/<str:token>/", sign_in.sign_in_by_link, name="sign-in-by-link"),
    path("connexion/code/", second_factor.second_factor, name="second-factor"),
    path("connexion/code/reglage/", second_factor.second_factor_setup, name="second-factor-setup"),
    path("deconnexion/", LogoutView.as_view(), name="sign-out"),
    path("inscription/", join.join, name="join"),
    path("messages/arreter/<str:token>/", join.stop_messages, name="stop-messages"),
]
