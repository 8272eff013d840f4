"""Every URL of the installation, each one in the register (``renkei.base.routes``)."""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from allauth.socialaccount import views as social
from allauth.socialaccount.providers.openid_connect import views as oidc
from django.urls import register_converter
from django.urls.converters import StringConverter
from django.views.i18n import set_language

from renkei.base.routes import Audience, route
from renkei.config.health import health
from renkei.desk.urls import urlpatterns as desk_urls
from renkei.portal.urls import urlpatterns as portal_urls
from renkei.public.urls import urlpatterns as public_urls


class PersonConverter(StringConverter):
    """A person's id without the hyphen that ends it in the link of a forgotten password."""

    regex = "[0-9A-Za-z]+"


register_converter(PersonConverter, "uid")

OPEN = "anyone; the page itself checks the credentials"
SELF = "the signed-in person's own sign-in"

urlpatterns = [
    *public_urls,
    *portal_urls,
    *desk_urls,
    route("health/", health, name="health", audience=Audience.PUBLIC, rule="anyone: says ok, tells nothing"),
    route("language/", set_language, name="set-language", audience=Audience.PUBLIC, changes=True,
          rule="anyone: the language of the pages, kept in a cookie"),
    route("accounts/login/", account.login, name="account_login", audience=Audience.PUBLIC, rule=OPEN, changes=True),
    route("accounts/logout/", account.logout, name="account_logout", audience=Audience.PUBLIC, rule=OPEN, changes=True),
    route("accounts/inactive/", account.account_inactive, name="account_inactive", audience=Audience.PUBLIC, rule=OPEN),
    route("accounts/reauthenticate/", account.reauthenticate, name="account_reauthenticate", audience=Audience.PERSON,
          rule=SELF, changes=True),
    route("accounts/password/", account.password_change, name="account_change_password", audience=Audience.PERSON,
          rule=SELF, changes=True),
    route("accounts/password/set/", account.password_set, name="account_set_password", audience=Audience.PERSON,
          rule=SELF, changes=True),
    route("accounts/password/reset/", account.password_reset, name="account_reset_password", audience=Audience.PUBLIC,
          rule=OPEN, changes=True),
    route("accounts/password/reset/done/", account.password_reset_done, name="account_reset_password_done",
          audience=Audience.PUBLIC, rule=OPEN),
    route("accounts/password/reset/<uid:uidb36>-<key>/", account.password_reset_from_key,
          name="account_reset_password_from_key", audience=Audience.PUBLIC, rule=OPEN, changes=True),
    route("accounts/password/reset/changed/", account.password_reset_from_key_done,
          name="account_reset_password_from_key_done", audience=Audience.PUBLIC, rule=OPEN),
    route("accounts/2fa/", mfa.index, name="mfa_index", audience=Audience.PERSON, rule=SELF),
    route("accounts/2fa/authenticate/", mfa.authenticate, name="mfa_authenticate", audience=Audience.PUBLIC,
          rule=OPEN, changes=True),
    route("accounts/2fa/reauthenticate/", mfa.reauthenticate, name="mfa_reauthenticate", audience=Audience.PERSON,
          rule=SELF, changes=True),
    route("accounts/2fa/totp/activate/", totp.activate_totp, name="mfa_activate_totp", audience=Audience.PERSON,
          rule=SELF, changes=True),
    route("accounts/2fa/totp/deactivate/", totp.deactivate_totp, name="mfa_deactivate_totp", audience=Audience.PERSON,
          rule=SELF, changes=True),
    route("accounts/2fa/codes/", codes.view_recovery_codes, name="mfa_view_recovery_codes", audience=Audience.PERSON,
          rule=SELF),
    route("accounts/2fa/codes/generate/", codes.generate_recovery_codes, name="mfa_generate_recovery_codes",
          audience=Audience.PERSON, rule=SELF, changes=True),
    route("accounts/2fa/codes/download/", codes.download_recovery_codes, name="mfa_download_recovery_codes",
          audience=Audience.PERSON, rule=SELF),
    route("accounts/2fa/passkeys/", passkeys.list_webauthn, name="mfa_list_webauthn", audience=Audience.PERSON, rule=SELF),
    route("accounts/2fa/passkeys/add/", passkeys.add_webauthn, name="mfa_add_webauthn", audience=Audience.PERSON,
          rule=SELF, changes=True),
    route("accounts/2fa/passkeys/login/", passkeys.login_webauthn, name="mfa_login_webauthn", audience=Audience.PUBLIC,
          rule=OPEN, changes=True),
    route("accounts/2fa/passkeys/reauthenticate/", passkeys.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn",
          audience=Audience.PERSON, rule=SELF, changes=True),
    route("accounts/2fa/passkeys/<int:pk>/remove/", passkeys.remove_webauthn, name="mfa_remove_webauthn",
          audience=Audience.PERSON, rule=SELF, changes=True),
    route("accounts/2fa/passkeys/<int:pk>/edit/", passkeys.edit_webauthn, name="mfa_edit_webauthn",
          audience=Audience.PERSON, rule=SELF, changes=True),
    route("accounts/outside/<slug:provider_id>/login/", oidc.login, name="openid_connect_login", audience=Audience.PUBLIC,
          rule="anyone; a provider of the settings", changes=True),
    route("accounts/outside/<slug:provider_id>/login/callback/", oidc.callback, name="openid_connect_callback",
          audience=Audience.PUBLIC, rule="whoever comes back from a provider of the settings with its answer"),
    route("accounts/outside/login/cancelled/", social.login_cancelled, name="socialaccount_login_cancelled",
          audience=Audience.PUBLIC, rule=OPEN),
    route("accounts/outside/", social.connections, name="socialaccount_connections", audience=Audience.PERSON, rule=SELF,
          changes=True),
]  # fmt: skip
