from datetime import timedelta
from .model_world import *
from custom_components.sim_keeper.keeper.orders import State

async def test_it():
    w = ModelWorld(); sim = a_sim()
    await w.begin(sim, typed=expiring_in(4))
    for o in await w.orders(sim): print(o)
    print(w.types(), w.vendor.bought, w.engine.status(sim.epoch))
    assert len(w.vendor.delivered)==1
    await w.pass_time(timedelta(days=30))
    assert len(w.vendor.delivered)==1
    assert w.ledger.find_damage() is None
    print(w.types())

async def test_lost():
    w = ModelWorld(); sim = a_sim(); w.vendor.faults=[Fault.LOSE_ANSWER]
    await w.begin(sim, typed=expiring_in(4))
    assert [o.state for o in await w.orders(sim)]==[State.UNKNOWN]
    await w.pass_time(timedelta(minutes=30))
    assert [o.state for o in await w.orders(sim)]==[State.CONFIRMED]
    assert len(w.vendor.submits)==1
    assert w.ledger.find_damage() is None

async def test_lost_request():
    w = ModelWorld(); sim = a_sim(); w.vendor.faults=[Fault.LOSE_REQUEST]
    await w.begin(sim, typed=expiring_in(4))
    await w.pass_time(timedelta(minutes=30))
    print(w.types())
    assert [o.state for o in await w.orders(sim)]==[State.CONFIRMED]
    assert len(w.vendor.submits)==2 and len(w.vendor.bought)==1
    assert w.ledger.find_damage() is None
