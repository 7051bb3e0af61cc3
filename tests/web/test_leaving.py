from playwright.sync_api import expect

from tests.web.people import Visitors
from tests.web.town import Town

_KEPT = """() => new Promise((resolve) => {
  const opening = indexedDB.open('chargeloop')
  opening.onsuccess = () => {
    const asking = opening.result.transaction('kept').objectStore('kept').getAllKeys()
    asking.onsuccess = () => { opening.result.close(); resolve(asking.result) }
  }
})"""


def test_who_logs_out_leaves_neither_orders_nor_a_place_on_the_device(town: Town, visitors: Visitors) -> None:
    someone = town.as_user("user-three")
    someone.wait_for(someone.place_order(1), "dispatching")
    someone.close()
    user = visitors.enter("/", "user-three")
    expect(user.get_by_role("heading", name="Looking for a courier")).to_be_visible()
    user.wait_for_function(f"async () => (await ({_KEPT})()).length === 2")
    assert set(user.evaluate(_KEPT)) == {"orders:usr-user-three", "place:usr-user-three"}
    user.get_by_role("button", name="Settings").click()
    user.get_by_role("button", name="Log out").click()
    expect(user.get_by_label("Password")).to_be_visible()
    assert user.evaluate(_KEPT) == []
