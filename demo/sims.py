"""The sample SIMs: eight carriers, every stage and every mode. All dates count from today."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from .client import option

RELOADLY, IAK, DIGIFLAZZ = "Reloadly", "IAK", "Digiflazz"


@dataclass(frozen=True, kw_only=True)
class DemoSim:
    """One SIM as a person would type it."""

    name: str
    slug: str
    """How its entity ids begin."""
    number: str
    carrier: str
    zone: str
    expires_in: int | None = None
    used_ago: int | None = None
    balance: str | None = None
    account: str | None = None
    """The account that recharges it, None: a person does."""
    rules: Mapping[str, object] = field(default_factory=dict)

    @property
    def digits(self) -> str:
        """The number in full, as nobody but the vendor may see it."""
        return "".join(char for char in self.number if char.isdigit())

    @property
    def today(self) -> date:
        """The day that it is where the SIM is at home."""
        return datetime.now(ZoneInfo(self.zone)).date()

    def answers(
        self, *, accounts: bool = True
    ) -> tuple[tuple[str, Mapping[str, object]], ...]:
        """Return what to type on each screen of *Add a SIM*.

        `accounts` tells whether one is connected: only then the flow asks who recharges.
        """
        readings: dict[str, object] = {}
        if self.expires_in is not None:
            readings["expiry"] = (
                self.today + timedelta(days=self.expires_in)
            ).isoformat()
        if self.used_ago is not None:
            day = self.today - timedelta(days=self.used_ago)
            readings["last_activity"] = day.isoformat()
        if self.balance is not None:
            readings["balance"] = self.balance
        way = {"account": option(self.account) if self.account else "by_hand"}
        confirmed: tuple[str, Mapping[str, object]] = (
            "operator",
            {"answer": "confirm"},
        )
        # An amount of one's own takes the place of the product that the screen proposes.
        rules = {**self.rules, "product": None} if self.account else self.rules
        return (
            ("sim", {}),
            ("sim", {"number": self.number, "name": self.name}),
            ("carrier", {"carrier": self.carrier}),
            ("keep_alive", {}),
            ("readings", readings),
            *((("channel", way),) if accounts else ()),
            *((confirmed,) if self.account else ()),
            ("rules", rules),
            ("save", {}),
        )


# Numbers that their countries keep for films (United Kingdom, Germany), or made-up ones.
AUTO = DemoSim(
    name="Axis Bali",
    slug="axis_bali",
    number="+62 838 4567 8901",
    carrier="axis_id",
    zone="Asia/Jakarta",
    balance="1200",
    account=RELOADLY,
    rules={"mode": "auto", "days_before": 5, "amount": "25000", "monthly_cap": "10"},
)
"""Nobody knows yet until when it is valid: see `seeding.play`."""

ASK = DemoSim(
    name="Kyivstar Kyiv",
    slug="kyivstar_kyiv",
    number="+380 67 012 3456",
    carrier="kyivstar_ua",
    zone="Europe/Kyiv",
    expires_in=6,
    balance="12.40",
    account=RELOADLY,
    rules={"mode": "ask", "days_before": 10, "amount": "100", "monthly_cap": "15"},
)

SIMS = (
    AUTO,
    ASK,
    DemoSim(
        name="giffgaff London",
        slug="giffgaff_london",
        number="+44 7700 900123",
        carrier="giffgaff_gb",
        zone="Europe/London",
        used_ago=168,
        balance="6.50",
        rules={"mode": "remind", "days_before": 14},
    ),
    DemoSim(
        name="ALDI TALK Alarm",
        slug="aldi_talk_alarm",
        number="+49 176 04069012",
        carrier="alditalk_de",
        zone="Europe/Berlin",
        expires_in=-9,
        balance="0.85",
        rules={"mode": "remind", "days_before": 14, "amount": "5"},
    ),
    DemoSim(
        name="SoSIM Hong Kong",
        slug="sosim_hong_kong",
        number="+852 9123 4567",
        carrier="sosim_hk",
        zone="Asia/Hong_Kong",
        expires_in=143,
        balance="87.20",
        rules={"mode": "remind", "days_before": 21, "amount": "100"},
    ),
    DemoSim(
        name="AIS Bangkok",
        slug="ais_bangkok",
        number="+66 81 234 5678",
        carrier="ais_th",
        zone="Asia/Bangkok",
        expires_in=2,
        balance="31.25",
        rules={"mode": "remind", "days_before": 7, "amount": "50"},
    ),
    DemoSim(
        name="XL Jakarta",
        slug="xl_jakarta",
        number="+62 817 4567 890",
        carrier="xl_id",
        zone="Asia/Jakarta",
        expires_in=37,
        balance="18200",
        account=IAK,
        rules={
            "mode": "auto",
            "days_before": 7,
            "amount": "25000",
            "monthly_cap": "60000",
        },
    ),
    DemoSim(
        name="Telkomsel Medan",
        slug="telkomsel_medan",
        number="+62 812 4567 8901",
        carrier="telkomsel_id",
        zone="Asia/Jakarta",
        expires_in=52,
        balance="31500",
        account=DIGIFLAZZ,
        rules={
            "mode": "ask",
            "days_before": 10,
            "amount": "20000",
            "monthly_cap": "50000",
        },
    ),
)
"""Four SIMs that accounts at three providers recharge, and four that a person recharges."""
