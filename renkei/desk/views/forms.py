"""The words of a saved view."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from renkei.base.forms import TextField
from renkei.base.refusal import Refused
from renkei.cases.actions.saved import MOST_NAME, ViewWords


class ViewForm(forms.Form):
    """Name, and who is told of what."""

    use_required_attribute = False

    name = TextField(label=_("名前"), max_length=MOST_NAME, help_text=_("例：返事待ちの試験"))
    shared = forms.BooleanField(label=_("機関の同僚にも出す"), required=False)
    alert = forms.BooleanField(label=_("新しく当てはまった案件を知らせる（自分がしたことは知らせません）"), required=False)
    is_default = forms.BooleanField(label=_("案件の一覧を、この条件で開く"), required=False)

    @property
    def words(self) -> ViewWords:
        """Return what was said."""
        return ViewWords(**self.cleaned_data)

    def refuse(self, refusal: Refused) -> None:
        """Put the sentence beside its field."""
        field = refusal.field if refusal.field in self.fields else None
        self.add_error(field, forms.ValidationError(refusal.message, code=refusal.code))
