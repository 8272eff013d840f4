"""URLs of desk/companies."""

from django.urls import URLPattern

from renkei.accounts.again import asks_again, asks_to_send
from renkei.base.routes import Audience, route
from renkei.desk.companies import accounts, distinct, imports, merging, parts, views

BOTH = "both firms known to the acting body; 404 otherwise"
OWN = "the acting body's own imports"
KNOWN = "firms the acting body knows; 404 otherwise"

urlpatterns: list[URLPattern] = [
    route("d/<slug:body>/companies/", views.companies, name="desk-companies", audience=Audience.STAFF, rule=KNOWN),
    route("d/<slug:body>/companies/new/", views.company_new, name="desk-company-new", audience=Audience.STAFF,
          rule="any member; a case named with it must be run by the body", changes=True),
    route("d/<slug:body>/company/<uuid:company>/", views.company, name="desk-company", audience=Audience.STAFF,
          rule=KNOWN, changes=True),
    route("d/<slug:body>/company/<uuid:company>/edit/", views.company_edit, name="desk-company-edit",
          audience=Audience.STAFF, rule=KNOWN, changes=True),
    route("d/<slug:body>/company/<uuid:company>/person/<uuid:person>/", parts.person_edit, name="desk-company-person",
          audience=Audience.STAFF, rule=KNOWN, changes=True),
    route("d/<slug:body>/company/<uuid:company>/site/", parts.site_new, name="desk-company-site-new",
          audience=Audience.STAFF, rule=KNOWN, changes=True),
    route("d/<slug:body>/company/<uuid:company>/site/<uuid:site>/", parts.site_edit, name="desk-company-site",
          audience=Audience.STAFF, rule=KNOWN, changes=True),
    route("d/<slug:body>/company/<uuid:company>/former/", parts.former_new, name="desk-company-former",
          audience=Audience.STAFF, rule=KNOWN, changes=True),
    route("d/<slug:body>/company/<uuid:company>/accounts/", accounts.accounts, name="desk-company-accounts",
          audience=Audience.STAFF, rule=KNOWN),
    route("d/<slug:body>/company/<uuid:company>/accounts/invite/", asks_again(accounts.invite_person),
          name="desk-company-account-invite", audience=Audience.STAFF, rule=KNOWN, changes=True),
    route("d/<slug:body>/company/<uuid:company>/accounts/invited/<uuid:guest>/resend/", asks_again(accounts.resend),
          name="desk-company-account-resend", audience=Audience.STAFF, rule=KNOWN, changes=True),
    route("d/<slug:body>/company/<uuid:company>/accounts/invited/<uuid:guest>/withdraw/", asks_again(accounts.withdraw),
          name="desk-company-account-withdraw", audience=Audience.STAFF, rule=KNOWN, changes=True),
    route("d/<slug:body>/company/<uuid:company>/accounts/<uuid:account>/end/", asks_again(accounts.end),
          name="desk-company-account-end", audience=Audience.STAFF, rule=KNOWN, changes=True),
    route("d/<slug:body>/companies/import/", imports.companies_import, name="desk-companies-import", audience=Audience.STAFF,
          rule=OWN, changes=True),
    route("d/<slug:body>/companies/import/confirm/", imports.companies_import_confirm, name="desk-companies-import-confirm",
          audience=Audience.STAFF, rule=OWN, changes=True),
    route("d/<slug:body>/companies/import/template/", imports.companies_template, name="desk-companies-template",
          audience=Audience.STAFF, rule="any member; columns only"),
    route("d/<slug:body>/companies/import/<uuid:run>/undo/", imports.companies_import_undo, name="desk-companies-import-undo",
          audience=Audience.STAFF, rule=OWN, changes=True),
    route("d/<slug:body>/companies/export/", imports.companies_export, name="desk-companies-export", audience=Audience.STAFF,
          rule=KNOWN, changes=True),
    route("d/<slug:body>/companies/alike/", merging.alike, name="desk-companies-alike", audience=Audience.STAFF, rule=KNOWN),
    route("d/<slug:body>/company/<uuid:company>/others/", merging.others, name="desk-company-others",
          audience=Audience.STAFF, rule=KNOWN),
    route("d/<slug:body>/company/<uuid:company>/merge/<uuid:other>/", asks_to_send(merging.merge), name="desk-company-merge",
          audience=Audience.STAFF, rule=BOTH, changes=True),
    route("d/<slug:body>/company/<uuid:company>/distinct/<uuid:other>/", distinct.distinct, name="desk-company-distinct",
          audience=Audience.STAFF, rule=BOTH, changes=True),
    route("d/<slug:body>/company/<uuid:company>/distinct/<uuid:other>/undo/", distinct.distinct_undo,
          name="desk-company-distinct-undo", audience=Audience.STAFF, rule=BOTH, changes=True),
    route("d/<slug:body>/company/<uuid:company>/unmerge/<uuid:merge>/", asks_to_send(merging.unmerge), name="desk-company-unmerge",
          audience=Audience.STAFF, rule="the firm known; only the desk or who merged (refused in words)", changes=True),
]  # fmt: skip
