from tests.test_wholesaler import *  # noqa
from tests.home_fixtures import *  # noqa
from custom_components.sim_keeper.keeper.ledger import Ledger
from tests.config_flow.builders import EPOCH

async def test_dbg(house, sim, account, wholesaler, freezer):
    await house.low_balance()
    freezer.tick(60)
    await house.wake()
    order = await only_order(house)
    print("ORDER", order.state, order.value, order.days)
    r = await house.home.engine.desk.read(Ledger.readings, EPOCH)
    print("READINGS", r.balance, r.expiry)
    book = house.home.engine.desk
    print("SHOWN", shown(house, sim, "balance"), house.home.engine.status(EPOCH).balance if hasattr(house.home.engine.status(EPOCH),'balance') else None)
    import asyncio
    await asyncio.sleep(0.3); await house.settle()
    print("LATER", shown(house, sim, "balance"))
    await house.home.engine.evaluate(EPOCH); await house.settle(); print("EVAL", shown(house, sim, "balance"))
