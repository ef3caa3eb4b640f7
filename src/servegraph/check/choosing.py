"""Which rules are asked for: codes, or the beginnings of codes, such as `SG3` for all rules on behaviour."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from servegraph.check.finding import Finding
from servegraph.errors import ConfigurationError

_ALWAYS = "SG100"  # of a file that cannot be read nothing else is known


@dataclass(frozen=True, slots=True)
class Choice:
    """Codes, or beginnings of codes.

    Attributes:
        selected: all, if there are none.
    """

    selected: Sequence[str] = ()
    ignored: Sequence[str] = ()

    def of(self, findings: Iterable[Finding]) -> list[Finding]:
        """Those of the chosen rules."""
        return [finding for finding in findings if finding.code == _ALWAYS or self.has(finding.code)]

    def has(self, code: str) -> bool:
        selected = not self.selected or code.startswith(tuple(self.selected))
        return selected and not code.startswith(tuple(self.ignored))


def choice(selected: Iterable[str], ignored: Iterable[str], known: Collection[str]) -> Choice:
    """The choice that some words make; several codes may stand in one, with commas between them.

    Raises:
        ConfigurationError: a code is that of no rule.
    """
    return Choice(_codes(selected, known), _codes(ignored, known))


def _codes(words: Iterable[str], known: Collection[str]) -> list[str]:
    codes = [code.strip().upper() for word in words for code in word.split(",") if code.strip()]
    for code in codes:
        if not code.startswith("SG") or not any(each.startswith(code) for each in known):
            raise unknown(code, known)
    return codes


def unknown(code: str, known: Collection[str]) -> ConfigurationError:
    """The error of a code that no rule has."""
    near = near_codes(code, known)
    hint = f"did you mean {' or '.join(near)}?" if near else "`servegraph explain` lists all codes"
    return ConfigurationError(f"there is no rule {code}", hint=hint)


def near_codes(code: str, known: Collection[str]) -> list[str]:
    """Up to three codes that may have been meant: the family, which is written first, is more likely right."""
    near = get_close_matches(code.upper(), known, n=len(known) or 1)
    return sorted(near, key=lambda each: each[:3] != code.upper()[:3])[:3]
