from pathlib import Path

import pytest

from tests.dashboards import test_translations as site

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT / "capto" / "validation" / "locale" / "en" / "LC_MESSAGES" / "django.po"


def test_every_text_of_validation_has_its_english(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site, "PACKAGES", ("capto/validation",))
    texts = site.texts_of_the_site(tmp_path)
    assert len(texts) > 50, "the extraction found next to nothing"
    translated = site.messages(CATALOGUE.read_text())
    assert sorted(text for text in texts if not translated.get(text, "").replace("\0", "").strip()) == []
