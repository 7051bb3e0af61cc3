from tools.web_types import GENERATED_TS, generated


def test_the_types_of_the_pages_are_what_the_models_of_the_product_say() -> None:
    assert GENERATED_TS.read_text(encoding="utf-8") == generated(), "run tools/web_types.py"
