"""How tests are marked to be passed over, or tried until they are green."""

from __future__ import annotations

import re

MARKED = re.compile(r"skip|xfail|expectedFailure|flaky|reruns")
