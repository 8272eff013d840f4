"""Settings. This file is production; everything that differs comes from the environment, set by ``renkei``."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

from renkei.config.settings.oidc import as_app, origins, read_providers

PACKAGE = Path(__file__).resolve().parent.parent.parent


def _listed(name: str) -> list[str]:
    return [one.strip() for one in os.environ.get(name, "").split(",") if one.strip()]


def _flag(name: str) -> bool:
    return os.environ.get(name, "") in {"1", "true", "yes"}


# Logins: the owner migrates; web and worker own nothing (DESIGN section 5). A process uses one of them.
RENKEI_LOGIN = os.environ.get("RENKEI_LOGIN", "web")
_URL_NAMES = {"owner": "DATABASE_URL", "web": "DATABASE_URL_WEB", "worker": "DATABASE_URL_WORKER"}
if RENKEI_LOGIN not in _URL_NAMES:
    raise ImproperlyConfigured("RENKEI_LOGIN must be owner, web or worker")
_PARAMS = {part: conninfo_to_dict(os.environ.get(name, "")) for part, name in _URL_NAMES.items()}
RENKEI_ROLES = {part: str(params.get("user", f"renkei_{part}")) for part, params in _PARAMS.items()}
_CHOSEN = _PARAMS[RENKEI_LOGIN]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _CHOSEN.get("dbname", "renkei"),
        "USER": _CHOSEN.get("user", ""),
        "PASSWORD": _CHOSEN.get("password", ""),
        "HOST": _CHOSEN.get("host", ""),
        "PORT": _CHOSEN.get("port", ""),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"options": "-c statement_timeout=20000 -c lock_timeout=5000 -c timezone=UTC"},
    }
}

SECRET_KEY = os.environ.get("RENKEI_SECRET_KEY", "")
if not SECRET_KEY:
    raise ImproperlyConfigured("RENKEI_SECRET_KEY is not set; `renkei serve` makes one in RENKEI_HOME")
RENKEI_HOME = Path(os.environ.get("RENKEI_HOME", "var")).resolve()
RENKEI_EXAMPLE = _flag("RENKEI_EXAMPLE")  # fictional region: on-screen mailbox, no second factor, a note on each page
RENKEI_ADDRESS = os.environ.get("RENKEI_ADDRESS", "http://127.0.0.1:8000")
DEBUG = False
_ADDRESS = urlsplit(RENKEI_ADDRESS)
ALLOWED_HOSTS = sorted({"127.0.0.1", "localhost", _ADDRESS.hostname or "localhost", *_listed("RENKEI_HOSTS")})
CSRF_TRUSTED_ORIGINS = [f"{_ADDRESS.scheme}://{_ADDRESS.netloc}"]  # what the browser sees, also behind a proxy
RENKEI_PROXIES = int(os.environ.get("RENKEI_PROXIES", "0"))  # how many reverse proxies of ours stand before us
if RENKEI_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
ALLAUTH_TRUSTED_PROXY_COUNT = RENKEI_PROXIES

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",  # the renderer finds Django's widget templates through it
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "csp",
    "django_htmx",
    "procrastinate.contrib.django",
    "renkei.base",
    "renkei.audit",
    "renkei.post",
    "renkei.documents",
    "renkei.plan",
    "renkei.accounts",
    "renkei.companies",
    "renkei.matching",
    "renkei.cases",
    "renkei.research",
    "renkei.meetings",
    "renkei.reporting",
    "renkei.public",
    "renkei.portal",
    "renkei.desk",
    "renkei.example",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "renkei.config.seen.SeenMiddleware",
    "renkei.config.middleware.ActorMiddleware",
]

ROOT_URLCONF = "renkei.config.urls"
WSGI_APPLICATION = "renkei.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "accounts" / "templates"],  # before allauth's own
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "renkei.config.context.page",
                "renkei.desk.context.desk_nav",
                "renkei.config.context.front_desk",
                "renkei.config.context.guide",
            ],
            "builtins": ["renkei.base.templatetags.renkei"],
        },
    }
]
FORM_RENDERER = "renkei.base.forms.Renderer"

AUTH_USER_MODEL = "accounts.Person"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
     "OPTIONS": {"user_attributes": ("email", "name", "kana")}},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "my-bodies"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_ADAPTER = "renkei.accounts.adapter.AccountAdapter"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_SESSION_REMEMBER = False  # offices share machines: closing the browser signs out
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "20/m/ip,5/5m/key"}  # offices share addresses, too
ACCOUNT_EMAIL_NOTIFICATIONS = ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_FORMS = {
    "login": "renkei.accounts.forms.SignIn",
    "reset_password": "renkei.accounts.forms.ForgottenPassword",
    "reset_password_from_key": "renkei.accounts.forms.NewPassword",
    "change_password": "renkei.accounts.forms.ChangePassword",
    "set_password": "renkei.accounts.forms.SetPassword",
    "reauthenticate": "renkei.accounts.forms.ConfirmPassword",
}
RENKEI_OIDC = read_providers(os.environ.get("RENKEI_OIDC", ""))
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [as_app(one) for one in RENKEI_OIDC]}}
SOCIALACCOUNT_ADAPTER = "renkei.accounts.social.SocialAdapter"
MFA_ADAPTER = "renkei.accounts.adapter.MfaAdapter"
MFA_FORMS = {
    "authenticate": "renkei.accounts.forms.SecondFactor",
    "reauthenticate": "renkei.accounts.forms.SecondFactorAgain",
    "activate_totp": "renkei.accounts.forms.StartSecondFactor",
    "deactivate_totp": "renkei.accounts.forms.EndSecondFactor",
    "add_webauthn": "renkei.accounts.forms.AddPasskey",
    "edit_webauthn": "renkei.accounts.forms.EditPasskey",
    "reauthenticate_webauthn": "renkei.accounts.forms.PasskeyAgain",
}
MFA_SUPPORTED_TYPES = ["webauthn", "totp", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"  # a key without PIN or finger is something one has, not two factors
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = RENKEI_ADDRESS.startswith("http://")  # a browser itself allows http on localhost only
RENKEI_AGAIN_MINUTES = 10  # how long after a sign-in sensitive steps are open without asking again
ACCOUNT_REAUTHENTICATION_TIMEOUT = RENKEI_AGAIN_MINUTES * 60
MFA_TOTP_ISSUER = "Renkei"
EMAIL_BACKEND = os.environ.get(
    "RENKEI_MAIL",
    "renkei.post.screen.Mailbox" if RENKEI_EXAMPLE else "django.core.mail.backends.smtp.EmailBackend",
)
DEFAULT_FROM_EMAIL = os.environ.get("RENKEI_MAIL_FROM", "renkei@localhost")
EMAIL_HOST = os.environ.get("RENKEI_SMTP_HOST", "localhost")
EMAIL_PORT = int(os.environ.get("RENKEI_SMTP_PORT", "25"))
RENKEI_MAIL_DOMAIN = os.environ.get("RENKEI_MAIL_DOMAIN", "")  # answers to our mails come back to this domain; "": none do

# Shared by the processes of a node: the rate limits of the sign-in count in it.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": RENKEI_HOME / "cache"}
}
SESSION_COOKIE_AGE = 60 * 60 * 10  # one working day
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = RENKEI_ADDRESS.startswith("https://")
_HOST_ONLY = "__Host-" if SESSION_COOKIE_SECURE else ""
SESSION_COOKIE_NAME = _HOST_ONLY + os.environ.get("RENKEI_COOKIE", "renkei")  # instances side by side share a host name
CSRF_COOKIE_NAME = f"{SESSION_COOKIE_NAME}_csrf"
CSRF_COOKIE_HTTPONLY = True  # forms and htmx read the token from the page
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"  # "no-referrer" makes browsers send Origin: null, and every form is refused
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if SESSION_COOKIE_SECURE else 0
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF, *origins(RENKEI_OIDC)],  # browsers hold a form's redirects to it, too
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024
# gBizINFO is asked about a number only where a token is set; nothing but the number leaves this machine.
RENKEI_GBIZINFO_TOKEN = os.environ.get("RENKEI_GBIZINFO_TOKEN", "")
RENKEI_GBIZINFO_ADDRESS = os.environ.get("RENKEI_GBIZINFO_ADDRESS", "https://info.gbiz.go.jp/hojin")
# Lists of other institutes are read from this folder, or from addresses that begin with one of these; jGrants where its address is set.
RENKEI_HARVEST_FOLDER = os.environ.get("RENKEI_HARVEST_FOLDER", "")
RENKEI_HARVEST_ADDRESSES = [one.strip() for one in os.environ.get("RENKEI_HARVEST_ADDRESSES", "").split(",") if one.strip()]
RENKEI_JGRANTS_ADDRESS = os.environ.get("RENKEI_JGRANTS_ADDRESS", "")
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
RENKEI_FILE_MEGABYTES = 20  # one file of a case
RENKEI_EXPORT_ROWS = int(os.environ.get("RENKEI_EXPORT_ROWS", "5000"))  # rows of one list that is taken out

LANGUAGE_CODE = "ja"
LANGUAGES = [("ja", "日本語"), ("en", "English")]
LOCALE_PATHS = [PACKAGE / "locale"]
LANGUAGE_COOKIE_NAME = f"{SESSION_COOKIE_NAME}_language"
LANGUAGE_COOKIE_AGE = 60 * 60 * 24 * 365
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SECURE = SESSION_COOKIE_SECURE
TIME_ZONE = "Asia/Tokyo"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = RENKEI_HOME / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = RENKEI_HOME / "files"
PROCRASTINATE_ON_APP_READY = None

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"renkei": {"handlers": ["console"], "level": "INFO", "propagate": False}},
}
