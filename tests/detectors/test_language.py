from __future__ import annotations

import pytest

from venire.detectors.language import language_of


@pytest.mark.parametrize(
    ("text", "declared", "lang"),
    [
        ("they should all be there", None, "en"),
        ("mereka semua harus ada di sana", None, "id"),
        ("they should all be there", "id", "en"),
        ("mereka semua harus ada di sana", "en", "id"),
        ("menghancurkan semuanya", None, "id"),
        ("xyzzy", "id", "id"),
        ("xyzzy", "in-ID", "id"),
        ("xyzzy", "de", "en"),
        ("", None, "en"),
    ],
)
def test_the_text_decides_and_the_declaration_breaks_a_tie(text, declared, lang):
    assert language_of(text, declared) == lang
