"""Spells of trouble: vendors down, clocks wrong, disks full, restarts, backups put back."""

from typing import TYPE_CHECKING

from .lines import DAY, HOUR
from .people import People
from .process import Process

if TYPE_CHECKING:
    from .world import Truth

_CLOCK_JUMPS = (240.0, 660.0, HOUR, 12 * HOUR, 3 * DAY, 400 * DAY)


class Weather:
    """Decides once a day, at some hour, what goes wrong."""

    def __init__(self, truth: Truth, people: People) -> None:
        """Begin with the first day."""
        self.truth = truth
        self.people = people
        self._spells: list[tuple[str, float]] = []
        truth.loop.call_later(DAY * truth.rng.random(), self._day)
        if truth.faults.rates.get("changes_during_send"):
            truth.on_sent.append(self._while_sending)

    def calm(self) -> None:
        """End every trouble: from here on the world behaves."""
        truth = self.truth
        truth.vendor.down = False
        truth.vendor.skew = 0.0
        truth.notify_ok = True
        truth.vendor.wallet = max(truth.vendor.wallet, 10**6)
        if truth.offset:
            truth.set_clock(0.0)
        truth.disk.make_room()
        if not truth.vendor.login_ok:
            self._log_in()
        if truth.process is not None and truth.process.engine.desk.fault is not None:
            truth.process.kill(60.0, "a person restarts it")
        elif truth.process is not None:
            truth.process.go(truth.process.stop(60.0))
        else:
            truth.start_process()

    def _day(self) -> None:
        truth, strike, rng = self.truth, self.truth.faults.strike, self.truth.rng
        truth.loop.call_later(DAY * (0.5 + rng.random()), self._day)
        if truth.faults.quiet:
            return
        if "restore" in truth.faults.rates:
            truth.disk.back_up(truth.loop.time())
        later = truth.loop.call_later
        vendor = truth.vendor
        if strike("wallet_empty"):
            vendor.wallet = 100
            later(DAY * (1 + 3 * rng.random()), self._fill_wallet)
        if strike("login_fails"):
            vendor.login_ok = False
            truth.note("login fails")
            later(HOUR * (1 + 30 * rng.random()), self._log_in)
        if strike("vendor_down"):
            vendor.down = True
            truth.note("vendor is down")
            later(HOUR * (1 + 20 * rng.random()), setattr, vendor, "down", False)
        if strike("vendor_clock"):
            vendor.skew = rng.choice((-1, 1)) * rng.choice((300.0, 900.0, 2 * DAY))
            later(DAY * (1 + rng.random()), setattr, vendor, "skew", 0.0)
        if strike("notify_fails"):
            truth.notify_ok = False
            later(HOUR * (1 + 20 * rng.random()), setattr, truth, "notify_ok", True)
        if strike("stops_all"):
            self.people.do(0, self.people.stop_all)
        self._clock()
        self._computer()

    def _clock(self) -> None:
        truth, strike, rng = self.truth, self.truth.faults.strike, self.truth.rng
        offset = 0.0
        if strike("clock_forward"):
            offset = rng.choice(_CLOCK_JUMPS)
        elif strike("clock_back"):
            offset = -rng.choice(_CLOCK_JUMPS[:-1])
        elif strike("clock_1970"):
            offset = 1000.0 - truth.loop.time()
        if offset:
            truth.set_clock(offset)
            truth.loop.call_later(
                HOUR * (0.1 + 40 * rng.random()), truth.set_clock, 0.0
            )

    def _computer(self) -> None:
        truth, strike, rng = self.truth, self.truth.faults.strike, self.truth.rng
        process = truth.process
        if process is None:
            return
        if strike("restart"):
            process.go(process.stop(20 + 600 * rng.random()))
        elif strike("long_absence"):
            process.kill(DAY * (0.2 + 12 * rng.random() ** 2), "away")
        elif strike("reload"):
            process.go(self._reload(process))
        elif strike("disk_full"):
            truth.disk.fill()
            truth.note("disk is full")
            truth.loop.call_later(HOUR * (1 + 30 * rng.random()), self._make_room)
        elif truth.disk.backups and strike("restore"):
            self._restore(process)

    async def _reload(self, process: Process) -> None:
        line = self.truth.rng.choice(self.truth.lines)
        if line.removed:
            return
        await process.engine.unregister(line.sim.epoch, removed=False)
        if not line.removed:
            await process.engine.register(line.sim)

    def _restore(self, process: Process) -> None:
        truth = self.truth
        taken_at, seq, image = truth.rng.choice(truth.disk.backups)
        newest = truth.disk.newest_event()[0]
        process.kill(600.0, "restored from a backup")
        truth.crashes -= 1
        truth.disk.restore(image, keep_witness=truth.rng.random() < 0.3)
        truth.restores += 1
        self.people.restored(taken_at)
        if seq < newest:
            truth.restored_at = truth.loop.time()
        truth.oracle.restored(seq)
        self._forget(taken_at)
        truth.stopped = truth.disk.stopped()
        truth.disk.backups = [one for one in truth.disk.backups if one[1] <= seq]

    def _forget(self, since: float) -> None:
        """Let recharges that nobody and nothing can tell of be forgotten with the ledger.

        What a person recorded is gone, and who is asked only by sending does not tell either.
        """
        truth = self.truth
        now = truth.loop.time()
        for line in truth.lines:
            expiries = {expiry for _, expiry in line.between(since, now)}
            if not line.buys and len(expiries) > 1:
                line.misled_until = max(line.misled_until, now + 60 * DAY)

    def _make_room(self) -> None:
        truth = self.truth
        truth.disk.make_room()
        process = truth.process
        if process is not None and process.engine.desk.fault is not None:
            process.kill(60.0, "a person restarts it")

    def _fill_wallet(self) -> None:
        self.truth.vendor.wallet = 10**7

    def _log_in(self) -> None:
        """Put the login right, as reauthentication does."""
        truth = self.truth
        truth.vendor.login_ok = True
        truth.note("login works")
        for line in truth.lines:
            line.refusals = [one for one in line.refusals if one[1] != "login"]
        truth.go(lambda process: process.engine.account_ready("model:1"))

    def _while_sending(self) -> None:
        """Have a person do something in the seconds while an order is being sent."""
        truth = self.truth
        if not truth.faults.strike("changes_during_send"):
            return
        wait = 70 * truth.rng.random() ** 2
        deed = truth.rng.randrange(3)
        line = truth.rng.choice(truth.lines)
        if deed == 0:
            self.people.do(wait, self.people.stop_all)
        elif deed == 1:
            self.people.do(wait, lambda process: self.people.remove(process, line))
        else:
            self.people.do(wait, lambda process: self.people.go_ahead(process, line))
