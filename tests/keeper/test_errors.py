"""The errors: what they say to a person, and which next step they stand for."""

import pytest

from custom_components.sim_keeper.keeper.errors import AddressRefused, Unavailable
from custom_components.sim_keeper.keeper.orders import State

from .model_world import Fault
from .scenes import HOUR, faulty_world, only_order


@pytest.mark.parametrize(
    ("address", "said"), [("203.0.113.7", "203.0.113.7"), (None, "?")]
)
def test_a_refused_address_is_named_where_the_vendor_told_it(
    address: str | None, said: str
) -> None:
    err = AddressRefused(address)
    assert err.address == address
    assert str(err) == f"IP address {said} is not on the account's list"


async def test_a_refused_address_says_nothing_of_an_order_on_its_way() -> None:
    """It is a read that failed, no word of the vendor's on what was bought."""
    assert issubclass(AddressRefused, Unavailable)
    world, sim = await faulty_world(Fault.LOSE_ANSWER)
    world.vendor.lookup_error = AddressRefused("203.0.113.7")
    await world.pass_time(2 * HOUR)
    assert (await only_order(world, sim)).state is State.UNKNOWN
    world.vendor.lookup_error = None
    await world.pass_time(HOUR)
    assert (await only_order(world, sim)).state is State.CONFIRMED
    assert len(world.vendor.submits) == 1
