"""The rows of the files in tests/clients/parquet/, whichever program writes them."""


def text(number):
    """Returns a text with a line that a rule removes, or none, or a null."""
    if number % 7 == 3:
        return None
    chaff = "Advertisement\n" if number % 3 else ""
    return f"It rained on day {number} in the évening.\n{chaff}The bridge stayed closed.\n"


def messages(number):
    """Returns a list of up to two messages, or a null."""
    if number % 5 == 4:
        return None
    return [{"role": "user", "content": text(number + part)} for part in range(number % 3)]
