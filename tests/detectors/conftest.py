from __future__ import annotations

import pytest

from venire.detectors.model import Evidence, Judgement, Models
from venire.detectors.run import judge, load_models


@pytest.fixture(scope="session")
def models() -> Models:
    return load_models()


@pytest.fixture
def judged(models):
    def judged(text: str, lang: str | None = None) -> Judgement:
        return judge(Evidence(1, text, lang), models)

    return judged
