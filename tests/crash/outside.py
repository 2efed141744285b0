"""What stays when a process is killed: its ledger's file, and what the vendor did meanwhile."""

from dataclasses import dataclass, field
from datetime import datetime
import json
from pathlib import Path
from typing import Any, override

from custom_components.sim_keeper.keeper.ledger import Ledger
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.ports import Purchase

from ..keeper.model_vendor import Bought
from ..keeper.model_world import START, ModelWorld

LEDGER = "sim_keeper.db"


@dataclass
class Outside:
    """A file in which each line is kept as soon as it is written, whoever dies then."""

    path: Path
    bought: list[Bought] = field(default_factory=list)
    submits: list[str] = field(default_factory=list)
    committed: int = 0
    """The last event that the ledger said it had committed."""
    points: list[str] = field(default_factory=list)
    """The places that the process came by."""
    moment: datetime = START

    @classmethod
    def read(cls, folder: Path) -> Outside:
        """Return what was kept up to now."""
        found = cls(folder / "outside.jsonl")
        if found.path.exists():
            for line in found.path.read_text().splitlines():
                found._take(json.loads(line))
        return found

    def _take(self, line: dict[str, Any]) -> None:
        match line["what"]:
            case "bought":
                self.bought.append(_bought(line))
            case "submit":
                self.submits.append(line["key"])
            case "committed":
                self.committed = line["seq"]
            case "point":
                self.points.append(line["name"])
                self.moment = datetime.fromisoformat(line["at"])

    def keep(self, what: str, **values: object) -> None:
        """Write a line; the system has it when this returns."""
        line = json.dumps({"what": what, **values}) + "\n"
        with self.path.open("ab", buffering=0) as file:
            file.write(line.encode())

    def keep_purchase(self, one: Bought) -> None:
        """Write down what the vendor has sold."""
        self.keep(
            "bought",
            key=one.key,
            number=one.number,
            value=[one.value.minor, one.value.currency],
            cost=[one.cost.minor, one.cost.currency],
            at=one.at.isoformat(),
            final=one.final,
        )


def _bought(line: dict[str, Any]) -> Bought:
    return Bought(
        key=line["key"],
        number=line["number"],
        value=Money(*line["value"]),
        cost=Money(*line["cost"]),
        at=datetime.fromisoformat(line["at"]),
        final=line["final"],
    )


class LastingWorld(ModelWorld):
    """A world whose ledger is a real file and whose vendor remembers, over several processes."""

    def __init__(self, folder: Path, disk: Path | None = None) -> None:
        """Take up where the last process was; opens the ledger, or raises LedgerBroken.

        The ledger lies on `disk`, or with all else in the folder.
        """
        super().__init__()
        self.outside = Outside.read(folder)
        self.moment = self.outside.moment
        self.vendor.bought = self.outside.bought
        self.ledger.close()
        path = (disk or folder) / LEDGER
        self.ledger = Ledger.open(
            path, expected=path.exists(), fresh_uuid="lasting", now=self.moment
        )

    @override
    def _witness_submit(self, purchase: Purchase) -> None:
        self.outside.keep("submit", key=purchase.key)
        super()._witness_submit(purchase)

    @override
    async def _witness_answer(self) -> None:
        self.outside.keep_purchase(self.vendor.bought[-1])
        await super()._witness_answer()

    @override
    def step(self, name: str) -> None:
        if name == "commit":
            self.outside.keep("committed", seq=self.ledger.last_event())
        self.pass_point(name)

    def pass_point(self, name: str) -> None:
        """Come by a place at which a process may be killed."""
        self.outside.keep("point", name=name, at=self.moment.isoformat())
