"""What is broken on purpose, and which tests should see it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

HEART = Path("custom_components/sim_keeper/keeper")
CHECKOUT = "tests/keeper/test_checkout.py"
MONEY = "tests/keeper/test_engine_money.py"
FOLLOWUP = "tests/keeper/test_followup.py"
LATE = "tests/keeper/test_late_truth.py"
TIGHTENED = "tests/keeper/test_tightened.py"
NEEDS = "tests/keeper/test_needs.py"
POLICY = "tests/keeper/test_policy_rules.py"
SCHEMA = "tests/keeper/ledger/test_schema.py"
VALUES = "tests/keeper/ledger/test_schema_values.py"
POWER = "tests/crash/test_power_loss.py::test_power_may_go_at_any_time[1]"
KILLED = (
    "tests/crash/test_kill.py::"
    "test_whoever_is_killed_anywhere_pays_once_and_forgets_nothing[none]"
)
_DEATHS = "tests/test_simulation.py::test_every_single_death_and_cancellation"


@dataclass(frozen=True, slots=True)
class Edit:
    """A text in a file of the heart, which stands there exactly once, and what replaces it."""

    file: str
    old: str
    new: str

    def apply(self, root: Path) -> None:
        """Change the file below a root. Raises ValueError where the text is not there once."""
        path = root / HEART / self.file
        text = path.read_text(encoding="utf-8")
        if (found := text.count(self.old)) != 1:
            raise ValueError(f"{self.file} has {found} times: {self.old!r}")
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Mutation:
    """A guard that is taken away."""

    name: str
    edits: tuple[Edit, ...]
    by: tuple[str, ...]
    """The tests of which at least one should fail."""


def _mutation(name: str, by: str | Iterable[str], *edits: Edit) -> Mutation:
    return Mutation(name, edits, (by,) if isinstance(by, str) else tuple(by))


def deaths(kind: str, *script: str) -> str:
    """Return the test of one order with every death, at one vendor with one outcome."""
    return f"{_DEATHS}[{'+'.join(script)}-{kind}]"


_NO_HOLD = Edit(
    "ledger/entries.py",
    'self._birth(order_id, new, now), "state": state.value}\n'
    '        rows: list[Change] = [("orders", row), *held(order_id, new.ceiling, holds)]',
    'self._birth(order_id, new, now), "state": state.value}\n'
    '        rows: list[Change] = [("orders", row)]',
)
_NO_HOLD_NEEDED = Edit(
    "ledger/schema.py",
    '"NOT EXISTS(SELECT 1 FROM orders o JOIN hold h ON h.order_id = o.id AND'
    " h.state = 'held'\"\n",
    '"NOT EXISTS(SELECT 1 FROM orders o"\n',
)
_SENT_WITHOUT = Edit(
    "ledger/schema.py",
    "\"NEW.state = 'sending' AND OLD.state = 'approved' AND OLD.assisted = 0\"",
    "\"0 AND NEW.state = 'sending'\"",
)
_NO_CAP = Edit(
    "buying.py",
    "if over := overrun(holds, spent, offer.ceiling):",
    "if (over := overrun(holds, spent, offer.ceiling)) and not holds:",
)
_NO_CAP_IN_DATABASE = Edit(
    "ledger/schema.py",
    "\"NEW.state = 'held' AND NEW.cap_minor IS NOT NULL",
    "\"0 AND NEW.state = 'held' AND NEW.cap_minor IS NOT NULL",
)
_SEND_FIRST = """\
            from .ports import Purchase
            from .settlement import line_of

            key = await self.desk.read(Ledger.peek_key, sim.epoch, ordinal)
            channel = self.checkout.channel(sim.account)
            purchase = Purchase(
                key=key, line=line_of(sim), body=new.body, created_at=self.world.now()
            )
            answer = await channel.submit(purchase)
            order, attempt = await self.desk.write(
                Ledger.bear_sending, new, holds, ordinal, self.world.now()
            )
            await self.checkout._settle(channel, sim, order, attempt, answer)
"""

MUTATIONS = (
    # -- Holds and caps -------------------------------------------------------------------
    _mutation("no_hold", CHECKOUT, _NO_HOLD),
    _mutation(
        "no_hold_and_none_needed", CHECKOUT, _NO_HOLD, _NO_HOLD_NEEDED, _SENT_WITHOUT
    ),
    _mutation("no_cap_check", MONEY, _NO_CAP),
    _mutation("no_cap_in_the_database", SCHEMA, _NO_CAP_IN_DATABASE),
    _mutation("no_cap_anywhere", MONEY, _NO_CAP, _NO_CAP_IN_DATABASE),
    # -- Written before it is sent --------------------------------------------------------
    _mutation(
        "send_before_write",
        KILLED,
        Edit(
            "buying.py",
            "            order, attempt = await self.desk.write(\n"
            "                Ledger.bear_sending,\n"
            "                *(new, holds, ordinal, self.world.now()),\n"
            "                daily_max=AUTOMATIC_PER_DAY_MAX,\n"
            "            )\n"
            "            await self._launch(sim, order, attempt)\n",
            _SEND_FIRST,
        ),
    ),
    _mutation(
        "extra_to_full", POWER, Edit("ledger/file.py", "_EXTRA = 3", "_EXTRA = 2")
    ),
    _mutation(
        "extra_to_off", POWER, Edit("ledger/file.py", "_EXTRA = 3", "_EXTRA = 0")
    ),
    _mutation(
        "no_reading_back",
        "tests/keeper/ledger/test_keys.py",
        Edit(
            "ledger/entries.py",
            "if order.state is not State.SENDING or attempt.order_id != order_id:",
            "if order.state is None:",
        ),
    ),
    # -- Looked up before it is sent ------------------------------------------------------
    _mutation(
        "no_lookup_before_first_send",
        f"{FOLLOWUP}::test_a_purchase_under_the_next_key_is_adopted_and_not_repeated",
        Edit(
            "checkout.py",
            "traceable = channel.capabilities.lookup is Lookup.PURE\n        if approved",
            "traceable = False\n        if approved",
        ),
    ),
    _mutation(
        "no_lookup_before_resend",
        CHECKOUT,
        Edit(
            "followup.py",
            "            found = await channel.lookup(await self._purchase(sim, order, attempt))",
            "            from .ports import Absent\n\n            found = Absent()",
        ),
    ),
    _mutation(
        "sends_again_what_was_interrupted",
        "tests/keeper/test_crashes.py",
        Edit(
            "followup.py",
            'to=State.UNKNOWN, type=EventType.UNKNOWN, reason="interrupted"',
            'to=State.APPROVED, type=EventType.NOT_SENT, reason="interrupted"',
        ),
    ),
    _mutation(
        "sends_twice",
        CHECKOUT,
        Edit(
            "checkout.py",
            "            answer = await _post(channel, purchase, resent=resent)\n",
            "            await _post(channel, purchase, resent=resent)\n"
            "            answer = await _post(channel, purchase, resent=resent)\n",
        ),
    ),
    # -- One need, one order, one key -----------------------------------------------------
    _mutation(
        "key_not_unique",
        VALUES,
        Edit("ledger/schema.py", "key TEXT PRIMARY KEY,", "key TEXT,"),
        Edit(
            "ledger/schema.py",
            "CHECK(consumed IN (0,1)),\n  UNIQUE(sim, cycle, ordinal)\n",
            "CHECK(consumed IN (0,1))\n",
        ),
    ),
    _mutation(
        "cycle_bought_twice",
        SCHEMA,
        Edit(
            "ledger/schema.py",
            '"attempt: this cycle is bought",\n            "EXISTS(',
            '"attempt: this cycle is bought",\n            "0 AND EXISTS(',
        ),
    ),
    _mutation(
        "another_key_for_each_send",
        deaths("pure", "report_lag", "lost_answer"),
        Edit(
            "ledger/entries.py",
            "return None if row is None else attempt_from(row)",
            "return None if row is None or row else attempt_from(row)",
        ),
    ),
    _mutation(
        "two_open_orders",
        VALUES,
        Edit(
            "ledger/schema.py",
            "CREATE UNIQUE INDEX one_open ON",
            "CREATE INDEX one_open ON",
        ),
    ),
    _mutation(
        "no_rest_after_a_delivery",
        POLICY,
        Edit(
            "guards.py",
            "if delivered is not None and now - delivered < COOLDOWN:",
            "if delivered is not None and delivered > now:",
        ),
    ),
    # -- What an answer means -------------------------------------------------------------
    _mutation(
        "unknown_is_a_no",
        deaths("blind", "lost_answer"),
        Edit(
            "checkout.py",
            "return await self._unknown(channel, order, attempt, str(err))",
            "return await self._reject(\n"
            "                order, Rejected(str(err), RefusalClass.LATER), consumed=False\n"
            "            )",
        ),
    ),
    _mutation(
        "no_to_a_resend_believed",
        f"{FOLLOWUP}::test_a_refusal_of_the_second_send_may_be_the_echo_of_the_first",
        Edit(
            "checkout.py",
            "resent = attempt.sends > 1 and attempt.first_sent_at < attempt.last_sent_at",
            "resent = attempt.sends < 0",
        ),
    ),
    _mutation(
        "foreign_purchase_is_ours",
        f"{FOLLOWUP}::test_something_else_under_our_key_goes_to_a_person",
        Edit(
            "followup.py",
            "        if isinstance(found, Foreign):\n"
            '            return await self.hand_over(order, "something_else_was_bought")\n'
            "        if await",
            "        if isinstance(found, Foreign):\n"
            "            found = Confirmed(\n"
            "                reference=found.reference,\n"
            "                cost=found.cost,\n"
            "                cost_exact=None,\n"
            "                delivered=found.value,\n"
            "            )\n"
            "            return await self._settle(channel, sim, order, attempt, found)\n"
            "        if await",
        ),
    ),
    _mutation(
        "denied_key_is_new",
        "tests/keeper/ledger/test_lost_keys.py",
        Edit(
            "ledger/entries.py",
            "if self.order(attempt.order_id).refusal is not None:",
            "if attempt.order_id:",
        ),
    ),
    _mutation(
        "restored_keys_go_on",
        "tests/keeper/ledger/test_lost_keys.py",
        Edit(
            "ledger/entries.py",
            "if not since or views.cycle_floor(self._book, new.sim)[1] == since:",
            "if since:",
        ),
    ),
    _mutation(
        "floors_close_together",
        "tests/keeper/ledger/test_lost_keys.py",
        Edit(
            "ledger/entries.py",
            "spread = max((_FLOORS_MAX - used) // _PART_PER_RESTORE, 1)",
            "spread = 300",
        ),
    ),
    _mutation(
        "asked_by_sending_unwanted",
        "tests/keeper/test_asking_by_sending.py",
        Edit(
            "followup.py",
            "may_go = in_time and attempt.sends < SENDS_MAX and await still_wanted()",
            "may_go = attempt.sends < SENDS_MAX",
        ),
        Edit("followup.py", "if not await still_wanted():", "if False:"),
    ),
    _mutation(
        "no_while_a_second_send_is_priced",
        "tests/keeper/test_second_thoughts.py",
        Edit("followup.py", "if not await still_wanted():", "if False:"),
    ),
    _mutation(
        "no_while_a_price_is_asked",
        "tests/keeper/test_second_thoughts.py",
        Edit("buying.py", "if self.sims.get(sim.epoch) is not sim:", "if False:"),
        Edit(
            "buying.py",
            "changed = current is not sim and not await self._called_for(order)",
            "changed = False",
        ),
    ),
    _mutation(
        "no_between_the_record_and_the_send",
        "tests/keeper/test_second_thoughts.py",
        Edit(
            "buying.py",
            "changed = current is not sim and not await self._called_for(order)",
            "changed = False",
        ),
    ),
    _mutation(
        "adopted_and_settled",
        "tests/keeper/test_followup.py",
        Edit(
            "followup.py",
            "if await self._desk.read(Ledger.was_adopted, attempt.key):",
            "if False:",
        ),
    ),
    _mutation(
        "reckoned_from_a_clock_in_the_past",
        "tests/keeper/test_engine_clock.py",
        Edit(
            "ledger/reckoning.py",
            "        return now + behind\n",
            "        return now\n",
        ),
    ),
    _mutation(
        "a_fall_of_the_clock_between_two_wakings",
        "tests/keeper/test_engine_clock.py",
        Edit(
            "engine.py",
            "return now < self._latest + passed - CLOCK_BACK_MAX",
            "return now < self._latest - CLOCK_BACK_MAX",
        ),
    ),
    _mutation(
        "reckoned_from_before_the_fall_of_the_clock",
        "tests/keeper/test_engine_clock.py",
        Edit(
            "orders.py",
            "return self.seen_at or self.settled_at",
            "return self.settled_at",
        ),
    ),
    _mutation(
        "bought_again_while_nothing_shows",
        POLICY,
        Edit(
            "belief.py",
            "return last.effect is Effect.MISMATCH or (",
            "return False and (",
        ),
    ),
    _mutation(
        "glitch_after_a_recharge",
        "tests/keeper/test_judgement.py",
        Edit(
            "judgement.py",
            "return 0 < rise <= value.minor * RISE_MAX_TIMES",
            "return rise > 0",
        ),
    ),
    _mutation(
        "memory_never_forgets",
        "tests/keeper/ledger/test_memo.py",
        Edit("ledger/book.py", "self.memo.forget(*_touched(entry))", "_touched(entry)"),
    ),
    # -- Doubt forbids --------------------------------------------------------------------
    _mutation(
        "no_clock_guard",
        MONEY,
        Edit(
            "guards.py",
            "view.newest_event_at is not None and now < view.newest_event_at",
            "view.newest_event_at is None and now < view.newest_event_at",
        ),
    ),
    _mutation(
        "no_guard_of_the_vendor_s_clock",
        MONEY,
        Edit(
            "checkout.py",
            "if quote.vendor_time and abs(quote.vendor_time - now) > CLOCK_APART_MAX:",
            "if quote.vendor_time and quote.vendor_time is now:",
        ),
    ),
    _mutation(
        "no_freshness_guard",
        "tests/keeper/test_policy.py",
        Edit(
            "belief.py",
            "timedelta(0) <= now - reading.observed_at <= READING_AGE_MAX",
            "now >= reading.observed_at",
        ),
    ),
    _mutation(
        "no_lagging_balance_guard",
        POLICY,
        Edit(
            "belief.py",
            "wait = timedelta(0) if shown else SETTLES_AFTER",
            "wait = timedelta(0)",
        ),
    ),
    _mutation(
        "a_balance_that_shows_a_recharge_counts_for_the_allowance",
        "tests/keeper/test_due.py",
        Edit("belief.py", " and last.shown_by is reading.field", ""),
    ),
    _mutation(
        "a_balance_that_never_showed_the_recharge_believed",
        POLICY,
        Edit("belief.py", " or (by_date_alone and can_show(last, reading))", ""),
    ),
    _mutation(
        "days_that_were_typed_counted_twice",
        "tests/keeper/test_estimates.py",
        Edit(
            "estimates.py",
            "return adds_up and old.observed_at >= sent_at",
            "return adds_up and old.observed_at is sent_at",
        ),
    ),
    _mutation(
        "what_arrived_for_an_earlier_life_ignored",
        "tests/keeper/test_lives.py",
        Edit(
            "engine.py",
            "inherited = await self._remarks.inherited(at, now)",
            "inherited = False",
        ),
    ),
    _mutation(
        "a_wider_cap_stands_in_for_the_own",
        MONEY,
        Edit("budget.py", "return bool(capped) and own_holds", "return bool(capped)"),
    ),
    _mutation(
        "a_sudden_end_of_the_data_believed",
        "tests/keeper/test_judgement.py",
        Edit(
            "judgement.py",
            "if reading.field is Field.LAST_ACTIVITY:\n        return False",
            "if reading.field is not Field.BALANCE:\n        return False",
        ),
    ),
    _mutation(
        "one_event_for_all_orders_after_a_fall_of_the_clock",
        "tests/keeper/ledger/test_lost_keys.py",
        Edit("ledger/life.py", "_LOOKED_AT_ONCE = 50", "_LOOKED_AT_ONCE = 5000"),
    ),
    _mutation(
        "no_lagging_deadline_guard",
        POLICY,
        Edit(
            "belief.py",
            "lags = reading.observed_at <= last.over_at + SETTLES_AFTER",
            "lags = reading.observed_at <= last.over_at",
        ),
    ),
    _mutation(
        "sends_with_a_frozen_ledger",
        "tests/keeper/test_engine_frozen.py",
        Edit(
            "checkout.py",
            "        if self._desk.fault is not None:\n            # Nothing has left",
            "        if self._desk.fault is self:\n            # Nothing has left",
        ),
    ),
    _mutation(
        "a_doubt_since_the_approval_ignored",
        "tests/keeper/test_second_sends.py",
        Edit(
            "engine.py",
            "            against = await self._doubt(at, order)\n",
            "            against = None\n",
        ),
    ),
    _mutation(
        "counts_from_a_day_that_lagged",
        "tests/keeper/test_engine_readings.py",
        Edit("estimates.py", "return day_doubtful(old, last)", "return False"),
    ),
    _mutation(
        "counts_days_by_a_clock_that_fell_back",
        "tests/keeper/test_engine_clock.py",
        Edit(
            "ledger/reckoning.py",
            "    return least <= behind < AHEAD_MAX\n",
            "    return least > behind > AHEAD_MAX\n",
        ),
    ),
    _mutation(
        "looks_up_another_key_than_it_sends",
        CHECKOUT,
        Edit(
            "checkout.py",
            "cycle = None if approved is None else approved.cycle",
            "cycle = None",
        ),
    ),
    _mutation(
        "a_day_left_after_a_reversal_taken_for_sure",
        "tests/keeper/ledger/test_taking_back.py",
        Edit(
            "ledger/taking_back.py",
            "trust = Trust.HINT if field is Field.EXPIRY else newest.trust",
            "trust = newest.trust",
        ),
    ),
    _mutation(
        "adopts_what_it_knows",
        CHECKOUT,
        Edit(
            "ledger/reader.py",
            "return views.next_cycle(self._book, order.sim) > order.cycle",
            "return False",
        ),
    ),
    _mutation(
        "restore_ignored",
        MONEY,
        Edit(
            "guards.py",
            "(at.view.restored, Reason.RESTORED),",
            "(at.view.restored and at.frozen, Reason.RESTORED),",
        ),
    ),
    _mutation(
        "a_key_that_was_given_up",
        LATE,
        Edit(
            "checkout.py",
            "if key is not None and not await self._given_up(channel, key):",
            "if key is not None:",
        ),
    ),
    _mutation(
        "what_arrived_long_ago_arrived_now",
        LATE,
        Edit("settlement.py", "<= HANDOVER_AFTER:", ">= -HANDOVER_AFTER:"),
    ),
    _mutation(
        "a_person_s_word_supervises",
        LATE,
        Edit(
            "ledger/views.py",
            " AND e.type = 'confirmed' AND e.actor = 'keeper') LIMIT 1\"",
            " AND e.type = 'confirmed') LIMIT 1\"",
        ),
    ),
    _mutation(
        "another_address_is_supervised",
        LATE,
        Edit(
            "ledger/views.py",
            "since = setting_number(book, moved_name(account))",
            "since = setting_number(book, moved_name(account)) * 0",
        ),
    ),
    _mutation(
        "automations_may_more_than_rules",
        TIGHTENED,
        Edit(
            "doors.py",
            "if (silence := silenced(at, self._time())) is not None:",
            "if (silence := silenced(at, self._time())) and view.stopped:",
        ),
    ),
    _mutation(
        "what_is_unsent_hears_nothing",
        TIGHTENED,
        Edit(
            "engine.py",
            "against = await self.tightened(at, order)",
            "against = None",
        ),
    ),
    _mutation(
        "what_was_lost_hears_nothing",
        TIGHTENED,
        Edit(
            "inflight.py",
            "if await self.tightened(at, order) is not None:",
            "if at.frozen and await self.tightened(at, order) is not None:",
        ),
    ),
    _mutation(
        "a_small_cap_is_not_heard",
        TIGHTENED,
        Edit(
            "buying.py",
            "        if await self._over_caps(at.sim, order):",
            "        if at.frozen and await self._over_caps(at.sim, order):",
        ),
    ),
    _mutation(
        "another_account_is_paid_from",
        TIGHTENED,
        Edit(
            "buying.py",
            "if order.account != at.sim.account or order.operator != at.sim.operator:",
            "if at.frozen:",
        ),
        Edit(
            "engine.py",
            "        elif order.account != at.sim.account:",
            "        elif at.frozen:",
        ),
    ),
    _mutation(
        "an_automation_counts_as_a_person",
        TIGHTENED,
        Edit(
            "buying.py",
            "return order.origin is Origin.PERSON or await self._has_a_yes(order)",
            "return order.origin is not Origin.RULE or await self._has_a_yes(order)",
        ),
    ),
    _mutation(
        "a_product_of_few_days",
        NEEDS,
        Edit(
            "buying.py",
            "if days is None or buys_cheapest(at, decision.rules):",
            "if days or buys_cheapest(at, decision.rules):",
        ),
    ),
    _mutation(
        "anybody_brings_a_purchase_forward",
        NEEDS,
        Edit(
            "notebook.py",
            "if not may(reading_door(sim.rules.mode), caller):",
            "if may(reading_door(sim.rules.mode), caller):",
        ),
    ),
    _mutation(
        "a_calendar_believes_a_wrong_clock",
        "tests/keeper/test_schedule.py",
        Edit(
            "guards.py",
            "Reason.DEADLINE_DOUBTFUL if _calendar_doubtful(at, now) else None",
            "Reason.DEADLINE_DOUBTFUL if at.frozen else None",
        ),
    ),
    _mutation(
        "who_is_asked_anyway_is_not_warned",
        "tests/keeper/test_policy.py",
        Edit(
            "guards.py",
            "    if (unsure := _past_doubt(at, now)) is not None:",
            "    if (unsure := _past_doubt(at, now)) and at.sim.rules.mode is Mode.AUTO:",
        ),
    ),
    _mutation(
        "sent_in_the_future_waits_for_it",
        "tests/keeper/test_engine_clock.py",
        Edit(
            "followup.py",
            "if running is not None and far_ahead:",
            "if running is None and far_ahead:",
        ),
    ),
    _mutation(
        "a_yes_of_before_a_restore",
        "tests/keeper/test_second_sends.py",
        Edit(
            "ledger/reader.py",
            "since = views.doubted_since(self._book, self.order(order_id).sim)",
            "since = 0",
        ),
    ),
    _mutation(
        "the_limit_of_a_day_hides_a_doubt",
        "tests/keeper/test_policy.py",
        Edit(
            "guards.py",
            "return _rules_doubt(at, rules, now) or (Reason.DAILY_LIMIT if limited else None)",
            "return Reason.DAILY_LIMIT if limited else _rules_doubt(at, rules, now)",
        ),
    ),
    _mutation(
        "witness_ignored",
        "tests/keeper/ledger/test_file.py",
        Edit(
            "ledger/ledger.py",
            "if witness is None or witness[0] != book.uuid or witness[1] > book.last_event()[0]:",
            "if book.uuid is None:",
        ),
    ),
    _mutation(
        "damage_ignored",
        "tests/keeper/ledger/test_file_damage.py",
        Edit("ledger/file.py", "return find_flaw(conn, path)", "return None"),
    ),
)
QUICK = ("no_hold", "no_lookup_before_first_send", "extra_to_full")
"""Those that are tried with every run of the tests."""
