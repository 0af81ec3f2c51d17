"""The form behind the shell's switches."""

from django import forms
from django.conf import settings

THEMES = ("light", "dark")


class PreferencesForm(forms.Form):
    """Language and theme of one person. A field that is not sent stays as it is."""

    language = forms.ChoiceField(choices=settings.LANGUAGES, required=False)
    theme = forms.ChoiceField(choices=[(theme, theme) for theme in THEMES], required=False)

    def chosen(self) -> dict[str, str]:
        """What the person sent, checked."""
        return {name: value for name, value in self.cleaned_data.items() if value}
