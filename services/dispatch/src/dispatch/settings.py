from shared.settings import Settings


class DispatchSettings(Settings):
    port: int = 8003
