"""Forms of the sign-in page and of the shell's switches."""

from django import forms
from django.conf import settings

from accounts.models import User


class PreferencesForm(forms.ModelForm):
    """Language and theme of one person. A field that is not sent stays as it is."""

    language = forms.ChoiceField(choices=settings.LANGUAGES, required=False)
    theme = forms.ChoiceField(choices=[("light", "light"), ("dark", "dark")], required=False)

    class Meta:
        model = User
        fields = ["language", "theme"]

    def chosen(self) -> dict[str, str]:
        """What the person sent, checked."""
        return {name: value for name, value in self.cleaned_data.items() if value}
