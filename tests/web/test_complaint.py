import re

from playwright.sync_api import Page, expect

from tests.web.errand import push_in, rent
from tests.web.people import SMALL_PHONE, Visitors
from tests.web.town import Town
from tests.web.usable import is_usable

_CLAIM = "I gave it back at once"
_ANSWER = "You are right, and the courier is on us"
_REASON = "the bank was given back at once"


def test_a_user_who_was_charged_complains_and_an_operator_answers_and_waives_the_fee(
    town: Town, visitors: Visitors, console: Page
) -> None:
    customer = town.as_user("user-one")
    order = rent(town, customer, "cou-courier-one")
    push_in(town, customer.order(order), "usr-user-one")
    courier_fee = customer.wait_for(order, "settled")["total"]["amount_minor"]
    assert courier_fee > 0

    user = visitors.enter("/", "user-one", size=SMALL_PHONE)
    user.clock.install()
    user.get_by_role("button", name="Returned but still charged?").first.click()
    dialog = user.get_by_role("dialog")
    dialog.get_by_label("What is wrong?").fill(_CLAIM)
    is_usable(user)
    # The order goes to those that ended before while it is written about.
    earlier = user.get_by_role("region", name="Before").locator(f"[id='{order}-state']")
    expect(earlier).to_be_hidden()
    user.clock.fast_forward("11:00")
    expect(earlier).to_be_visible()
    expect(dialog.get_by_label("What is wrong?")).to_have_value(_CLAIM)
    dialog.get_by_role("button", name="Open a dispute").click()
    expect(user.get_by_text("An operator will answer.")).to_be_visible()
    is_usable(user)

    console.goto(f"{town.url}/ops/orders/{order}")
    expect(console.get_by_text(_CLAIM, exact=True)).to_be_visible()
    _with_words(console, "Answer", _ANSWER)
    expect(console.get_by_text(f"Answered: {_ANSWER}")).to_be_visible()
    fees = console.get_by_role("region", name="Fees")
    expect(fees).to_contain_text(re.compile(r"[0-9] \w+ · bnk-"))
    for served in ("cab-0001", "cou-courier-one"):
        expect(console.locator("article > header")).to_contain_text(served)
    line = fees.get_by_role("listitem").filter(has_text="Courier")
    expect(line).to_contain_text(f"€{courier_fee // 100}.{courier_fee % 100:02d}")
    _with_words(console, "Waive this fee", _REASON)
    expect(line).to_have_count(2)
    expect(line.filter(has_text="taken back")).to_contain_text(f"-€{courier_fee // 100}")
    expect(console.get_by_text(_REASON).first).to_be_visible()

    expect(user.get_by_text(_ANSWER)).to_be_visible()
    user.get_by_role("button", name="Receipt").first.click()
    receipt = user.get_by_label("Receipt")
    expect(receipt.get_by_role("listitem").filter(has_text="Total")).to_contain_text("€0.00")
    expect(receipt.get_by_text("Courier, bringing")).to_be_hidden()
    expect(receipt.get_by_text("An operator waived")).to_be_visible()
    expect(receipt.get_by_text("corrected by itself")).to_be_hidden()
    is_usable(user)
    customer.close()


def _with_words(console: Page, act: str, words: str) -> None:
    console.get_by_role("button", name=act).click()
    dialog = console.get_by_role("dialog")
    dialog.get_by_label("Reason").fill(words)
    dialog.get_by_role("button", name=act).click()
    expect(dialog).to_be_hidden()
