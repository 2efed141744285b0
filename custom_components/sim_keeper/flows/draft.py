"""A SIM in the making: what the screens have gathered so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from homeassistant.config_entries import ConfigEntry

from ..const import (
    CONF_ACCOUNT,
    CONF_CARRIER,
    CONF_COUNTRY,
    CONF_CURRENCY,
    CONF_NUMBER,
    CONF_OPERATOR,
    CONF_OVERRIDES,
    CONF_TIME_ZONE,
)
from ..entries import carrier_of, sim_title
from ..keeper.carrier_data import OTHER_ID
from ..keeper.carriers import CarrierProfile
from ..phone import ParsedLine


@dataclass(slots=True, kw_only=True)
class SimDraft:
    """What will stand in the entry."""

    line: ParsedLine
    name: str | None
    carrier: str = OTHER_ID
    currency: str = ""
    """Empty until the carrier is known."""
    overrides: Mapping[str, object] = field(default_factory=dict)
    time_zone: str = ""
    account: str | None = None
    operator: str | None = None
    first_readings: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        entry: ConfigEntry[Any],
        line: ParsedLine,
        profiles: Mapping[str, CarrierProfile],
    ) -> Self:
        """Return the draft that changes nothing of an entry."""
        data = entry.data
        draft = cls(
            line=line,
            name=None,
            carrier=data[CONF_CARRIER],
            currency=data[CONF_CURRENCY],
            overrides=data[CONF_OVERRIDES],
            time_zone=data[CONF_TIME_ZONE],
            account=data[CONF_ACCOUNT],
            operator=data[CONF_OPERATOR],
        )
        if entry.title != draft.title(profiles):
            draft.name = entry.title
        return draft

    def profile(self, profiles: Mapping[str, CarrierProfile]) -> CarrierProfile:
        """Return the carrier's rule as corrected so far."""
        return carrier_of(self.data(), profiles)

    def title(self, profiles: Mapping[str, CarrierProfile]) -> str:
        """Return the title of the entry."""
        known = profiles.get(self.carrier)
        carrier = known.name if known else self.line.brand or self.line.country
        return sim_title(self.name, carrier, self.line.number)

    def data(self) -> dict[str, Any]:
        """Return the part of the entry's data that the screens can change."""
        return {
            CONF_NUMBER: self.line.number,
            CONF_COUNTRY: self.line.country,
            CONF_CARRIER: self.carrier,
            CONF_OVERRIDES: dict(self.overrides),
            CONF_CURRENCY: self.currency,
            CONF_TIME_ZONE: self.time_zone,
            CONF_ACCOUNT: self.account,
            CONF_OPERATOR: self.operator,
        }
