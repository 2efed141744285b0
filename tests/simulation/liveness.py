"""Whether a line that needed a recharge, and could have had one, was left alone."""

from typing import TYPE_CHECKING

from custom_components.sim_keeper.keeper.sim import Mode

from .lines import DAY, HOUR, Line

if TYPE_CHECKING:
    from .world import Truth

FINE_DAYS_MAX = 3
"""On so many days in a row everything was there, and still nothing was bought."""


class Liveness:
    """Looks at each line once a day."""

    def __init__(self, truth: Truth) -> None:
        """Watch a world."""
        self.truth = truth

    def look(self, line: Line) -> None:
        """Count a day on which nothing stood in the way."""
        if line.lost or line.sim.rules.mode is not Mode.AUTO:
            return
        if not self._needs(line) or self._hindered(line):
            line.fine_days = 0
            return
        line.fine_days += 1
        if line.fine_days > FINE_DAYS_MAX:
            line.lost = True
            left = line.expiry - line.today(self.truth.loop.time())
            self.truth.oracle.blame(
                "sims_lost_needlessly",
                f"{line.sim.epoch} has {line.balance}, {left} days",
            )

    def _needs(self, line: Line) -> bool:
        now = self.truth.loop.time()
        # Dead is dead: the carrier's grace is over and nobody could have helped any more.
        dead = line.expiry + (line.sim.carrier.grace_days or 0) < line.today(now)
        return line.in_need(now) and not dead

    def _hindered(self, line: Line) -> bool:
        """Tell whether there is any reason to leave the line alone today."""
        truth = self.truth
        now, vendor, process = truth.loop.time(), truth.vendor, truth.process
        if process is None or now - truth.up_since < DAY or not process.ready:
            return True
        checks = (
            truth.offset != 0.0 or now - truth.offset_since < DAY < now - truth.began,
            truth.clock_was_ahead,
            truth.stopped or line.removed,
            vendor.down or not vendor.login_ok or vendor.skew != 0.0,
            vendor.wallet < 5000,
            process.engine.desk.fault is not None,
            truth.doubted(line),
            now < line.no_until or now < line.misled_until,
            line.forgotten_at is not None,
            line.fell_short and not line.buys,
            bool(line.refusals),
            now - line.known_recharge_at < 3 * DAY,
            now - line.balance_told_at > 20 * HOUR and line.buys,
            self._lags(line, now),
            self._open(line),
            not self._room(line, now),
        )
        return any(checks)

    def _lags(self, line: Line, now: float) -> bool:
        """Tell whether the source has not yet shown what the line really has."""
        if not line.buys:
            return False
        return not line.calls_for(*line.at(line.seen_until), line.today(now))

    def _open(self, line: Line) -> bool:
        """Tell whether an order is open, or was closed by a person, or waits its turn."""
        lives = [line.sim.epoch, *line.lives]
        found = self.truth.disk.conn.execute(
            f"SELECT 1 FROM orders WHERE sim IN ({','.join('?' * len(lives))})"  # noqa: S608
            " AND assisted = 0 AND (state IN"
            " ('asked','approved','sending','pending','unknown','needs_person')"
            " OR state IN ('rejected','declined','cancelled','expired')"
            " AND coalesce(settled_at, created_at) > ?) LIMIT 1",
            (*lives, int(self.truth.loop.time() - 3 * DAY)),
        ).fetchone()
        return found is not None

    def _room(self, line: Line, now: float) -> bool:
        """Tell whether the caps have room, by what the ledger holds and the vendor took."""
        truth, amount = self.truth, line.sim.rules.amount
        if amount is None:
            return False
        price = truth.vendor.price(line, amount.minor) * 106 // 100
        caps = [cap.minor for cap in truth.shared_caps]
        if line.sim.rules.monthly_cap is not None:
            caps.append(line.sim.rules.monthly_cap.minor)
        # Generous: everything in flight or delivered in a month's time counts for both caps.
        taken = sum(
            max(one.cost, one.ceiling)
            for one in truth.vendor.transactions
            if now - one.born_at < 32 * DAY
        )
        # What is held, or was believed by a person, is no room either.
        (held,) = truth.disk.conn.execute(
            "SELECT coalesce(sum(h.amount), 0) FROM hold h JOIN orders o ON o.id = h.order_id"
            " WHERE h.scope = 'household' AND h.state <> 'released' AND o.created_at > ?",
            (int(now - 32 * DAY),),
        ).fetchone()
        taken = max(taken, held)
        return bool(taken + price <= min(caps))
