def put(place: object, name: str, what: object) -> None:
    """Of the product, something else from now on."""
    setattr(place, name, what)
